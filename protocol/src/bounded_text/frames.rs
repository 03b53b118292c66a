//! The texts that only IPC and link carry.

use super::*;

bounded_text!(
    /// One or two sentences for people: up to 4,000 characters.
    Sentence, "detail", 0..=4_000
);

bounded_text!(
    /// A program and its version, for people: up to 100 characters.
    ProgramText, "program", 0..=100
);

bounded_text!(
    /// Which boot of a computer it is: up to 256 characters, none where that cannot be
    /// told.
    BootId, "boot_id", 0..=256
);

bounded_text!(
    /// An operating system's name for one of its users, a uid or a SID: 1 to 184 characters, the
    /// longest SID.
    OsUserText, "os_user", 1..=184
);

bounded_text!(
    /// A display of a computer, as `:0` or `wayland-0`: up to 100 characters.
    DisplayText, "display", 0..=100
);

bounded_text!(
    /// A pool's seal on a journal position: 1 to 256 characters, of no meaning to others.
    Seal, "seal", 1..=256
);

bounded_secret!(
    /// A token, a link secret or a resume key that one program made for another: 1 to 512
    /// characters.
    TokenText, "token", 1..=512, "password", schema::line(1), Limits::check
);
