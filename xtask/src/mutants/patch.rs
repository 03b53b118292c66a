//! The list of breakages: `tests/mutants/NAME.patch`, each a few lines of what it is and a diff.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::workspace;

/// The list, inside the workspace.
const HOME: &str = "tests/mutants";

/// The packages whose unit tests can catch something.
pub(super) const PACKAGES: [&str; 5] =
    ["hotseat-protocol", "hotseat-rules", "hotseat-broker-core", "hotseat-pool", "hotseat-broker"];

/// One breakage.
#[derive(Debug)]
pub(super) struct Patch {
    /// How it is called, here and in `tests/mutants/README.md`.
    pub(super) name: String,
    /// Its file.
    pub(super) file: PathBuf,
    /// Whose unit tests are to catch it.
    pub(super) package: String,
    /// Which of them: parts of test names, with a blank between.
    caught_by: String,
}

impl Patch {
    /// The breakages of these names, all without names, in the order of the alphabet.
    pub(super) fn choose(names: &[String]) -> Result<Vec<Patch>> {
        let home = workspace().join(HOME);
        let folder = fs::read_dir(&home);
        let folder = folder.with_context(|| format!("cannot list {}", home.display()))?;
        let mut all = Vec::new();
        for entry in folder {
            let file = entry?.path();
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
            let is_patch = file.extension().is_some_and(|end| end == "patch");
            let wanted = |name: &String| names.is_empty() || names.contains(name);
            if let Some(name) = name.filter(|name| is_patch && wanted(name)) {
                all.push(Patch::read(&file, name)?);
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        let unknown = names.iter().find(|name| all.iter().all(|patch| patch.name != **name));
        if let Some(name) = unknown {
            bail!("there is no {HOME}/{name}.patch");
        }
        if all.is_empty() {
            bail!("{HOME} has no breakage: a list of none proves nothing");
        }
        Ok(all)
    }

    fn read(file: &Path, name: String) -> Result<Patch> {
        let text = fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        Patch::parse(file.to_owned(), name, &text)
    }

    fn parse(file: PathBuf, name: String, text: &str) -> Result<Patch> {
        let head = |word: &str| {
            let line = text.lines().take_while(|line| !line.starts_with("--- "));
            let said = line.filter_map(|line| line.strip_prefix(word)).next();
            let said = said.map(str::trim).filter(|said| !said.is_empty());
            said.with_context(|| format!("{HOME}/{name}.patch has no line `{word} ..`"))
        };
        head("Breaks:")?;
        let (package, caught_by) = (head("Package:")?.to_owned(), head("Caught by:")?.to_owned());
        if !PACKAGES.contains(&package.as_str()) {
            bail!("{HOME}/{name}.patch: `Package:` is one of {}", PACKAGES.join(", "));
        }
        Ok(Patch { name, file, package, caught_by })
    }

    /// What nextest is told to run.
    pub(super) fn filters(&self) -> impl Iterator<Item = &str> {
        self.caught_by.split_whitespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Patch> {
        Patch::parse(PathBuf::new(), "one".to_owned(), text)
    }

    #[test]
    fn a_breakage_says_what_it_is_before_its_diff() {
        let text =
            "Breaks: promise 1\nPackage: hotseat-pool\nCaught by: a::b c\n\n--- a/x\n+++ b/x\n";
        let patch = parse(text).expect("it is whole");
        assert_eq!(patch.filters().collect::<Vec<_>>(), ["a::b", "c"]);
        for line in ["Breaks: promise 1\n", "Package: hotseat-pool\n", "Caught by: a::b c\n"] {
            let error = parse(&text.replace(line, "")).expect_err("a line is missing");
            assert!(error.to_string().contains("has no line"), "{error}");
        }
        let error = parse(&text.replace("pool", "tray")).expect_err("no such package");
        assert!(error.to_string().contains("hotseat-broker"), "{error}");
    }
}
