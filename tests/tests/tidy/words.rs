//! Rules about single words of Rust, read as tokens: comments and texts do not count.

use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::tree::File;

/// Conditions that tell operating systems apart.
const SYSTEMS: &[&str] = &["target_os", "target_family", "unix", "windows"];

/// Macros that print.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// Where the programs' output leaves them, those of the tests and tools, and what cargo itself wants
/// printed.
const OUTPUT_MODULES: &[&str] = &[
    "protocol/output/src/platform/unix.rs",
    "protocol/output/src/platform/windows.rs",
    "xtask/src/output.rs",
    "pool/examples/refusals/output.rs",
    "tests/src/bin/hotseat-compat/output.rs",
    "tests/src/bin/hotseat-demo/output.rs",
    "tests/src/bin/hotseat-ends/output.rs",
    "tests/src/bin/hotseat-model/output.rs",
    "tests/src/bin/hotseat-sim/output.rs",
    "tests/src/bin/hotseat-storm/output.rs",
];

/// Whether a file may print: output modules, build scripts, and tests, whose output the runner keeps.
pub(crate) fn may_print(path: &str) -> bool {
    let is_test =
        path.starts_with("tests/tests/") || path.contains("/tests/") || path.ends_with("tests.rs");
    OUTPUT_MODULES.contains(&path) || path.ends_with("/build.rs") || is_test
}

/// Complains about conditions on the operating system.
pub(crate) fn platform(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    each_position(&tokens(file), &mut |rest| {
        let [first, after @ ..] = rest else { return };
        if !["cfg", "cfg_attr"].contains(&word(first).as_str()) {
            return;
        }
        // `cfg(..)` in an attribute, `cfg!(..)` in code.
        let Some(TokenTree::Group(condition)) = after.iter().find(|token| !is_mark(token, '!'))
        else {
            return;
        };
        let mut words = Vec::new();
        each_position(&condition.stream().into_iter().collect::<Vec<_>>(), &mut |rest| {
            words.extend(rest.first().map(word));
        });
        for system in words.iter().filter(|word| SYSTEMS.contains(&word.as_str())) {
            found.push(format!("line {}: `cfg({system})` belongs below `platform/`", line(first)));
        }
    });
    found
}

/// Complains about printing, by macro or by hand.
pub(crate) fn printing(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    each_position(&tokens(file), &mut |rest| {
        let [first, second, after @ ..] = rest else {
            return;
        };
        let asks_only = after.get(1).is_some_and(|token| word(token) == "is_terminal");
        let word = word(first);
        let by_macro = PRINTING.contains(&word.as_str()) && is_mark(second, '!');
        let is_call = matches!(second, TokenTree::Group(group) if group.stream().is_empty());
        let by_hand = ["stdout", "stderr"].contains(&word.as_str()) && is_call && !asks_only;
        if by_macro || by_hand {
            found.push(format!(
                "line {}: `{word}` belongs into the program's output module",
                line(first)
            ));
        }
    });
    found
}

/// Shows every position of the tokens, those inside brackets too, with all that follows there.
fn each_position(tokens: &[TokenTree], look: &mut impl FnMut(&[TokenTree])) {
    for start in 0..tokens.len() {
        look(&tokens[start..]);
        if let TokenTree::Group(group) = &tokens[start] {
            each_position_of(group.stream(), look);
        }
    }
}

fn each_position_of(stream: TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let inside: Vec<TokenTree> = stream.into_iter().collect();
    each_position(&inside, look);
}

fn tokens(file: &File) -> Vec<TokenTree> {
    let stream = TokenStream::from_str(&file.text);
    stream.unwrap_or_else(|error| panic!("{}: {error}", file.path)).into_iter().collect()
}

fn word(token: &TokenTree) -> String {
    if let TokenTree::Ident(ident) = token { ident.to_string() } else { String::new() }
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

#[test]
fn conditions_on_the_system_are_seen() {
    let fine = "#[cfg(test)]\nmod tests {}\n#[cfg_attr(not(debug_assertions), windows_subsystem = \"windows\")]\nfn f() {}";
    assert_eq!(platform(&File::new("a.rs", fine)), Vec::<String>::new());
    for text in [
        "#[cfg(target_os = \"linux\")]\nfn f() {}",
        "#![cfg(unix)]",
        "fn f() { if cfg!(all(test, windows)) {} }",
        "#[cfg_attr(unix, path = \"a.rs\")]\nmod a;",
    ] {
        assert_eq!(platform(&File::new("a.rs", text)).len(), 1, "{text}");
    }
}

#[test]
fn printing_is_seen() {
    let fine = "fn f() { write!(out, \"a\"); command.stdout(Stdio::null()); builder.with_writer(std::io::stderr);
        std::io::stderr().is_terminal(); }";
    assert_eq!(printing(&File::new("a.rs", fine)), Vec::<String>::new());
    let text = "fn f() { println!(\"a\"); eprint!(\"b\"); std::io::stdout().lock(); }";
    assert_eq!(printing(&File::new("a.rs", text)).len(), 3);
    assert!(may_print("protocol/output/src/platform/unix.rs") && !may_print("pool/src/output.rs"));
}
