//! `hotseat-pool`: the pool server and its administration.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotseat_pool::cli::main()
}
