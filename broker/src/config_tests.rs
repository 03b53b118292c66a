//! What the configuration accepts, which source wins, and what it says about mistakes.

use super::*;

/// What an absolute path of Unix is called here.
fn here(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap()
}

fn file(text: &str) -> ConfigFile {
    ConfigFile { path: PathBuf::from("/etc/hotseat/broker.toml"), keys: text.parse().unwrap() }
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, OsString> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(value));
    pairs.iter().map(pair).collect()
}

fn system() -> Places {
    Places {
        config: None,
        state_dir: Some("/var/lib/hotseat".into()),
        socket: Some("/run/hotseat/broker.sock".into()),
        no_home: false,
    }
}

fn message(env: &[(&str, &str)], text: &str) -> String {
    let result = resolve(&Flags::default(), &environment(env), Some(&file(text)), &system());
    result.unwrap_err().to_string()
}

#[test]
fn nothing_said_means_the_defaults() {
    let config = resolve(&Flags::default(), &environment(&[]), None, &system()).unwrap();
    let expected = Config {
        server_url: None,
        socket: "/run/hotseat/broker.sock".into(),
        state_dir: "/var/lib/hotseat".into(),
        log: "info".parse().unwrap(),
        boot_id_file: None,
        hooks: BTreeMap::new(),
    };
    assert_eq!(config, expected);
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let text = "socket = '/f/s'\nstate_dir = '/f/d'\nlog = 'warn'\nserver_url = 'https://f'";
    let (socket, state_dir) = (here("/e/s"), here("/e/d"));
    let env = [
        ("HOTSEAT_SOCKET", socket.to_str().unwrap()),
        ("HOTSEAT_BROKER_STATE_DIR", state_dir.to_str().unwrap()),
    ];
    let flags = Flags { state_dir: Some("/flag".into()), ..Flags::default() };
    let config = resolve(&flags, &environment(&env), Some(&file(text)), &system()).unwrap();
    assert_eq!(config.state_dir, here("/flag"));
    assert_eq!(config.socket, socket);
    assert_eq!(config.log.as_str(), "warn");
    assert_eq!(config.server_url.unwrap().to_string(), "https://f");
}

#[test]
fn the_brokers_own_variable_beats_the_shared_one() {
    let (shared, own) = (here("/shared"), here("/own"));
    let env = [
        ("HOTSEAT_SOCKET", shared.to_str().unwrap()),
        ("HOTSEAT_BROKER_SOCKET", own.to_str().unwrap()),
    ];
    let config = resolve(&Flags::default(), &environment(&env), None, &system()).unwrap();
    assert_eq!(config.socket, own);
}

#[test]
fn a_mistake_names_the_key_the_value_and_what_is_allowed() {
    for (env, text, words) in [
        (&[][..], "sokcet = '/a'", ["sokcet", "broker.toml", "state_dir"]),
        (&[], "socket = 'a'", ["socket", "\"a\"", "absolute path"]),
        (&[], "socket = 7", ["socket", "\"7\"", "text in quotes"]),
        (&[], "log = 'a=b=c'", ["log", "a=b=c", "MODULE=LEVEL"]),
        (
            &[],
            "server_url = 'http://seats.example'",
            ["server_url", "http://seats.example", "https://"],
        ),
        (&[("HOTSEAT_BROKER_LGO", "info")], "", ["HOTSEAT_BROKER_LGO", "lgo", "boot_id_file"]),
        (
            &[("HOTSEAT_BROKER_SOCKET", "x")],
            "",
            ["HOTSEAT_BROKER_SOCKET", "\"x\"", "absolute path"],
        ),
    ] {
        let said = message(env, text);
        for word in words {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
    }
}

#[test]
fn a_user_without_a_place_for_the_socket_is_told_to_name_one() {
    let nowhere = Places::default();
    let said = resolve(&Flags::default(), &environment(&[]), None, &nowhere).unwrap_err();
    assert!(said.to_string().contains("give socket"), "{said}");
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let nowhere = PathBuf::from("/nonexistent/broker.toml");
    assert!(ConfigFile::read(nowhere.clone(), false).unwrap().is_none());
    let said = ConfigFile::read(nowhere, true).err().unwrap().to_string();
    assert!(said.contains("/nonexistent/broker.toml"), "{said}");
}

#[test]
fn an_empty_variable_is_an_unset_one_and_a_missing_home_is_named() {
    let nowhere = Places { no_home: true, ..Places::default() };
    let said = resolve(&Flags::default(), &BTreeMap::new(), None, &nowhere).unwrap_err();
    assert!(said.to_string().contains("HOME"), "{said}");
}
