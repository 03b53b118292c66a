//! The pure crates: no standard library, and nothing below them that reads a clock or does I/O.
//!
//! That they are `no_std` makes the compiler reject clocks, files, sockets and threads; what they
//! depend on could still bring them in, so the resolved tree of dependencies is looked at too.

use std::collections::BTreeSet;
use std::process::Command;

use hotseat_tests::paths::workspace;

use crate::tree::Tree;

/// The crates that decide, and where the root of each is.
const PURE: [(&str, &str); 2] =
    [("hotseat-rules", "pool/rules/src/lib.rs"), ("hotseat-broker-core", "broker/core/src/lib.rs")];

/// Crates whose presence means waiting, sockets, files, randomness or logs.
const IMPURE: [&str; 15] = [
    "axum",
    "futures-util",
    "getrandom",
    "hyper",
    "interprocess",
    "mio",
    "nix",
    "rand",
    "rusqlite",
    "rustix",
    "socket2",
    "tokio",
    "tracing",
    "ureq",
    "zbus",
];

/// Packages of which people install the programs.
const SHIPPED: [&str; 3] = ["hotseat-pool", "hotseat-broker", "hotseat-tray"];

/// Features that are there for tests.
const FOR_TESTS: [&str; 1] = ["tokio feature \"test-util\""];

/// What `cargo tree` tells with these arguments.
fn cargo_tree(arguments: &[&str]) -> String {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--prefix", "none", "--offline", "--locked"])
        .args(arguments)
        .current_dir(workspace())
        .output()
        .expect("cargo is there");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).expect("cargo writes UTF-8")
}

/// The names of everything that a package is built from, itself included.
fn built_from(package: &str) -> BTreeSet<String> {
    let names = cargo_tree(&["--package", package, "--edges", "normal"]);
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Complains about features for tests in what `cargo tree` tells of a package.
fn for_tests(package: &str, features: &str) -> Vec<String> {
    let found = FOR_TESTS.iter().filter(|feature| features.contains(**feature));
    found.map(|feature| format!("{package} is built with {feature}")).collect()
}

#[test]
fn what_people_install_has_no_features_for_tests() {
    let mut complaints = Vec::new();
    for package in SHIPPED {
        let features = cargo_tree(&["--package", package, "--edges", "normal,features"]);
        assert!(features.contains("tokio feature \"net\""), "no features are told of {package}");
        complaints.extend(for_tests(package, &features));
    }
    crate::report(&complaints);
}

#[test]
fn a_feature_for_tests_is_noticed() {
    let features = cargo_tree(&["--package", "hotseat-tests", "--edges", "normal,features"]);
    assert_eq!(for_tests("hotseat-tests", &features).len(), FOR_TESTS.len());
}

/// Complains about impure crates among these.
fn impure(package: &str, names: &BTreeSet<String>) -> Vec<String> {
    let found = IMPURE.iter().filter(|name| names.contains(**name));
    found.map(|name| format!("{package} is built from {name}")).collect()
}

/// Complains about a root that lets the standard library in.
fn no_std(path: &str, root: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for attribute in ["#![no_std]", "#![deny(clippy::arithmetic_side_effects)]"] {
        if !root.lines().any(|line| line.trim() == attribute) {
            complaints.push(format!("{path} has no line `{attribute}`"));
        }
    }
    if root.contains("extern crate std") {
        complaints.push(format!("{path} lets the standard library in"));
    }
    complaints
}

#[test]
fn the_rules_and_the_core_are_pure() {
    let tree = Tree::read();
    let mut complaints = Vec::new();
    for (package, path) in PURE {
        complaints.extend(impure(package, &built_from(package)));
        complaints.extend(no_std(path, &tree.text(path).expect("the crate has a root")));
    }
    crate::report(&complaints);
}

#[test]
fn the_wire_types_have_no_async_below_them() {
    crate::report(&impure("hotseat-protocol", &built_from("hotseat-protocol")));
}

#[test]
fn an_impure_crate_is_seen() {
    let names = built_from("hotseat-ipc");
    assert!(impure("hotseat-ipc", &names).contains(&"hotseat-ipc is built from tokio".to_owned()));
    assert_eq!(no_std("a", "#![no_std]\n#![deny(clippy::arithmetic_side_effects)]\n").len(), 0);
    assert_eq!(no_std("a", "extern crate std;\n").len(), 3);
}
