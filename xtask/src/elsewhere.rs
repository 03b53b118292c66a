//! `cargo xtask check-elsewhere`: compiles and lints every crate for the systems that this one is
//! not. It needs no Windows and no Mac: a check links nothing.
//!
//! For macOS nobody has Apple's headers here, so what build scripts compile from C is left empty by
//! a compiler of ours that only says that it is one: Rust is checked, C is not.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::command::{command, run_with, target_dir};
use crate::packages::WINDOWS;
use crate::stages::Stages;
use crate::tools::Tool;
use crate::{Consent, deps, output, platform};

/// What Windows' own linker would be given; a check only asks whether it is there.
const WINDOWS_LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Says that it is a C compiler and writes empty objects.
const STUB_COMPILER: &str = "#!/bin/sh
# Only for a check: answers as clang does when it is asked what it is.
object=
while [ $# -gt 0 ]; do
    case \"$1\" in
        '-?') exit 1 ;;
        -E) echo '\"clang\"'; exit 0 ;;
        -o) object=$2; shift ;;
    esac
    shift
done
[ -z \"$object\" ] || : > \"$object\"
";

/// The harness: it plays Linux desktops, and nothing of it ships.
const LINUX_ONLY: &str = "hotseat-tests";

/// What `check-elsewhere` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// Only this system.
    #[arg(long, value_enum)]
    only: Option<System>,
}

/// A system that Hotseat runs on, beside Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    Windows,
    Macos,
}

impl System {
    const ALL: [System; 2] = [System::Windows, System::Macos];

    fn name(self) -> &'static str {
        match self {
            System::Windows => "windows",
            System::Macos => "macos",
        }
    }

    fn target(self) -> &'static str {
        match self {
            System::Windows => "x86_64-pc-windows-gnu",
            System::Macos => "aarch64-apple-darwin",
        }
    }

    fn std(self) -> Tool {
        match self {
            System::Windows => Tool::StdWindows,
            System::Macos => Tool::StdMacos,
        }
    }
}

/// Runs the verb: a system that does not compile is no reason not to look at the next.
pub(crate) fn run(options: &Options) -> Result<()> {
    let only = options.only.as_ref().map(std::slice::from_ref);
    let systems = only.unwrap_or(&System::ALL);
    let mut stages = Stages::default();
    stages.run("deps", || {
        for system in systems {
            let packages = if *system == System::Windows { WINDOWS } else { &[] };
            deps::ensure_extra(system.std(), packages, options.consent)?;
        }
        Ok(())
    })?;
    let mut broken = Vec::new();
    for system in systems {
        if let Err(error) = stages.run(system.name(), || check(*system)) {
            output::error(&format!("{error:#}"));
            broken.push(system.name());
        }
    }
    stages.print_times();
    if broken.is_empty() {
        return Ok(());
    }
    bail!("does not compile without a warning: {}", broken.join(", "))
}

fn check(system: System) -> Result<()> {
    let home = target_dir()?.join("elsewhere");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let mut cargo = command("cargo")?;
    cargo.args(["clippy", "--locked", "--workspace", "--all-targets", "--keep-going"]);
    cargo.args(["--exclude", LINUX_ONLY, "--target", system.target(), "--target-dir"]);
    cargo.arg(&home).args(["--", "-D", "warnings"]);
    // Nobody runs what is checked here.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    match system {
        System::Windows => {
            cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", WINDOWS_LINKER);
        }
        System::Macos => {
            cargo.env("CC_aarch64_apple_darwin", stub_compiler(home)?);
            cargo.env("AR_aarch64_apple_darwin", "ar").env("SDKROOT", "/nonexistent");
        }
    }
    run_with(&mut cargo)
}

fn stub_compiler(home: PathBuf) -> Result<PathBuf> {
    let stub = home.join("stub-cc");
    platform::write_program(&stub, STUB_COMPILER)?;
    Ok(stub)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_stub_says_that_it_is_a_compiler_and_writes_what_it_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let stub = stub_compiler(folder.path().to_owned()).expect("it can be written");
        let said = Command::new(&stub).args(["-E", "x.c"]).output().expect("it starts");
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "\"clang\"");
        let object = folder.path().join("x.o");
        let ended = Command::new(&stub).args(["-c", "x.c", "-o"]).arg(&object).status();
        assert!(ended.expect("it starts").success());
        assert_eq!(fs::read(&object).expect("it is there"), b"");
        assert!(!Command::new(&stub).arg("-?").status().expect("it starts").success());
    }
}
