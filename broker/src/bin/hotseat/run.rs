//! `hotseat run`: a seat that lives as long as a program.

use std::io;
use std::time::Duration;

use hotseat_protocol::ipc::{Request, Role};
use hotseat_protocol::wire::boot_clock;
use tokio::process::{Child, Command};

use crate::args::{OnLoss, Run};
use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::platform::{self, Signals};
use crate::session::{self, Place};
use crate::waiting::{self, Ended, Got, Wanted};

mod keeping;

use keeping::{Keeping, News};

/// How long a program that was asked to end may take before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long the broker may take to acknowledge the goodbye; the seat ends with the connection
/// anyway.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// Takes a seat, runs the program, gives the seat back. Gives the program's exit code.
pub(crate) async fn run(place: &Place, output: Output, run: &Run) -> u8 {
    match with_seat(place, output, run).await {
        Ok(code) => code,
        Err(failure) => {
            output.problem(&failure.problem);
            exit::RUN_BASE + failure.code
        }
    }
}

async fn with_seat(place: &Place, output: Output, run: &Run) -> Result<u8, Failure> {
    let (client, mut pushes) = place.connect(Role::Run, vec![]).await?;
    let mut signals = Signals::new()?;
    session::done(&client, Request::Subscribe).await?;
    let wanted = Wanted::new(run.pool.clone(), run.client.clone(), run.wait);
    let got = match waiting::seat(&client, &mut pushes, &mut signals, output, &wanted).await? {
        Ended::Got(got) => got,
        Ended::Interrupted(code) => return Ok(code),
    };
    let mut keeping = Keeping::new(place.clone(), client, pushes, &run.pool, got_seat(got)?);
    let code = match spawn(run) {
        Ok(child) => follow(child, &mut keeping, &mut signals, output, run.on_loss).await,
        Err((code, text)) => {
            output.warn(&text);
            code
        }
    };
    // The seat ends with this connection in any case; the goodbye only makes it sooner.
    let _ = tokio::time::timeout(GOODBYE_WITHIN, keeping.goodbye()).await;
    Ok(code)
}

fn got_seat(got: Got) -> Result<keeping::Seat, Failure> {
    let hotseat_protocol::link::Outcome::Seat { seat, .. } = got.outcome else {
        return Err(Failure::unexpected());
    };
    Ok(keeping::Seat {
        id: seat.id,
        deadline_boot_ms: got.deadline_boot_ms.unwrap_or_else(boot_clock::now_ms),
        resume: got.resume,
    })
}

fn spawn(run: &Run) -> Result<Child, (u8, String)> {
    let (program, arguments) = run.command.split_first().expect("clap requires one");
    Command::new(program).args(arguments).spawn().map_err(|e| {
        let code = if e.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        (code, format!("cannot run {}: {e}", program.display()))
    })
}

/// Follows the program to its end, and the seat meanwhile.
async fn follow(
    mut child: Child,
    keeping: &mut Keeping,
    signals: &mut Signals,
    output: Output,
    on_loss: OnLoss,
) -> u8 {
    loop {
        tokio::select! {
            status = child.wait() => return ended(status),
            signal = signals.next() => platform::pass_on(&child, signal),
            news = keeping.next() => match (news, on_loss) {
                (News::Back, _) => output.warn("the seat is yours again."),
                (News::Lost(why), OnLoss::Warn) => {
                    output.warn(&format!("your seat is lost: {why}. Save your work."));
                }
                (News::Lost(why), OnLoss::Stop) => {
                    output.warn(&format!("your seat is lost: {why}. The program is asked to end."));
                    return stop(child, signals).await;
                }
            },
        }
    }
}

fn ended(status: io::Result<std::process::ExitStatus>) -> u8 {
    status.map_or(exit::FAILED, platform::exit_code)
}

/// Asks the program to end, and kills it when it does not.
async fn stop(mut child: Child, signals: &mut Signals) -> u8 {
    platform::ask_to_end(&mut child);
    let patience = tokio::time::sleep(STOP_WITHIN);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            _ = child.wait() => return exit::LOST,
            signal = signals.next() => platform::pass_on(&child, signal),
            () = &mut patience => {
                // It may have ended in this moment, which is what was wanted.
                let _ = child.kill().await;
                return exit::LOST;
            }
        }
    }
}
