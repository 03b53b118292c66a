//! Linux: logind, played by the tests, terminals, a second user, and addresses that swallow packets.

mod black_hole;
mod crowd;
mod fake_logind;
mod hooks;
mod output;
mod prompt;
mod run;
mod sessions_of_the_os;
mod sockets;
mod starts;
mod terminal;
mod two_users;
mod unit;
mod upgrades;
