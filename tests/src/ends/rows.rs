//! The one list of ends.

use hotseat_protocol::reason::ReleaseReason;
use rustix::process::Signal;

use super::Outcome::{Free, Kept, NotYet};
use super::Within::{AtOnce, Grace, Lease};
use super::{Outcome, Play, Row, broker, machine, pool, program, session, tray};

/// Every way in which a desktop can end, in the order of the table.
pub const ROWS: &[Row] = &[
    row("tray: Quit", "chosen in its menu", Free(AtOnce, ReleaseReason::TrayClosed), |stage| {
        Box::pin(tray::quit(stage))
    }),
    row("tray: SIGTERM", "sent to it", Free(AtOnce, ReleaseReason::TrayClosed), |stage| {
        Box::pin(tray::signal(stage, Signal::TERM))
    }),
    row("tray: SIGINT", "sent to it", Free(AtOnce, ReleaseReason::TrayClosed), |stage| {
        Box::pin(tray::signal(stage, Signal::INT))
    }),
    row("tray: SIGHUP", "sent to it", Free(AtOnce, ReleaseReason::TrayClosed), |stage| {
        Box::pin(tray::signal(stage, Signal::HUP))
    }),
    row("tray: SIGKILL", "sent to it", Free(Grace, ReleaseReason::TrayLost), |stage| {
        Box::pin(tray::signal(stage, Signal::KILL))
    }),
    row(
        "display server gone",
        "the X server is killed",
        Free(Grace, ReleaseReason::TrayLost),
        |stage| Box::pin(tray::display(stage)),
    ),
    row("window closed", "by its window manager", Kept, |stage| Box::pin(tray::window(stage))),
    row(
        "log-out",
        "logind calls the session closing",
        Free(AtOnce, ReleaseReason::LoggedOut),
        |stage| Box::pin(session::log_out(stage)),
    ),
    row(
        "shut-down",
        "logind sends PrepareForShutdown",
        Free(AtOnce, ReleaseReason::ShutDown),
        |stage| Box::pin(session::shut_down(stage)),
    ),
    row(
        "root `reboot`",
        "the broker gets its stop signal, logind says nothing, then all is killed",
        Free(AtOnce, ReleaseReason::BrokerStopped),
        |stage| Box::pin(session::reboot(stage)),
    ),
    row(
        "broker: `systemctl stop`",
        "the KillSignal of its unit file",
        Free(AtOnce, ReleaseReason::BrokerStopped),
        |stage| Box::pin(broker::stop(stage)),
    ),
    row("broker: SIGKILL, then restart", "the tray connects again", Kept, |stage| {
        Box::pin(broker::kill(stage))
    }),
    row("broker: upgrade", "the RestartKillSignal of its unit file", Kept, |stage| {
        Box::pin(broker::upgrade(stage))
    }),
    row(
        "`hotseat run`: the program ends",
        "it exits by itself",
        Free(AtOnce, ReleaseReason::ApplicationExited),
        |stage| Box::pin(program::exit(stage)),
    ),
    row(
        "`hotseat run`: the program is killed",
        "SIGKILL to the program",
        Free(AtOnce, ReleaseReason::ApplicationExited),
        |stage| Box::pin(program::kill(stage)),
    ),
    row(
        "`hotseat run` itself is killed",
        "SIGKILL to hotseat",
        Free(AtOnce, ReleaseReason::ApplicationExited),
        |stage| Box::pin(program::kill_run(stage)),
    ),
    row("browser tab closed with X", "there is no browser client yet", NotYet, |_| {
        Box::pin(async { anyhow::bail!("there is no browser client yet") })
    }),
    row(
        "sleep",
        "logind sends PrepareForSleep, then tray and broker stand still",
        Free(AtOnce, ReleaseReason::Suspended),
        |stage| Box::pin(session::sleep(stage)),
    ),
    row(
        "wake after the lease",
        "a pool that lets seats sleep; tray and broker stand still for longer than T, from then on",
        Free(Lease, ReleaseReason::LeaseExpired),
        |stage| Box::pin(session::long_sleep(stage)),
    ),
    relayed(
        "network cut",
        "a relay passes nothing on any more",
        Free(Lease, ReleaseReason::LeaseExpired),
        |stage| Box::pin(machine::network_cut(stage)),
    ),
    row(
        "power cut, then boot",
        "all is killed; from the start of the broker in the next boot",
        Free(AtOnce, ReleaseReason::MachineRestarted),
        |stage| Box::pin(machine::power_cut_then_boot(stage)),
    ),
    row(
        "power cut for good",
        "all is killed, nothing is started again",
        Free(Lease, ReleaseReason::LeaseExpired),
        |stage| Box::pin(machine::power_cut(stage)),
    ),
    row("pool: restart", "SIGTERM, then started again", Kept, |stage| {
        Box::pin(pool::restart(stage))
    }),
    row("pool: SIGKILL, then restart", "sent to it", Kept, |stage| Box::pin(pool::kill(stage))),
];

const fn row(name: &'static str, how: &'static str, outcome: Outcome, play: Play) -> Row {
    Row { name, how, outcome, relayed: false, play }
}

/// A row whose machine reaches the pool server through a relay.
const fn relayed(name: &'static str, how: &'static str, outcome: Outcome, play: Play) -> Row {
    Row { name, how, outcome, relayed: true, play }
}
