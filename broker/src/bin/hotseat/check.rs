//! `hotseat check`.

use hotseat_protocol::ids::{ClientName, Operation, PoolId};
use hotseat_protocol::ipc::{Reply, Request, Role};
use hotseat_protocol::link::Outcome;

use crate::failure::{Failure, exit};
use crate::fresh;
use crate::output::Output;
use crate::session::{self, Place};

/// Tests whether a seat is free.
pub(crate) async fn check(
    place: &Place,
    output: Output,
    pool: &PoolId,
    client: &ClientName,
    operation: Option<Operation>,
) -> Result<u8, Failure> {
    let (broker, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let request = Request::Check {
        request: fresh::request(),
        pool: pool.clone(),
        client: client.clone(),
        operation,
    };
    match session::ask(&broker, request).await? {
        Reply::Outcome { outcome: Outcome::Passed, .. } => {
            output.result(&serde_json::json!({ "passed": true }), || "A seat is free.".to_owned());
            Ok(exit::DONE)
        }
        Reply::Outcome { outcome: Outcome::Refused { problem }, .. } => Err(problem.into()),
        _ => Err(Failure::unexpected()),
    }
}
