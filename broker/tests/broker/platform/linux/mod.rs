//! Linux: logind, played by the tests.

mod fake_logind;
mod sessions_of_the_os;
