//! The rules of this repository, as tests: what a reviewer should never have to say.
//!
//! Every rule is a function from a file to complaints, and has a test that shows that it can fail.

mod lock;
mod mutants;
mod pure;
mod reach;
mod size;
mod texts;
mod tree;
mod words;

use tree::{File, Tree};

/// Fails with all complaints of a rule about the files that it is for.
fn hold(applies: impl Fn(&File) -> bool, rule: impl Fn(&File) -> Vec<String>) {
    let tree = Tree::read();
    let files: Vec<&File> = tree.files.iter().filter(|file| applies(file)).collect();
    assert!(!files.is_empty(), "the rule looked at no file");
    let name = |file: &File, complaint: String| format!("{}: {complaint}", file.path);
    let found = files
        .into_iter()
        .flat_map(|file| rule(file).into_iter().map(move |found| name(file, found)));
    report(&found.collect::<Vec<_>>());
}

/// Fails with all complaints, one a line.
fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_stay_below_400_lines() {
    hold(File::is_our_code, size::file_length);
}

#[test]
fn functions_stay_within_70_lines() {
    hold(File::is_rust, size::function_length);
}

#[test]
fn every_rust_file_begins_with_what_it_is_for() {
    hold(File::is_rust, texts::module_doc);
}

#[test]
fn operating_systems_are_told_apart_only_below_platform() {
    hold(|file| file.is_rust() && !file.path.contains("/platform/"), words::platform);
}

#[test]
fn only_output_modules_print() {
    hold(|file| file.is_rust() && !words::may_print(&file.path), words::printing);
}

#[test]
fn documents_have_one_title_and_begin_with_it() {
    hold(|file| file.path.ends_with(".md"), texts::one_title);
}

#[test]
fn nothing_is_left_to_do_later() {
    hold(File::is_text, texts::nothing_left);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    hold(File::is_text, texts::no_machine);
}

#[test]
fn public_items_must_be_documented() {
    let libraries = [
        "protocol/src/lib.rs",
        "protocol/output/src/lib.rs",
        "pool/src/lib.rs",
        "broker/src/lib.rs",
    ];
    hold(|file| libraries.contains(&file.path.as_str()), texts::documented);
}

#[test]
fn every_rust_file_belongs_to_a_program_or_library() {
    report(&reach::unreached(&Tree::read()));
}

#[test]
fn the_tray_has_the_icon_library_of_tauri() {
    let lock = Tree::read().text("Cargo.lock").expect("there is a lock file");
    report(&lock::one_tray_icon(&lock));
}
