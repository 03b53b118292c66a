//! The page of a night: a table of its stages, and the last that each of them said.

use std::fs;

use super::Outcome;
use crate::command::workspace;
use crate::output::spoken;

/// Lines of a stage's end that are kept.
const LINES_MAX: usize = 30;
/// Beginnings of lines that say nothing about what was found.
const NOISE: [&str; 7] =
    ["Compiling ", "Checking ", "Downloading ", "Downloaded ", "Blocking ", "Locking ", "Adding "];

/// The page so far.
#[derive(Debug)]
pub(super) struct Page {
    head: String,
    rows: Vec<String>,
    ends: Vec<String>,
    failed: Vec<&'static str>,
}

impl Page {
    /// Begins a page that names what is left out this time.
    pub(super) fn begin(date: &str, commit: &str, skipped: &[&str]) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let skipped = match skipped {
            [] => String::new(),
            skipped => format!(" Left out: {}.", skipped.join(", ")),
        };
        let head = format!(
            "# The night of {date}\n\n\
             `cargo xtask nightly` on {commit}, {processors} processors.{skipped}\n\n\
             | stage | | time | command |\n|---|---|---|---|\n"
        );
        Self { head, rows: Vec::new(), ends: Vec::new(), failed: Vec::new() }
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        let Outcome { name, line, took, error, log } = outcome;
        let told = error.as_ref().map_or("well".to_owned(), |error| format!("**FAILED**: {error}"));
        self.rows.push(format!("| {name} | {told} | {} | `{line}` |\n", spoken(*took)));
        let said = fs::read_to_string(log).unwrap_or_default();
        let said = without_place(&said, &workspace().display().to_string());
        self.ends.push(format!("\n## {name}\n\n```\n{}```\n", closing_lines(&said)));
        if error.is_some() {
            self.failed.push(name);
        }
    }

    pub(super) fn text(&self) -> String {
        format!("{}{}{}", self.head, self.rows.concat(), self.ends.concat())
    }

    pub(super) fn failed(&self) -> &[&'static str] {
        &self.failed
    }
}

/// The same without the directory of the checkout: the page is kept with the code, which knows no
/// machine.
fn without_place(said: &str, workspace: &str) -> String {
    said.replace(&format!("{workspace}/"), "").replace(workspace, ".")
}

/// The last lines, without those of a compiler that all is well with.
fn closing_lines(said: &str) -> String {
    let tells = |line: &&str| {
        let line = line.trim_start();
        !line.is_empty() && !NOISE.iter().any(|noise| line.starts_with(noise))
    };
    let lines: Vec<&str> = said.lines().filter(tells).collect();
    let last = &lines[lines.len().saturating_sub(LINES_MAX)..];
    // A fence inside would end the block.
    last.iter().map(|line| format!("{}\n", line.trim_end().replace("```", "'''"))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_has_a_row_and_the_end_of_each_stage() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("sim.log");
        fs::write(&log, "   Compiling x v0.1\n7 seeds\n").expect("it can be written");
        let mut page = Page::begin("2026-11-30", "abc", &[]);
        let outcome = |error: Option<&str>, log: PathBuf| Outcome {
            name: "sim",
            line: "cargo xtask sim".to_owned(),
            took: Duration::from_secs(187),
            error: error.map(str::to_owned),
            log,
        };
        page.add(&outcome(None, log));
        assert!(page.failed().is_empty());
        page.add(&outcome(Some("exit status: 1"), folder.path().join("none.log")));
        let text = page.text();
        assert!(text.contains("| sim | well | 3 min 07 s | `cargo xtask sim` |"), "{text}");
        assert!(text.contains("| sim | **FAILED**: exit status: 1 |"), "{text}");
        assert!(text.contains("```\n7 seeds\n```"), "{text}");
        assert_eq!(page.failed(), ["sim"]);
    }

    #[test]
    fn a_page_does_not_know_where_the_checkout_is() {
        let said =
            "$ cargo clippy --target-dir /somewhere/hotseat/target\nin /somewhere/hotseat: 7\n";
        let told = "$ cargo clippy --target-dir target\nin .: 7\n";
        assert_eq!(without_place(said, "/somewhere/hotseat"), told);
    }

    #[test]
    fn only_the_end_is_kept() {
        let said: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let kept = closing_lines(&said);
        assert!(kept.starts_with("line 70\n") && kept.ends_with("line 99\n"), "{kept}");
        assert_eq!(closing_lines("a ``` b"), "a ''' b\n");
    }
}
