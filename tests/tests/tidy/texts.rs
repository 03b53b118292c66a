//! What files say and must not say.

use crate::tree::File;

/// Complains about a Rust file that does not begin with its documentation.
pub(crate) fn module_doc(file: &File) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//!").is_some_and(|text| !text.trim().is_empty());
    if says { Vec::new() } else { vec!["does not begin with `//!` and what it is for".to_owned()] }
}

/// Complains about a document without exactly one title, at its top.
pub(crate) fn one_title(file: &File) -> Vec<String> {
    let mut is_code = false;
    let mut titles = 0;
    for line in file.text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        titles += usize::from(!is_code && line.starts_with("# "));
    }
    if titles == 1 && file.text.starts_with("# ") {
        return Vec::new();
    }
    vec![format!("has {titles} titles (`# ...`) instead of one in its first line")]
}

/// Complains about marks for unfinished work.
pub(crate) fn nothing_left(file: &File) -> Vec<String> {
    // Put together here, so that this file does not complain about itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
    ];
    found_lines(file, &marks, "leaves work for later")
}

/// Complains about folders of one machine and names of package servers.
pub(crate) fn no_machine(file: &File) -> Vec<String> {
    let places = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("npmjs", ".org"),
        concat!("pypi", ".org"),
        concat!("deb.", "debian.org"),
    ];
    found_lines(file, &places, "names a place outside the repository")
}

/// Complains about a library that does not ask for documentation of its public items.
pub(crate) fn documented(file: &File) -> Vec<String> {
    if file.text.contains("#![warn(missing_docs)]") {
        return Vec::new();
    }
    vec!["lacks `#![warn(missing_docs)]`".to_owned()]
}

fn found_lines(file: &File, words: &[&str], complaint: &str) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let found = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    found
        .map(|(number, line)| format!("line {} {complaint}: {}", number + 1, line.trim()))
        .collect()
}

#[test]
fn a_file_without_documentation_is_seen() {
    assert!(module_doc(&File::new("a.rs", "//! Counts seats.\n")).is_empty());
    for text in ["", "use std::fs;\n", "//!\n//! Counts seats.\n", "// Counts seats.\n"] {
        assert_eq!(module_doc(&File::new("a.rs", text)).len(), 1, "{text}");
    }
}

#[test]
fn a_document_without_one_title_is_seen() {
    assert!(one_title(&File::new("a.md", "# A\n\n```sh\n# a comment\n```\n## B\n")).is_empty());
    for text in ["## B\n", "text\n# A\n", "# A\n# B\n"] {
        assert_eq!(one_title(&File::new("a.md", text)).len(), 1, "{text}");
    }
}

#[test]
fn unfinished_work_is_seen() {
    assert!(nothing_left(&File::new("a.rs", "// Nothing to do.\n")).is_empty());
    let text = format!("// {}: later\n{}!()\n", concat!("FIX", "ME"), "todo");
    assert_eq!(nothing_left(&File::new("a.rs", &text)).len(), 2);
}

#[test]
fn a_place_on_a_machine_is_seen() {
    assert!(no_machine(&File::new("a.rs", "/var/lib/hotseat\n")).is_empty());
    let text = format!("open(\"{}a\")\n{}\n", concat!("/wo", "rk/"), concat!("pypi", ".org"));
    assert_eq!(no_machine(&File::new("a.rs", &text)).len(), 2);
}

#[test]
fn a_library_that_may_stay_undocumented_is_seen() {
    assert!(documented(&File::new("a.rs", "//! A.\n#![warn(missing_docs)]\n")).is_empty());
    assert_eq!(documented(&File::new("a.rs", "//! A.\n")).len(), 1);
}
