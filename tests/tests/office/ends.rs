//! Every row of the sign-off table, a test each, with a lease that a test can wait for.

use std::time::Duration;

use hotseat_tests::ends::{Outcome, ROWS, Row, Setting, Within, in_readme};
use hotseat_tests::paths;

/// Little more than the shortest lease that a pool takes; the default is 90 s.
const SHORT_LEASE: Duration = Duration::from_secs(12);
/// Where the seat is to be kept, the lease must outlast what a busy machine makes of a restart.
const LEASE_OF_THE_KEPT: Duration = Duration::from_secs(30);

/// The lease with which a row is played: the default where its end has nothing to do with it, so that the reason
/// shows that the seat did not wait for the lease.
fn setting(row: &Row) -> Setting {
    let lease = match row.outcome {
        Outcome::Free(Within::Lease, _) => Some(SHORT_LEASE),
        Outcome::Kept => Some(LEASE_OF_THE_KEPT),
        Outcome::Free(Within::AtOnce | Within::Grace, _) | Outcome::NotYet => None,
    };
    Setting { lease }
}

#[expect(clippy::print_stdout, reason = "seconds are for people; the test runner keeps them")]
async fn plays(name: &str) {
    let row = Row::find(name).expect("the row is in the list");
    let measured = row.measure(setting(&row)).await;
    let measured = measured.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    println!("{name}: {:?}", measured.seen);
}

/// A test for each row, and the list of all that have one.
macro_rules! rows {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                plays($name).await;
            }
        )*

        const PLAYED: &[&str] = &[$($name),*];
    };
}

rows! {
    tray_quit: "tray: Quit",
    tray_sigterm: "tray: SIGTERM",
    tray_sigint: "tray: SIGINT",
    tray_sighup: "tray: SIGHUP",
    tray_sigkill: "tray: SIGKILL",
    display_gone: "display server gone",
    window_closed: "window closed",
    log_out: "log-out",
    shut_down: "shut-down",
    root_reboot: "root `reboot`",
    broker_stopped: "broker: `systemctl stop`",
    broker_killed: "broker: SIGKILL, then restart",
    broker_upgraded: "broker: upgrade",
    program_ends: "`hotseat run`: the program ends",
    program_killed: "`hotseat run`: the program is killed",
    run_killed: "`hotseat run` itself is killed",
    browser_tab_closed: "browser tab closed with X",
    sleep: "sleep",
    wake_after_the_lease: "wake after the lease",
    network_cut: "network cut",
    power_cut_then_boot: "power cut, then boot",
    power_cut_for_good: "power cut for good",
    pool_restarted: "pool: restart",
    pool_killed: "pool: SIGKILL, then restart",
}

#[test]
fn every_row_has_a_test_and_a_name_of_its_own() {
    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names, PLAYED);
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn the_readme_shows_the_rows_of_the_list_with_their_reasons() {
    let readme = std::fs::read_to_string(paths::workspace().join("README.md")).unwrap();
    let wrong = in_readme(&readme);
    assert!(wrong.is_empty(), "`cargo xtask ends --readme` writes it anew: {wrong:#?}");
}
