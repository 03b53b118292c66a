//! The pool server ends and is started again: no desktop ends with it.

use anyhow::{Result, bail};

use super::{Seen, Stage};
use crate::world::GRACE;

/// It is stopped, and ends well.
pub(super) async fn restart(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let pool = &mut stage.world.pool;
    pool.child.terminate();
    let status = pool.child.wait()?;
    if !status.success() {
        bail!("the pool server ended with {status}");
    }
    pool.restart()?;
    stage.kept(mark, GRACE).await
}

/// It is killed.
pub(super) async fn kill(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    stage.world.pool.child.kill()?;
    stage.world.pool.restart()?;
    stage.kept(mark, GRACE).await
}
