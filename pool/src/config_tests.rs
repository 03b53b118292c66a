//! Where a value may come from, and what is said about a wrong one.

use super::*;

struct Given {
    flags: Flags,
    environment: Vec<(&'static str, &'static str)>,
    file: &'static str,
}

fn given() -> Given {
    Given { flags: Flags::default(), environment: vec![], file: "" }
}

fn file(text: &str) -> ConfigFile {
    ConfigFile { path: "/etc/hotseat/pool.toml".into(), keys: text.parse().unwrap() }
}

fn load_from(given: Given) -> Result<Config, ConfigError> {
    let environment =
        given.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let file = file(given.file);
    let places = Places { data_dir: Some("/var/lib/hotseat-pool".into()), ..Places::default() };
    resolve(&given.flags, &environment.collect(), Some(&file), &places)
}

fn complaint(given: Given) -> String {
    load_from(given).unwrap_err().to_string()
}

#[test]
fn defaults() {
    let config = load_from(given()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7480");
    assert_eq!(config.data_dir, Path::new("/var/lib/hotseat-pool"));
    assert_eq!(config.store_file(), Path::new("/var/lib/hotseat-pool/pool.db"));
    assert_eq!(config.log.as_str(), "info");
    assert_eq!(config.log_format, LogFormat::Text);
}

#[test]
fn a_flag_beats_the_environment_and_the_environment_beats_the_file() {
    let file = "listen = \"127.0.0.1:1\"\nlog = \"warn\"\nlog_format = \"json\"";
    let environment = vec![("HOTSEAT_POOL_LISTEN", "127.0.0.1:2"), ("HOTSEAT_POOL_LOG", "debug")];
    let flags = Flags { listen: Some("[::1]:3".to_owned()), ..Flags::default() };
    let config = load_from(Given { flags, environment, file }).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.log.as_str(), "debug");
    assert_eq!(config.log_format, LogFormat::Json);
}

#[test]
fn a_wrong_value_names_the_key_the_value_and_what_is_allowed() {
    for (file, words) in [
        ("listen = \"here\"", ["listen", "\"here\"", "127.0.0.1:7480"]),
        ("listen = 7480", ["listen", " = 7480 is", "text in quotes"]),
        ("data_dir = \"data\"", ["data_dir", "\"data\"", "absolute path"]),
        ("journal = \"paper\"", ["journal", "\"paper\"", "sqlite"]),
        ("log = \"a=b=c\"", ["log", "\"a=b=c\"", "MODULE=LEVEL"]),
        ("trusted_proxies = [\"x\"]", ["trusted_proxies", "\"x\"", "10.0.0.0/8"]),
        ("trusted_proxies = \"10.0.0.1\"", ["trusted_proxies", "10.0.0.1", "[\"ONE\""]),
        ("hosts = [\"https://x\"]", ["hosts", "https://x", "seats.example"]),
        ("log_format = \"xml\"", ["log_format", "\"xml\"", "text or json"]),
    ] {
        let said = complaint(Given { file, ..given() });
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.starts_with("/etc/hotseat/pool.toml"), "{said}");
    }
}

#[test]
fn a_list_is_an_array_in_the_file_and_has_commas_in_the_environment() {
    let file = "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\nhosts = [\"a.example\"]";
    let environment = vec![("HOTSEAT_POOL_HOSTS", "b.example, 192.0.2.7")];
    let config = load_from(Given { environment, file, ..given() }).unwrap();
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.hosts, ["b.example", "192.0.2.7"].map(|name| name.parse().unwrap()));
}

#[test]
fn an_unknown_key_is_an_error_that_lists_the_keys() {
    let said = complaint(Given { file: "lisen = \"127.0.0.1:1\"", ..given() });
    assert!(said.contains("\"lisen\"") && said.contains("listen, data_dir"), "{said}");
}

#[test]
fn an_unknown_variable_is_told_but_no_error() {
    let environment = vec![("HOTSEAT_POOL_PORT", "tcp://10.0.0.1:7480")];
    let config = load_from(Given { environment, ..given() }).unwrap();
    assert_eq!(config.unknown_variables, ["HOTSEAT_POOL_PORT"]);
}

#[test]
fn listening_off_the_loopback_is_refused_with_the_reason() {
    for address in ["0.0.0.0:7480", "192.0.2.1:7480", "[::]:7480"] {
        let environment = vec![("HOTSEAT_POOL_LISTEN", address)];
        let said = complaint(Given { environment, ..given() });
        assert!(said.contains("TLS") && said.contains(address), "{said}");
        assert!(said.contains("HOTSEAT_POOL_LISTEN"), "{said}");
    }
}

#[test]
fn a_path_on_the_command_line_is_relative_to_where_it_is_typed() {
    let flags = Flags { data_dir: Some("data".into()), ..Flags::default() };
    assert!(load_from(Given { flags, ..given() }).unwrap().data_dir.is_absolute());
}

#[test]
fn the_administration_socket_is_in_the_runtime_directory_or_beside_the_store() {
    let places = |runtime_dir: Option<&str>| Places {
        runtime_dir: runtime_dir.map(Into::into),
        system_runtime: Some(("/var/lib/hotseat-pool".into(), "/run/hotseat-pool".into())),
        ..Places::default()
    };
    let sockets = |data_dir: &str, runtime_dir| -> Vec<String> {
        let found = admin_sockets(Path::new(data_dir), &places(runtime_dir));
        found.iter().map(|path| path.display().to_string()).collect()
    };
    let (beside, run) = ("/var/lib/hotseat-pool/admin.sock", "/run/hotseat-pool/admin.sock");
    assert_eq!(sockets("/var/lib/hotseat-pool", None), [run, beside]);
    assert_eq!(sockets("/var/lib/hotseat-pool", Some("/run/hotseat-pool")), [run, beside]);
    // Another store's server must not be taken for this one's.
    assert_eq!(sockets("/srv/other", None), ["/srv/other/admin.sock"]);
    let two = ["/run/other/admin.sock", "/srv/other/admin.sock"];
    assert_eq!(sockets("/srv/other", Some("/run/other")), two);
    assert_eq!(first_directory(OsStr::new("/run/a:/run/b")), Some("/run/a".into()));
    assert_eq!(first_directory(OsStr::new("")), None);
}

#[test]
fn a_named_administration_socket_is_the_only_one() {
    let config = load_from(Given { file: "admin_socket = \"/run/a.sock\"", ..given() }).unwrap();
    assert_eq!(config.admin_sockets, [Path::new("/run/a.sock")]);
    let said = complaint(Given { file: "admin_socket = \"a.sock\"", ..given() });
    assert!(said.contains("admin_socket") && said.contains("absolute path"), "{said}");
}
