//! How many tests ran, read from the JUnit files that both test runners write.

use std::fs;
use std::ops::Add;
use std::path::Path;

use anyhow::{Context, Result};

/// Tests of one or more runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that ran and passed.
    pub(crate) passed: u64,
    /// Tests that ran and failed.
    pub(crate) failed: u64,
}

impl Counts {
    /// Reads the totals of a JUnit file.
    pub(crate) fn read(file: &Path) -> Result<Counts> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("no test report at {}", file.display()))?;
        Counts::parse(&text).with_context(|| format!("{} is not a test report", file.display()))
    }

    fn parse(text: &str) -> Option<Counts> {
        let (_, rest) = text.split_once("<testsuites ")?;
        let (head, _) = rest.split_once('>')?;
        let failed = attribute(head, "failures")? + attribute(head, "errors").unwrap_or(0);
        Some(Counts { passed: attribute(head, "tests")?.checked_sub(failed)?, failed })
    }
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

fn attribute(head: &str, name: &str) -> Option<u64> {
    let (_, rest) = head.split_once(&format!("{name}=\""))?;
    rest.split_once('"')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_stand_in_the_first_element() {
        let text = r#"<?xml version="1.0"?>
<testsuites name="nextest-run" tests="15" failures="2" errors="1" time="1.5">
  <testsuite name="a" tests="15" failures="2"></testsuite></testsuites>"#;
        assert_eq!(Counts::parse(text), Some(Counts { passed: 12, failed: 3 }));
    }

    #[test]
    fn another_file_is_no_report() {
        assert_eq!(Counts::parse("<html></html>"), None);
    }
}
