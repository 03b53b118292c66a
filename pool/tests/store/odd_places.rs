//! A directory in the place of a file, a file in that of a directory, links to nothing, and
//! directories that are others' too: each is told with its path and what helps.

use std::fs;

use crate::platform;
use crate::world::Program;

/// Nobody is helped by this.
const NUMBER: &str = "os error";

#[track_caller]
fn is_told(program: &Program, arguments: &[&str], words: &[&str]) {
    let said = program.fails(1, arguments);
    assert!(!said.contains(NUMBER), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} is not in {said}");
    }
}

const INIT: [&str; 4] = ["init", "--seats", "2", "--yes"];

#[test]
fn what_is_in_the_way_of_a_store_is_named_and_left() {
    let program = Program::with_store();
    let file = program.file("file");
    fs::write(&file, "precious").unwrap();
    let folder = program.file("folder");
    fs::create_dir_all(folder.join("pool.db")).unwrap();
    let token = program.file("token");
    fs::create_dir_all(token.join("admin.token")).unwrap();
    let sound = program.store();
    let restore = ["restore", sound.to_str().unwrap()];
    let in_file = file.join("in");
    for (data_dir, words) in [
        (&file, ["file", "is a file, and must be a directory: move it away"]),
        (&in_file, ["file, in which it lies, is a file", "move it away"]),
        (&folder, ["pool.db", "it is a directory, and must be a file: move it away"]),
    ] {
        let at = ["--data-dir", data_dir.to_str().unwrap()];
        let verbs = [&INIT[..], &["verify"], &["serve"], &["user", "list"], &["recover"], &restore];
        for verb in verbs {
            is_told(&program, &[verb, &at].concat(), &words);
        }
    }
    let at = ["--data-dir", token.to_str().unwrap()];
    is_told(&program, &[&INIT[..], &at].concat(), &["admin.token", "move it away"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(folder.join("pool.db").is_dir() && token.join("admin.token").is_dir());
}

#[test]
fn what_is_in_the_way_of_a_backup_or_a_configuration_is_named() {
    let program = Program::with_store();
    let file = program.file("file");
    fs::write(&file, "").unwrap();
    let (file, folder) = (file.to_str().unwrap(), program.folder.path().to_str().unwrap());
    let (in_file, new) = (format!("{file}/in"), format!("{folder}/new/"));
    for verb in ["backup", "restore"] {
        is_told(&program, &[verb, folder, "--data-dir", folder], &[folder, "it is a directory"]);
        let words = ["file, in which it lies, is a file", "move it away"];
        is_told(&program, &[verb, &in_file, "--data-dir", folder], &words);
    }
    is_told(&program, &["backup", &new], &["new/", "add the file's name"]);
    for (config, words) in [(folder, "it is a directory"), (&in_file, "is a file, and must be")] {
        is_told(&program, &["verify", "--config", config], &[config, words, "--config names"]);
    }
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let program = Program::with_store();
    let pipe = program.file("pipe");
    if !platform::pipe(&pipe) {
        return; // A pipe is no file of a folder here.
    }
    let pipe = pipe.to_str().unwrap();
    is_told(&program, &["restore", pipe, "--replace"], &[pipe, "it is a pipe or a socket"]);
    is_told(&program, &["verify", "--config", pipe], &[pipe, "it is a pipe or a socket"]);
    fs::remove_file(program.store()).unwrap();
    assert!(platform::pipe(&program.store()));
    is_told(&program, &["verify"], &["pool.db", "it is a pipe or a socket"]);
}

#[test]
fn a_store_or_token_that_others_can_read_is_made_private_and_one_of_theirs_refused() {
    let program = Program::with_store();
    let (store, token) = (program.store(), program.data_dir().join("admin.token"));
    for file in [&store, &token] {
        if !platform::set_mode(file, 0o644) {
            return; // Files inherit their folder's access list here.
        }
    }
    let log = program.serve().kill();
    for file in [&store, &token] {
        assert_eq!(platform::mode(file), Some(0o600), "{}", file.display());
        let named = file.file_name().unwrap().to_str().unwrap();
        assert!(log.contains(named) && log.contains("mode=0644"), "{log}");
    }
    for file in [&store, &token] {
        if !platform::give_away(file, 4_711) {
            return; // Only an administrator can.
        }
        let words = ["it belongs to user 4711", "chown 0 "];
        is_told(&program, &["serve"], &words);
        is_told(&program, &["pool", "list"], &words);
        if *file == store {
            is_told(&program, &["verify"], &words);
            is_told(&program, &["recover", "--rows"], &words);
        }
        platform::make_own(file);
    }
}

#[test]
fn what_stands_in_a_configuration_that_is_not_toml_is_not_told() {
    let program = Program::with_store();
    let config = program.file("pool.toml");
    fs::write(&config, "log = \"warn\"\n  token hsa_precious\n").unwrap();
    let config = config.to_str().unwrap();
    let said = program.fails(1, &["verify", "--config", config]);
    assert!(said.contains("line 2, column 9") && !said.contains("precious"), "{said}");
}

#[test]
fn a_link_to_nothing_is_named_and_left() {
    let program = Program::with_store();
    let [folder, store] = ["folder", "store"].map(|name| program.file(name));
    fs::create_dir(&store).unwrap();
    let links = [folder.clone(), store.join("pool.db"), program.file("backup")];
    if !links.iter().all(|link| platform::link("nowhere", link)) {
        return; // Only administrators may make links here.
    }
    let nowhere = "it is a link to nowhere, where nothing is: move it away";
    for data_dir in [&folder, &store] {
        let at = ["--data-dir", data_dir.to_str().unwrap()];
        let words = "a link to nowhere, where nothing is: move it away";
        for verb in [&INIT[..], &["verify"], &["serve"]] {
            is_told(&program, &[verb, &at].concat(), &[words]);
        }
    }
    for verb in [["backup"], ["restore"]] {
        let file = links[2].to_str().unwrap();
        let other = program.file("other");
        let data_dir = if verb == ["backup"] { program.data_dir() } else { &other };
        let at = ["--data-dir", data_dir.to_str().unwrap()];
        is_told(&program, &[&verb[..], &[file], &at].concat(), &[file, nowhere]);
    }
    let config = links[2].to_str().unwrap();
    is_told(&program, &["verify", "--config", config], &[config, nowhere]);
    // The usual place of the configuration: what is linked there was meant to be read.
    let usual = program.file(".config/hotseat/pool.toml");
    fs::create_dir_all(usual.parent().unwrap()).unwrap();
    assert!(platform::link("nowhere", &usual));
    if !platform::is_administrator() {
        is_told(&program, &["verify"], &["pool.toml", nowhere]);
    }
    for link in links {
        assert!(fs::symlink_metadata(&link).is_ok(), "{} was removed", link.display());
    }
}

#[test]
fn a_backup_goes_only_where_nobody_else_can_replace_it() {
    let program = Program::with_store();
    let folder = program.file("shared");
    fs::create_dir(&folder).unwrap();
    let backup = folder.join("backup.db");
    let call = ["backup", backup.to_str().unwrap()];
    let is_refused = |why: &str| {
        is_told(&program, &call, &[folder.to_str().unwrap(), why, "give another path"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing is left there");
    };
    if platform::open_to_all(&folder) {
        is_refused("every user may write in the directory");
    }
    if platform::give_away(&folder, 4_711) {
        is_refused("the directory belongs to user 4711");
    }
    platform::make_own(&folder);
    program.ok(&call);
    assert_eq!(platform::mode(&backup).unwrap_or(0o600), 0o600);
}
