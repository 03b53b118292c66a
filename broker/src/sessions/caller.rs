//! Who a program is: the kernel's word on its user, the operating system's on its session.

use hotseat_broker_core::{Caller, OsUser, SessionKey};
use hotseat_ipc::socket::Peer;

use crate::platform::OsSessions;

/// The longest name of a display that is believed; `wayland-0` has nine.
const DISPLAY_CHARS_MAX: usize = 64;

/// Finds the session of a peer: the operating system's own, else the display that the program
/// names, else the one of everything else that this user runs.
///
/// What a program says of its display only tells its own user's sessions apart: it is part of a
/// name that begins with the user whom the kernel names.
pub(super) async fn caller(peer: &Peer, display: Option<&str>, os: &OsSessions) -> Caller {
    let user = OsUser(peer.user.0.clone());
    let own = os.session_of(peer).await;
    let watched = own.is_some();
    let name = own.unwrap_or_else(|| name_without_os(&user, display));
    Caller { session: SessionKey { user, name }, watched }
}

fn name_without_os(user: &OsUser, display: Option<&str>) -> String {
    let display = display.filter(|text| {
        (1..=DISPLAY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    });
    match display {
        Some(display) => format!("display {display}"),
        None => format!("uid {user}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_that_is_not_a_name_is_not_believed() {
        let user = OsUser("1000".to_owned());
        let name = |display| name_without_os(&user, display);
        assert_eq!(name(Some(":0")), "display :0");
        assert_eq!(name(None), "uid 1000");
        let long = "x".repeat(65);
        for bad in ["", "a b", "a\nb", "é", &long] {
            assert_eq!(name(Some(bad)), "uid 1000", "{bad:?} was believed");
        }
    }
}
