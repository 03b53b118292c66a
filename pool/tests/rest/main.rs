//! The pool server from outside: REST, links and the command line over real sockets, in one
//! process and in real ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod boundaries;
mod clients;
mod command_line;
mod contention;
mod frames;
mod history;
mod line;
mod link;
mod log_in;
mod platform;
mod secrets;
mod sessions;
mod socket;
mod world;
