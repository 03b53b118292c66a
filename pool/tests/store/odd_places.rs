//! A directory in the place of a file, a file in that of a directory, links to nothing, and
//! directories that are others' too: each is told with its path and what helps.

use std::fs;
use std::path::Path;

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
        eprintln!("skipped: a pipe is no file of a folder here");
        return;
    }
    let pipe = pipe.to_str().unwrap();
    for aside in ["pool.db-wal", "pool.db-journal"] {
        let aside = program.data_dir().join(aside);
        assert!(platform::pipe(&aside));
        is_told(&program, &["serve"], &[aside.to_str().unwrap(), "it is a pipe or a socket"]);
        fs::remove_file(&aside).unwrap();
    }
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
    let files = [(&store, 0o644, 0o600), (&token, 0o440, 0o400)];
    let opened = files.map(|(file, from, to)| {
        let done = platform::set_mode(file, from);
        if !done {
            eprintln!("skipped: {} has no mode here", file.display());
        }
        done.then_some((file, from, to))
    });
    let log = program.serve().kill();
    for (file, from, to) in opened.into_iter().flatten() {
        assert_eq!(platform::mode(file), Some(to), "{}", file.display());
        let named = file.file_name().unwrap().to_str().unwrap();
        let line = log.lines().find(|line| line.contains(named)).unwrap_or_default();
        let modes = format!("mode={from:04o} now={to:04o}");
        assert!(line.contains(&modes), "{modes} is not in {log}");
    }
    for file in [&store, &token] {
        if !platform::give_away(file, 4_711) {
            eprintln!("skipped: only root can give {} away", file.display());
            continue;
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
fn a_link_in_the_place_of_a_store_or_token_is_refused_and_what_it_leads_to_is_left() {
    let program = Program::with_store();
    let precious = program.file("precious");
    let (store, token) = (program.store(), program.data_dir().join("admin.token"));
    let log = program.data_dir().join("pool.db-wal");
    for (file, words) in [(&store, "pool.db"), (&log, "pool.db-wal"), (&token, "admin.token")] {
        let aside = program.file("aside");
        let was_there = fs::rename(file, &aside).is_ok();
        fs::write(&precious, "precious").unwrap();
        let has_mode = platform::set_mode(&precious, 0o644);
        let linked = platform::link(precious.to_str().unwrap(), file);
        if linked && has_mode {
            let words = [words, "it is a link to", "precious, and must be the file itself"];
            is_told(&program, &["serve"], &words);
            if *file == token {
                let elsewhere = ["--server", "https://localhost:1", "user", "list"];
                is_told(&program, &elsewhere, &words);
            } else {
                is_told(&program, &["recover", "--yes"], &words);
                is_told(&program, &["verify"], &words);
                let backup = program.file("backup.db");
                is_told(&program, &["backup", backup.to_str().unwrap()], &words);
            }
            assert_eq!(platform::mode(&precious), Some(0o644), "{}", file.display());
            assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        } else {
            eprintln!("skipped: {}: no links or no modes here", file.display());
        }
        let _ = fs::remove_file(file);
        if was_there {
            fs::rename(&aside, file).unwrap();
        }
    }
    assert!(program.verify().0);
}

#[test]
fn what_stands_in_a_configuration_that_is_not_toml_is_not_told() {
    let program = Program::with_store();
    let config = program.file("pool.toml");
    fs::write(&config, "log = \"warn\"\n  token hsa_precious\n").unwrap();
    let config = config.to_str().unwrap();
    let said = program.fails(1, &["verify", "--config", config]);
    assert!(said.contains("line 2, column 9; after a key comes `=`"), "{said}");
    assert!(!said.contains("precious"), "{said}");
}

#[test]
fn a_link_to_nothing_is_named_and_left() {
    let program = Program::with_store();
    let [folder, store] = ["folder", "store"].map(|name| program.file(name));
    fs::create_dir(&store).unwrap();
    let linked = |at: &Path| {
        let made = platform::link("nowhere", at);
        if !made {
            eprintln!("skipped: only administrators may make the link {} here", at.display());
        }
        made
    };
    let in_store = store.join("pool.db");
    let nowhere = "a link to nowhere, where nothing is: move it away";
    for (data_dir, link) in [(&folder, &folder), (&store, &in_store)] {
        if !linked(link) {
            continue;
        }
        let at = ["--data-dir", data_dir.to_str().unwrap()];
        for verb in [&INIT[..], &["verify"], &["serve"]] {
            is_told(&program, &[verb, &at].concat(), &[nowhere]);
        }
        assert!(fs::symlink_metadata(link).is_ok(), "{} was removed", link.display());
    }
    let nowhere = format!("it is {nowhere}");
    let backup = program.file("backup");
    if linked(&backup) {
        let file = backup.to_str().unwrap();
        let other = program.file("other");
        for (verb, data_dir) in [("backup", program.data_dir()), ("restore", &other)] {
            let at = ["--data-dir", data_dir.to_str().unwrap()];
            is_told(&program, &[&[verb, file][..], &at].concat(), &[file, &nowhere]);
        }
        is_told(&program, &["verify", "--config", file], &[file, &nowhere]);
        assert!(fs::symlink_metadata(&backup).is_ok(), "{file} was removed");
    }
    // The usual place of the configuration: what is linked there was meant to be read.
    let usual = program.file(".config/hotseat/pool.toml");
    if platform::is_administrator() {
        eprintln!("skipped: an administrator's usual place is the machine's own");
        return;
    }
    fs::create_dir_all(usual.parent().unwrap()).unwrap();
    if linked(&usual) {
        is_told(&program, &["verify"], &["pool.toml", &nowhere]);
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
        is_told(&program, &call, &[folder.to_str().unwrap(), why, "Give another path"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing is left there");
    };
    if platform::open_to_all(&folder) {
        is_refused("every user may write in the directory");
    } else {
        eprintln!("skipped: a directory cannot be opened to all users here");
    }
    if platform::give_away(&folder, 4_711) {
        is_refused("the directory belongs to user 4711");
    } else {
        eprintln!("skipped: only root can give a directory away");
    }
    platform::make_own(&folder);
    program.ok(&call);
    assert_eq!(platform::mode(&backup).unwrap_or(0o600), 0o600);
}
