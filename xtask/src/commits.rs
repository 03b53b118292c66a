//! `cargo xtask commits`: whether what commits say of themselves has the form that CONTRIBUTING.md
//! asks for.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{self, workspace};
use crate::output;

/// A first line is no longer, in characters: `git log --oneline` and mail cut it there.
const SUBJECT_CHARACTERS_MAX: usize = 72;
/// The last commit from before the form was asked for.
const BEFORE: &str = "3fba8c9cf9bfb751c8b72ccce2bad66f0b325c3f";
/// Where the hooks are that git runs, inside the workspace.
const HOOKS: &str = ".githooks";

/// What `commits` is asked to do; without a flag it looks at the commits that are there.
#[derive(Args)]
pub(crate) struct Options {
    /// Look at the message in this file, as git's hook does.
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(file) = &options.message else { return look() };
    let message = fs::read_to_string(file);
    let message = message.with_context(|| format!("cannot read {}", file.display()))?;
    match complaint(&message) {
        None => Ok(()),
        Some(complaint) => bail!("{complaint}; CONTRIBUTING.md says what a commit says"),
    }
}

/// Looks at every commit since the form is asked for; in a clone that does not go back so far, at
/// the newest. Merges say what git says.
pub(crate) fn look() -> Result<()> {
    let since = format!("{BEFORE}..HEAD");
    let form = ["log", "--no-merges", "-z", "--format=%H%n%B"];
    let range = |range: &[&str]| command::read("git", &[&form[..], range].concat());
    let Some(told) = range(&[&since]).or_else(|| range(&["-1"])) else {
        output::line("This is no clone: there are no commits to look at.");
        return Ok(());
    };
    let commits = told.split('\0').filter_map(|commit| commit.split_once('\n'));
    let wrong = commits.filter_map(|(id, message)| {
        complaint(message).map(|complaint| format!("{}: {complaint}", &id[..id.len().min(9)]))
    });
    let wrong: Vec<String> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n")) }
}

/// Has git run the hooks of the workspace, unless somebody has set it otherwise.
pub(crate) fn set_hooks() {
    let is_clone = workspace().join(".git").exists();
    if is_clone && command::read("git", &["config", "core.hooksPath"]).is_none() {
        // Without it a message is looked at later, by `cargo xtask test`.
        let _ = command::read("git", &["config", "core.hooksPath", HOOKS]);
    }
}

/// What is wrong with a message, if anything is. Lines that begin with `#` are git's.
fn complaint(message: &str) -> Option<String> {
    let mut lines = message.lines().filter(|line| !line.starts_with('#'));
    let subject = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.map(str::trim).collect();
    // Git makes up the first lines of these, and they are melted into others.
    if ["Merge ", "Revert \"", "fixup! ", "squash! "].iter().any(|by| subject.starts_with(by)) {
        return None;
    }
    let length = subject.chars().count();
    if length > SUBJECT_CHARACTERS_MAX {
        return Some(format!(
            "the first line has {length} characters, more than {SUBJECT_CHARACTERS_MAX}"
        ));
    }
    let is_area = |area: &str| {
        let may_be = |byte: u8| byte.is_ascii_lowercase() || b"-/_., ".contains(&byte);
        !area.is_empty() && area.bytes().all(may_be)
    };
    let parts = subject.split_once(": ").filter(|(area, _)| is_area(area));
    let Some((_, thought)) = parts else {
        return Some(format!("{subject:?} is not `area: imperative`"));
    };
    if !thought.starts_with(|first: char| first.is_lowercase()) || thought.ends_with('.') {
        return Some(format!("{thought:?} begins with a capital or ends with a full stop"));
    }
    match rest.as_slice() {
        ["", why, ..] if !why.is_empty() => None,
        ["", ..] | [] => Some("nothing says why: an empty line, then a sentence".to_owned()),
        [..] => Some("the second line is not empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_says_has_a_form() {
        let good = "pool: count a hold once\n\nTwo checks of one person took two seats.\n";
        assert_eq!(complaint(good), None);
        assert_eq!(complaint(&format!("{good}# git says something\n")), None);
        assert_eq!(complaint("Merge branch 'style'"), None);
        for (wrong, told) in [
            ("Count a hold once\n\nwhy", "is not `area: imperative`"),
            ("pool: Count a hold once\n\nwhy", "begins with a capital"),
            ("pool: count a hold once.\n\nwhy", "ends with a full stop"),
            ("pool: count a hold once", "nothing says why"),
            ("pool: count a hold once\n\n# git says something\n", "nothing says why"),
            ("pool: count a hold once\nwhy", "the second line is not empty"),
            ("", "is not `area: imperative`"),
        ] {
            let said = complaint(wrong).expect(wrong);
            assert!(said.contains(told), "{wrong:?}: {said}");
        }
        let long = format!("pool: {}\n\nwhy", "é".repeat(67));
        assert!(complaint(&long).expect("too long").contains("73 characters, more than 72"));
    }
}
