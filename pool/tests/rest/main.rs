//! The pool server from outside: REST, links and the command line over real sockets, in one
//! process and in real ones.
#![expect(clippy::unwrap_used, clippy::unwrap_in_result, reason = "a test that cannot go on fails")]
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever else comes fails the test")]

mod actors;
mod admin;
mod answers;
mod boundaries;
mod browsers;
mod budgets;
mod clients;
mod clones;
mod command_line;
mod contention;
mod described;
mod extremes;
mod floods;
mod frames;
mod growth;
mod history;
mod holds;
mod hostile;
mod line;
mod link;
mod lockout;
mod log_in;
mod my_history;
mod odd_frames;
mod odd_values;
mod platform;
mod raw;
mod scope;
mod secrets;
mod sessions;
mod settings;
mod socket;
mod strangers;
mod testers;
mod versions;
mod world;
