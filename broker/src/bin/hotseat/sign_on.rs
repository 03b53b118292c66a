//! `hotseat sign-on`.

use hotseat_protocol::ids::{ClientName, PoolId};
use hotseat_protocol::ipc::Role;
use hotseat_protocol::link::Outcome;

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::platform::Signals;
use crate::session::Place;
use crate::waiting::{Asking, Ended, Wanted};
use crate::words;

/// Takes a seat that hangs on the caller's desktop session.
pub(crate) async fn sign_on(
    place: &Place,
    output: Output,
    pool: &PoolId,
    client: Option<ClientName>,
    wait: bool,
) -> Result<u8, Failure> {
    let mut asking = Asking::start(place, Role::Cli).await?;
    let mut signals = Signals::new()?;
    let wanted = Wanted::new(pool.clone(), client, wait);
    let got = match asking.seat(&mut signals, output, &wanted).await? {
        Ended::Got(got) => got,
        Ended::Interrupted(code) => {
            output.say("You left the line.");
            return Ok(code);
        }
    };
    Output::acted();
    output.result(&got.outcome, || match &got.outcome {
        Outcome::Seat { client, since, counted: true, .. } => {
            format!("You hold a seat in {pool} as {client}, since {}.", words::clock(*since))
        }
        _ => format!("You are signed on to {pool} with your own licence; it takes no seat."),
    });
    Ok(exit::DONE)
}
