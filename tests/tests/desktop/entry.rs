//! What the desktop is told of the tray when it is installed: its entry, and what software centres
//! show of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use hotseat_tests::children::Children;
use hotseat_tests::launch::Launch;
use hotseat_tests::paths;

use super::office::exit_code;

fn file(name: &str) -> PathBuf {
    paths::workspace().join("src-tauri/etc").join(name)
}

/// The entry's keys.
fn keys() -> BTreeMap<String, String> {
    let text = fs::read_to_string(file("hotseat-tray.desktop")).expect("the entry is there");
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let children = Children::new(folder.path()).unwrap();
    let launch = Launch::new("validate", "desktop-file-validate");
    let mut validate = children.start(launch.arg(file("hotseat-tray.desktop"))).unwrap();
    assert_eq!(exit_code(&mut validate).await.unwrap(), Some(0), "its log says why");
}

#[test]
fn the_entry_starts_our_program_and_shows_our_icon() {
    let keys = keys();
    assert_eq!(keys["Exec"], "hotseat-tray");
    assert!(paths::program(&keys["Exec"]).is_ok(), "that is the name of our program");
    assert_eq!(keys["Icon"], "hotseat");
    assert!(paths::workspace().join("src-tauri/icons/icon.svg").is_file());
}

#[test]
fn software_centres_find_the_entry() {
    let text = fs::read_to_string(file("hotseat.tray.metainfo.xml")).expect("it is there");
    let launchable = "<launchable type=\"desktop-id\">hotseat-tray.desktop</launchable>";
    assert!(text.contains(launchable), "it names the entry");
    let tauri = fs::read_to_string(paths::workspace().join("src-tauri/tauri.conf.json")).unwrap();
    let tauri: serde_json::Value = serde_json::from_str(&tauri).unwrap();
    let id = tauri["identifier"].as_str().unwrap();
    assert!(text.contains(&format!("<id>{id}</id>")), "both have one name");
    let keys = keys();
    assert!(text.contains(&format!("<name>{}</name>", keys["Name"])));
    let first = keys["Categories"].trim_end_matches(';');
    assert!(text.contains(&format!("<category>{first}</category>")));
}
