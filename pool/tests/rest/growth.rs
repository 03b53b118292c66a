//! What callers cost the server in memory, on the real program. Their store is in `budgets.rs`.

use std::fs;

use serde_json::json;

use crate::command_line::{ADD_LUCY, INIT, Program, lucy};
use crate::world::{Client, email, password};

/// What one caller may take besides, in KiB.
const MORE_KIB_MAX: u64 = 64 * 1024;
/// Who logs in at once, and how often.
const CALLERS: u32 = 8;
const LOG_INS: u32 = 12;

/// The memory that a process takes, in KiB. `None`: this system does not tell.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn log_ins_at_once_take_no_memory_for_good() {
    let program = Program::new();
    program.ok(&INIT, "");
    program.ok(&ADD_LUCY, &lucy());
    let server = program.serve();
    let log_in = |client: &Client| {
        let body = json!({ "email": email("Lucy"), "password": password("Lucy") });
        client.post("/api/v1/login", &body).expect(200);
    };
    // The first one has the server take what it keeps.
    log_in(&Client::new(program.address));
    let before = resident(server.pid());
    std::thread::scope(|threads| {
        for _ in 0..CALLERS {
            threads.spawn(|| {
                let client = Client::new(program.address);
                (0..LOG_INS).for_each(|_| log_in(&client));
            });
        }
    });
    let after = resident(server.pid());
    if let (Some(before), Some(after)) = (before, after) {
        let more = after.saturating_sub(before);
        assert!(more < MORE_KIB_MAX, "{more} KiB more than the {before} KiB before");
    }
    server.stop();
}
