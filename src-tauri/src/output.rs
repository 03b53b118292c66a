//! What this program writes for people in front of a terminal: one sentence when it cannot start.
//! It never fails: see [`hotseat_output`].

/// Says why the program ends.
pub fn complain(message: &str) {
    hotseat_output::remarks::remark(&format!("hotseat-tray: {message}"));
}
