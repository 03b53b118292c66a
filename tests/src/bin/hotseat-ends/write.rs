//! Keeps the table: in the target directory, and in the README between its marks.

use std::fs;

use anyhow::{Context, Result};
use hotseat_tests::ends::{BEGIN, END};
use hotseat_tests::paths;

/// Writes both forms to `target/ends/`.
pub(crate) fn into_target(markdown: &str, json: &str) -> Result<()> {
    let folder = paths::target_dir()?.join("ends");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in [("ends.md", markdown), ("ends.json", json)] {
        let file = folder.join(name);
        fs::write(&file, format!("{text}\n"))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Replaces what the README has between the marks.
pub(crate) fn into_readme(markdown: &str) -> Result<()> {
    let file = paths::workspace().join("README.md");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = replaced(&text, markdown).context("the README has no marks for the table")?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(readme: &str, markdown: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{markdown}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let readme = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&readme, "new").expect("marks");
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replaced("no marks", "new"), None);
    }
}
