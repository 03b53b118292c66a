//! `hotseat sign-off`.

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Reply, Request, Role};

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};

/// Gives seats back; done when nothing was held, too.
pub(crate) async fn sign_off(
    place: &Place,
    output: Output,
    pool: Option<PoolId>,
) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    if let Some(pool) = &pool {
        session::check_name(&session::view(&client).await?, pool)?;
    }
    let Reply::SignedOff { pools } = session::ask(&client, Request::SignOff { pool }).await? else {
        return Err(Failure::unexpected());
    };
    output.result(&serde_json::json!({ "signed_off": pools }), || {
        if pools.is_empty() {
            return "You held no seat.".to_owned();
        }
        let names: Vec<&str> = pools.iter().map(PoolId::as_str).collect();
        format!("Signed off: {}.", names.join(", "))
    });
    Ok(exit::DONE)
}
