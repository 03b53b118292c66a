//! A program that runs under `hotseat run` ends, or `hotseat` itself is killed.

use std::fs::OpenOptions;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::{Seen, Stage};
use crate::launch::Launch;
use crate::pool_server::expect_success;
use crate::processes;
use crate::waiting::{Stopwatch, wait_for};

/// A program that runs until it is killed.
const SLEEPER: [&str; 2] = ["sleep", "600"];

/// The program comes to its end by itself: it reads a pipe that is closed.
pub(super) async fn exit(stage: &mut Stage) -> Result<Seen> {
    let pipe = stage.world.folder().join("pipe");
    let made = stage.world.children.run(Launch::new("mkfifo", "mkfifo").arg(&pipe))?;
    expect_success(&made, "mkfifo")?;
    let path = pipe.to_str().context("a path that is no text")?;
    let (mut run, _, mark) = stage.run_program(&["cat", path]).await?;
    let writer = OpenOptions::new().write(true).open(&pipe).context("cannot open the pipe")?;
    let watch = Stopwatch::start();
    drop(writer);
    let seen = stage.freed((mark, watch)).await?;
    let status = wait_for("`hotseat run` ends", async || run.status()).await?;
    if !status.success() {
        bail!("`hotseat run` ended with {status}, and its program with 0");
    }
    Ok(seen)
}

/// The program is killed.
pub(super) async fn kill(stage: &mut Stage) -> Result<Seen> {
    let (_run, program, mark) = stage.run_program(&SLEEPER).await?;
    let watch = Stopwatch::start();
    processes::signal(program, Signal::KILL);
    stage.freed((mark, watch)).await
}

/// `hotseat run` is killed.
pub(super) async fn kill_run(stage: &mut Stage) -> Result<Seen> {
    let (run, _, mark) = stage.run_program(&SLEEPER).await?;
    let watch = Stopwatch::start();
    run.signal(Signal::KILL);
    stage.freed((mark, watch)).await
}
