//! A pool that has lost its mind, and a machine that has.

use hotseat_protocol::ids::RequestId;
use hotseat_protocol::ipc::{Hello, Request, Role};
use hotseat_protocol::link::{FromPool, ToPool};
use hotseat_protocol::version::PROTOCOL_VERSION;

use super::desk::Desk;

/// As many frames are looked at.
const FRAMES_MAX: usize = 64;

/// One frame a line. Each is read as a pool reads a machine's, and as a broker reads a pool's; an
/// empty line is half a minute.
///
/// A broker that believes nothing for longer than a lease goes on whatever it is told; what a pool
/// has read, it can say again.
pub fn link_frames(bytes: &[u8]) {
    let mut desk = Desk::new();
    let tray = desk.open(hello());
    desk.ask(tray, 1, Request::Subscribe);
    let mut request = 2;
    for line in bytes.split(|byte| *byte == b'\n').take(FRAMES_MAX) {
        if line.is_empty() {
            desk.pass(30_000);
        }
        if let Ok(frame) = serde_json::from_slice::<ToPool>(line) {
            let said = serde_json::to_vec(&frame).expect("what was read can be said");
            let again: ToPool = serde_json::from_slice(&said).expect("and read");
            assert_eq!(again, frame);
        }
        if let Ok(frame) = serde_json::from_slice::<FromPool>(line) {
            desk.pool_says(frame);
            // The first pool that is shown is wanted at once.
            if let Some(pool) = desk.some_pool().filter(|_| request == 2) {
                let id = RequestId::from_random(u128::from(request));
                let sign_on = Request::SignOn { request: id, pool, client: None, wait: None };
                desk.ask(tray, request, sign_on);
                request += 1;
            }
        }
        desk.look();
    }
    desk.pass(5 * 60 * 1000);
    desk.look();
}

fn hello() -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        program: "hostile".to_owned(),
        role: Role::Tray,
        display: None,
        resume: Vec::new(),
    }
}
