//! `hotseat-pool`: the pool server and its administration.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotseat_host::prepare_signals();
    hotseat_host::hide_memory();
    hotseat_pool::cli::main()
}
