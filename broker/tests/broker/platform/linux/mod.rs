//! Linux: logind, played by the tests, and a second user.

mod fake_logind;
mod hooks;
mod sessions_of_the_os;
mod two_users;
