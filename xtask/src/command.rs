//! Starts other programs: shown to the person first, with the tools of `target/tools` on their path.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::output;

/// The workspace: where `Cargo.toml` and `Cargo.lock` are.
pub(crate) fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask is a folder of the workspace").to_path_buf()
}

/// The target directory in use: xtask itself was built into `<target>/debug/`.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where xtask itself is")?;
    let target = own.ancestors().nth(2).context("xtask is not inside a target directory")?;
    Ok(target.to_path_buf())
}

/// Where the tools are that xtask installs for itself.
pub(crate) fn tools_dir() -> Result<PathBuf> {
    Ok(target_dir()?.join("tools"))
}

/// A command that runs in the workspace and finds the tools of `target/tools` first.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir(workspace()).env("PATH", search_path()?);
    // Cargo describes xtask's own package to it; a nested cargo that sees this rebuilds crates whose
    // build scripts watch these variables.
    for (name, _) in std::env::vars_os() {
        if describes_own_package(&name) {
            command.env_remove(&name);
        }
    }
    Ok(command)
}

fn describes_own_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name == "CARGO_PRIMARY_PACKAGE"
}

/// `PATH` with the project's own tools in front.
#[expect(clippy::disallowed_methods, reason = "the search path of the programs that xtask starts")]
fn search_path() -> Result<OsString> {
    let own = tools_dir()?.join("bin");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own).chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).context("PATH cannot be extended")
}

/// Finds a program as the commands started here find it.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = search_path().ok()?;
    std::env::split_paths(&path)
        .flat_map(|folder| [folder.join(name), folder.join(format!("{name}.exe"))])
        .find(|file| file.is_file())
}

/// Runs a command line to its end; an unsuccessful end is an error.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_with(command(program)?.args(arguments))
}

/// Like [`run`], for a command that was built by hand.
pub(crate) fn run_with(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    output::line(&format!("$ {shown}"));
    let started = command.stdin(Stdio::null()).stdout(output::of_programs()).status();
    let status = started.with_context(|| format!("cannot start `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{shown}` failed: {status}")
}

/// Standard output of a short command, if it can be started and succeeds.
pub(crate) fn read(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program).ok()?.args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_in_the_error() {
        let error = run("cargo", &["no-such-verb"]).expect_err("cargo has no such verb");
        assert!(error.to_string().contains("`cargo no-such-verb` failed"), "{error}");
    }

    #[test]
    fn the_workspace_holds_the_lock_file() {
        assert!(workspace().join("Cargo.lock").is_file());
    }

    #[test]
    fn cargo_settings_of_the_person_stay() {
        assert!(describes_own_package(OsStr::new("CARGO_PKG_NAME")));
        assert!(!describes_own_package(OsStr::new("CARGO_HOME")));
        assert!(!describes_own_package(OsStr::new("CARGO_TARGET_DIR")));
    }
}
