//! What the tables of pools accept, and what they say about mistakes.

use super::*;

fn file(text: &str) -> ConfigFile {
    let path = std::env::current_exe().unwrap();
    ConfigFile { path, keys: text.parse().unwrap() }
}

fn problem(text: &str) -> String {
    read(Some(&file(text))).unwrap_err().to_string()
}

#[test]
fn no_tables_are_no_hooks() {
    assert_eq!(read(None).unwrap(), BTreeMap::new());
    assert_eq!(read(Some(&file("log = \"info\""))).unwrap(), BTreeMap::new());
    assert_eq!(read(Some(&file("[pool.infor-crm]"))).unwrap(), BTreeMap::new());
}

#[test]
fn mistakes_are_named() {
    let cases = [
        ("pool = 3", "[pool.infor-crm]"),
        ("[pool]\ninfor-crm = 3", "a table"),
        ("[pool.infor-crm]\nsign_of_hook = []", "sign_of_hook"),
        ("[pool.infor-crm]\nsign_off_hook = []", "sign_off_hook"),
        ("[pool.infor-crm]\nsign_off_hook = [3]", "sign_off_hook"),
        ("[pool.infor-crm]\nsign_off_hook = \"/bin/true\"", "sign_off_hook"),
        ("[pool.infor-crm]\nhook_timeout = 2", "\"10s\""),
        ("[pool.infor-crm]\nhook_timeout = \"11s\"", "\"10s\""),
        ("[pool.infor-crm]\nhook_timeout = \"50ms\"", "\"10s\""),
        ("[pool.infor-crm]\nhook_timeout = \"-1s\"", "\"10s\""),
        ("[pool.\"../etc\"]\nsign_off_hook = [\"/bin/true\"]", "../etc"),
    ];
    for (text, word) in cases {
        let said = problem(text);
        assert!(said.contains(word), "{text}: {said}");
    }
}
