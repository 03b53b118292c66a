//! The program `hotseat-tray`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotseat_tray::run()
}
