//! Which proxy leads where.

use super::*;

fn proxies(environment: &[(&str, &str)]) -> Proxies {
    Proxies::from_environment(|name| {
        let found = environment.iter().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// Where the way to the server leads first: the proxy's host and port.
fn way(environment: &[(&str, &str)], server: &str) -> Option<String> {
    let proxy = proxies(environment).to(&server.parse().unwrap()).unwrap();
    proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
}

const SEATS: &str = "https://seats.example";
const PROXY: (&str, &str) = ("HTTPS_PROXY", "http://proxy.example:3128");

#[test]
fn the_setting_in_either_case_leads_through_the_proxy_and_an_empty_one_is_none() {
    let there = Some("proxy.example:3128".to_owned());
    assert_eq!(way(&[], SEATS), None);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(way(&[(name, "http://proxy.example:3128")], SEATS), there, "{name}");
        assert_eq!(way(&[(name, "proxy.example:3128")], SEATS), there, "{name} without a scheme");
        assert_eq!(way(&[(name, " ")], SEATS), None, "{name}");
    }
    assert_eq!(way(&[("HTTPS_PROXY", ""), ("https_proxy", PROXY.1)], SEATS), there);
    assert_eq!(way(&[("HTTP_PROXY", PROXY.1)], SEATS), None);
    let secure = way(&[("HTTPS_PROXY", "https://proxy.example")], SEATS);
    assert_eq!(secure, Some("proxy.example:443".to_owned()));
    let named = way(&[("HTTPS_PROXY", "http://bücher.example:3128")], SEATS);
    assert_eq!(named, Some("xn--bcher-kva.example:3128".to_owned()));
}

#[test]
fn nothing_leads_from_this_machine_to_itself_through_a_proxy() {
    let all = [PROXY, ("ALL_PROXY", PROXY.1), ("HTTP_PROXY", PROXY.1)];
    for server in [
        "http://127.0.0.1:7480",
        "https://127.9.9.9",
        "http://localhost:1",
        "https://LOCALHOST.",
        "http://[::1]:7480",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert_eq!(way(&all, server), None, "{server}");
    }
}

#[test]
fn no_proxy_excepts_names_their_subdomains_addresses_and_networks() {
    let excepted = |list: &str, server: &str| way(&[PROXY, ("no_proxy", list)], server).is_none();
    for (list, server) in [
        ("*", SEATS),
        ("seats.example", SEATS),
        ("SEATS.example.", SEATS),
        ("other, seats.example", SEATS),
        ("other seats.example", SEATS),
        (".example", SEATS),
        ("*.example", SEATS),
        ("example", "https://seats.example."),
        ("10.0.0.0/8", "https://10.1.2.3"),
        ("10.1.2.3", "https://10.1.2.3:7480"),
        ("fd00::/8", "https://[fd00::7]"),
        ("[fd00::7]", "https://[fd00::7]"),
        ("bücher.example", "https://BÜCHER.example"),
        ("xn--bcher-kva.example", "https://bücher.example"),
        ("seats.example:443", SEATS),
        ("example:7480", "https://seats.example:7480"),
        ("[fd00::7]:443", "https://[fd00::7]"),
    ] {
        assert!(excepted(list, server), "{list:?} does not except {server}");
    }
    for (list, server) in [
        ("", SEATS),
        ("eats.example", SEATS),
        ("seats.example.org", SEATS),
        ("10.0.0.0/8", "https://11.0.0.1"),
        ("seats.example:7480", SEATS),
        ("eats.example:443", SEATS),
    ] {
        assert!(!excepted(list, server), "{list:?} excepts {server}");
    }
    assert_eq!(way(&[PROXY, ("NO_PROXY", ""), ("no_proxy", "*")], SEATS), None);
}

#[test]
fn a_setting_that_is_no_proxy_is_named_where_it_would_count_without_its_password() {
    for value in [
        "socks5://lucy:hunter2@proxy.example",
        "http://",
        "ftp://proxy.example",
        "http://proxy.example:70000",
        "http://proxy.example:0",
        "http://lucy:9/hunter2@proxy.example",
        "http://lucy:hunter2#@proxy.example",
    ] {
        let environment = [("https_proxy", value), ("NO_PROXY", "other.example")];
        let said = proxies(&environment).to(&SEATS.parse().unwrap()).err().unwrap().to_string();
        assert!(said.contains("https_proxy") && !said.contains("hunter2"), "{said}");
        assert_eq!(way(&environment, "https://other.example"), None);
        assert_eq!(way(&environment, "http://127.0.0.1:1"), None);
    }
}

#[test]
fn the_password_of_a_proxy_is_shown_nowhere() {
    for password in ["hunter2", "hunter@2", "hun:ter2", "%68unter2"] {
        let set = format!("http://lucy:{password}@proxy.example:3128");
        let set = proxies(&[("HTTPS_PROXY", &set)]);
        let proxy = set.to(&SEATS.parse().unwrap()).unwrap().unwrap();
        let refusal = proxy.refused("it answered 407".to_owned());
        let shown = format!("{set:?} {:?} {refusal:?} {refusal}", proxy.intercept);
        assert!(shown.contains("http://proxy.example:3128"), "{shown}");
        assert!(!shown.contains("ter2") && !shown.contains("lucy"), "{shown}");
        assert!(!shown.contains("r@2") && !shown.contains("2@"), "{shown}");
        // Nor as the proxy is told them: "lucy:" in base 64.
        assert!(!shown.contains("bHVjeT"), "{shown}");
        assert!(proxy.intercept.basic_auth().is_some(), "{password}");
    }
}
