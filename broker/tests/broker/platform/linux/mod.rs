//! Linux: logind, played by the tests, and a second user.

mod crowd;
mod fake_logind;
mod hooks;
mod output;
mod run;
mod sessions_of_the_os;
mod two_users;
mod unit;
