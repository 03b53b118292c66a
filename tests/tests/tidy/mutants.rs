//! The list of breakages: each still fits the code it breaks, and the table beside them names them all.

use std::collections::BTreeSet;
use std::process::Command;

use hotseat_tests::paths::workspace;

use crate::tree::Tree;

/// Where the list is.
const HOME: &str = "tests/mutants/";
/// Where the table is, and under which heading.
const TABLE: &str = "tests/mutants/README.md";
const HEADING: &str = "# Breakages";
/// No list is shorter than this.
const AT_LEAST: usize = 20;

/// A breakage, and what its patch says before the diff.
fn listed(tree: &Tree) -> Vec<(&str, &str)> {
    let patches = tree.files.iter().filter_map(|file| {
        let name = file.path.strip_prefix(HOME)?.strip_suffix(".patch")?;
        Some((name, file.text.as_str()))
    });
    patches.collect()
}

/// The names in the first column of the table.
fn named(document: &str) -> BTreeSet<&str> {
    let section = document.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`').map(|(name, _)| name)).collect()
}

/// Complains about breakages without a row and rows without a breakage.
fn table(document: &str, names: &BTreeSet<&str>) -> Vec<String> {
    let rows = named(document);
    let missing = names.difference(&rows).map(|name| format!("{TABLE} does not name {name}"));
    let left = rows.difference(names).map(|name| format!("{TABLE} names {name}, which is gone"));
    missing.chain(left).collect()
}

/// Complains about a patch that does not say what it breaks and what catches it.
fn header((name, text): &(&str, &str)) -> Vec<String> {
    let (head, _) = text.split_once("\n--- ").unwrap_or((text, ""));
    let words = ["Breaks: promise", "Package: hotseat-", "Caught by: "];
    let missing = words.iter().filter(|word| !head.lines().any(|line| line.starts_with(**word)));
    missing.map(|word| format!("{HOME}{name}.patch has no line `{word}..`")).collect()
}

#[test]
fn every_breakage_still_fits_the_code() {
    let tree = Tree::read();
    let patches = listed(&tree);
    assert!(patches.len() >= AT_LEAST, "only {} breakages are listed", patches.len());
    let mut complaints: Vec<String> = patches.iter().flat_map(header).collect();
    for (name, _) in patches {
        let file = format!("{HOME}{name}.patch");
        let git = Command::new("git")
            .args(["apply", "--check", &file])
            .current_dir(workspace())
            .output()
            .expect("git is there");
        if !git.status.success() {
            complaints.push(format!("{file}: {}", String::from_utf8_lossy(&git.stderr).trim()));
        }
    }
    crate::report(&complaints);
}

#[test]
fn every_breakage_is_in_the_table() {
    let tree = Tree::read();
    let names = listed(&tree).into_iter().map(|(name, _)| name).collect();
    crate::report(&table(&tree.text(TABLE).expect("it is there"), &names));
}

#[test]
fn a_missing_row_and_a_missing_breakage_are_seen() {
    let document = "# Breakages\n\n| `a` | x |\n| `b` | y |\n\n## Else\n\n| `c` | z |\n";
    assert_eq!(table(document, &BTreeSet::from(["a", "b"])), Vec::<String>::new());
    assert_eq!(table(document, &BTreeSet::from(["a", "b", "c"])).len(), 1);
    assert_eq!(table(document, &BTreeSet::from(["a"])).len(), 1);
    assert_eq!(header(&("a", "Breaks: it\nCaught by: x\n\n--- a/x\nPackage: hotseat-\n")).len(), 2);
}
