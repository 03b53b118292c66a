//! The lock file: one version of what must be one.

use toml::Table;

/// Complains unless there is one `tray-icon`, and Tauri uses it: our line in the tray's manifest switches
/// that one to the `ksni` backend, and a second version would silently stay as it is.
pub(crate) fn one_tray_icon(lock: &str) -> Vec<String> {
    let lock: Table = lock.parse().expect("the lock file is TOML");
    let packages = lock["package"].as_array().expect("the lock file lists packages");
    let named = |name: &str| {
        packages.iter().filter(|package| package["name"].as_str() == Some(name)).collect::<Vec<_>>()
    };
    let versions: Vec<&str> =
        named("tray-icon").iter().filter_map(|package| package["version"].as_str()).collect();
    if versions.len() != 1 {
        return vec![format!(
            "Cargo.lock has {} versions of tray-icon instead of one: {versions:?}",
            versions.len()
        )];
    }
    let mut complaints = Vec::new();
    for user in ["tauri", "hotseat-tray"] {
        let uses = named(user).iter().any(|package| {
            let needs = package.get("dependencies").and_then(|needs| needs.as_array());
            needs.is_some_and(|needs| needs.iter().any(|need| need.as_str() == Some("tray-icon")))
        });
        if !uses {
            complaints.push(format!("{user} does not use tray-icon {}", versions[0]));
        }
    }
    complaints
}

#[test]
fn a_second_or_an_unused_tray_icon_is_seen() {
    let package = |name: &str, needs: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"0.25.{}\"\ndependencies = [{needs}]\n",
            needs.len()
        )
    };
    let users = package("tauri", "\"tray-icon\"") + &package("hotseat-tray", "\"tray-icon\"");
    let one = package("tray-icon", "");
    assert_eq!(one_tray_icon(&format!("{one}{users}")), Vec::<String>::new());
    assert_eq!(one_tray_icon(&users).len(), 1);
    assert_eq!(one_tray_icon(&format!("{one}{}{users}", package("tray-icon", "\"png\""))).len(), 1);
    assert_eq!(one_tray_icon(&format!("{one}{}", package("tauri", "\"tray-icon\""))).len(), 1);
}
