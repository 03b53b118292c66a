//! `cargo xtask check`: what has changed, looked at in a minute or two before it is committed. It
//! installs nothing, and proves less than `cargo xtask test`.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{self, command, run_with, workspace};
use crate::stages::Stages;
use crate::{output, test};

/// The window's folder.
const WINDOW: &str = "ui";

/// What `check` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    /// What has changed since this commit, and not only what is not committed.
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    since: String,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    let changed = changed(&options.since)?;
    let members = members()?;
    let packages: BTreeSet<&str> =
        changed.iter().filter_map(|file| package_of(file, &members)).collect();
    let any_library = members.iter().any(|(folder, package)| {
        packages.contains(package.as_str()) && workspace().join(folder).join("src/lib.rs").exists()
    });
    let flags: Vec<&str> = packages.iter().flat_map(|package| ["--package", package]).collect();
    let mut stages = Stages::default();
    stages.run("fmt", || command::run("cargo", &["fmt", "--all", "--check"]))?;
    if changed.iter().any(|file| file.starts_with("ui/")) {
        stages.run("ui", window)?;
    }
    if flags.is_empty() {
        output::line("No crate has changed.");
    } else {
        stages.run("clippy", || {
            let all = ["clippy", "--locked"].iter().chain(&flags);
            let all = all.chain(&["--all-targets", "--", "-D", "warnings"]);
            run_with(command("cargo")?.args(all))
        })?;
        stages.run("tests", || {
            // Cargo fails when it is to test the library of packages of which none has one.
            let kinds: &[&str] = if any_library { &["--lib", "--bins"] } else { &["--bins"] };
            let all = ["nextest", "run", "--locked", "--no-tests", "pass"].iter().chain(kinds);
            run_with(command("cargo")?.args(all.chain(&flags)))
        })?;
    }
    stages.print_times();
    Ok(())
}

fn window() -> Result<()> {
    let npm = |arguments: &[&str]| {
        run_with(command("npm")?.args(arguments).current_dir(workspace().join(WINDOW)))
    };
    if !workspace().join(WINDOW).join("node_modules").exists() {
        test::build_window()?;
    }
    npm(&["run", "check"])?;
    npm(&["test"])
}

/// The files that differ from a commit, new ones included.
fn changed(since: &str) -> Result<BTreeSet<String>> {
    let asked = |arguments: &[&str]| {
        let said = command::read("git", arguments);
        said.with_context(|| format!("git cannot tell what has changed since {since}"))
    };
    let differ = asked(&["diff", "--name-only", "--no-renames", since, "--"])?;
    let new = asked(&["ls-files", "--others", "--exclude-standard"])?;
    Ok(differ.lines().chain(new.lines()).map(str::to_owned).collect())
}

/// Each member's folder, and its package.
fn members() -> Result<Vec<(String, String)>> {
    let listed = command::read("git", &["ls-files", "Cargo.toml", "**/Cargo.toml"]);
    let listed = listed.context("git cannot list the manifests")?;
    let own = listed.lines().filter_map(|manifest| manifest.strip_suffix("/Cargo.toml"));
    // The fuzz targets are a workspace of their own.
    let own = own.filter(|folder| *folder != "tests/fuzz");
    own.map(|folder| {
        let manifest = workspace().join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        let name = name.with_context(|| format!("{} names no package", manifest.display()))?;
        Ok((folder.to_owned(), name.to_owned()))
    })
    .collect()
}

/// The package to which a file belongs: that of the innermost member around it.
fn package_of<'a>(file: &str, members: &'a [(String, String)]) -> Option<&'a str> {
    let around = members.iter().filter(|(folder, _)| {
        file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    });
    around.max_by_key(|(folder, _)| folder.len()).map(|(_, package)| package.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_innermost_member_around_it() {
        let members = members().expect("the manifests can be read");
        for (file, package) in [
            ("pool/src/lib.rs", Some("hotseat-pool")),
            ("pool/rules/src/lib.rs", Some("hotseat-rules")),
            ("tests/canary/src/lib.rs", Some("hotseat-canary")),
            ("xtask/Cargo.toml", Some("xtask")),
            ("poolside/lib.rs", None),
            ("README.md", None),
        ] {
            assert_eq!(package_of(file, &members), package, "{file}");
        }
    }
}
