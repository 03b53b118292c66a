//! `hotseat status`.

use hotseat_ipc::boot_clock;
use hotseat_protocol::ipc::{LinkState, Role};

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};
use crate::words;

/// Shows what the caller holds. Exit 0 when a seat is held anywhere, 3 when not.
pub(crate) async fn status(place: &Place, output: Output) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let view = session::view(&client).await?;
    let now = boot_clock::now_ms();
    let held = view.pools.iter().flat_map(|state| &state.seats).any(|seat| seat.held_at(now));
    output.result(&view, || {
        let mut lines = Vec::new();
        match &view.account {
            Some(user) => lines.push(format!("Logged in as {} ({}).", user.name, user.email)),
            // That comes after the enrolment.
            None if view.link == LinkState::NotEnrolled => {}
            None => lines.push("Not logged in: run `hotseat login`.".to_owned()),
        }
        lines.extend(words::link(&view.link));
        lines.extend(view.trouble.as_ref().map(words::trouble));
        lines.extend(view.pools.iter().map(|state| words::pool(state, Some(&view.link), now)));
        lines.join("\n")
    });
    Ok(if held { exit::DONE } else { exit::REFUSED })
}
