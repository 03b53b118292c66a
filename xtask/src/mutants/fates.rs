//! What became of the generated changes: one a line, a file for each fate, as cargo-mutants writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::output;

/// From this share on, in per cent, too many survive.
const TOO_MANY: usize = 10;

/// The changes by their fate, each as `file:line:column: what`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fates {
    pub(super) caught: BTreeSet<String>,
    pub(super) survived: BTreeSet<String>,
    /// The tests did not end: somebody would notice.
    pub(super) hung: BTreeSet<String>,
    /// Does not compile, so it says nothing.
    pub(super) unviable: BTreeSet<String>,
}

impl Fates {
    /// Reads what was written to a folder.
    pub(super) fn read(folder: &Path) -> Result<Fates> {
        let lines = |name: &str| {
            let file = folder.join(name);
            let text = fs::read_to_string(&file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            Ok::<_, anyhow::Error>(text.lines().map(str::to_owned).collect())
        };
        Ok(Fates {
            caught: lines("caught.txt")?,
            survived: lines("missed.txt")?,
            hung: lines("timeout.txt")?,
            unviable: lines("unviable.txt")?,
        })
    }

    /// Writes them to a folder, under the same names.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let files = [
            ("caught.txt", &self.caught),
            ("missed.txt", &self.survived),
            ("timeout.txt", &self.hung),
            ("unviable.txt", &self.unviable),
        ];
        for (name, changes) in files {
            let text: String = changes.iter().map(|change| format!("{change}\n")).collect();
            let file = folder.join(name);
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    /// Survivors that a second, slower look noticed have not survived.
    pub(super) fn look_again(&mut self, second: &Fates) {
        for (from, to) in [(&second.caught, &mut self.caught), (&second.hung, &mut self.hung)] {
            let noticed: Vec<String> = from.intersection(&self.survived).cloned().collect();
            self.survived.retain(|change| !from.contains(change));
            to.extend(noticed);
        }
    }

    /// Adds what became of other changes.
    pub(super) fn add(&mut self, other: Fates) {
        self.caught.extend(other.caught);
        self.survived.extend(other.survived);
        self.hung.extend(other.hung);
        self.unviable.extend(other.unviable);
    }

    /// Takes over what became of changes now, whatever became of them before.
    pub(super) fn learn(&mut self, newer: Fates) {
        let sets = [&mut self.caught, &mut self.survived, &mut self.hung, &mut self.unviable];
        for changes in sets {
            changes.retain(|change| !newer.knows(change));
        }
        self.add(newer);
    }

    fn knows(&self, change: &str) -> bool {
        let sets = [&self.caught, &self.survived, &self.hung, &self.unviable];
        sets.iter().any(|changes| changes.contains(change))
    }

    /// All of which is known what became of them.
    pub(super) fn known(&self) -> usize {
        self.viable() + self.unviable.len()
    }

    /// All that compiled.
    fn viable(&self) -> usize {
        self.caught.len() + self.survived.len() + self.hung.len()
    }

    /// Prints survivors, counts and share.
    pub(super) fn tell(&self) {
        for change in &self.survived {
            output::line(&format!("survived: {change}"));
        }
        output::line(&self.by_kind());
        output::line(&self.counts());
    }

    /// Too large a share is an error.
    pub(super) fn judge(&self) -> Result<()> {
        if self.survived.len() * 100 >= self.viable() * TOO_MANY && !self.survived.is_empty() {
            bail!("{TOO_MANY} % or more survived; write tests that notice the ones named above")
        }
        Ok(())
    }

    /// How many survived, and what became of the others.
    pub(super) fn counts(&self) -> String {
        format!(
            "{} of {} generated changes survived: {} (caught {}, hung {}; {} more did not compile)",
            self.survived.len(),
            self.viable(),
            share(self.survived.len(), self.viable()),
            self.caught.len(),
            self.hung.len(),
            self.unviable.len()
        )
    }

    /// Survivors and all, for each kind of change.
    fn by_kind(&self) -> String {
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for change in self.caught.iter().chain(&self.survived).chain(&self.hung) {
            let (survived, all) = kinds.entry(kind(change)).or_default();
            *all += 1;
            *survived += usize::from(self.survived.contains(change));
        }
        let lines = kinds.iter().map(|(kind, (survived, all))| {
            format!("{kind:<24} {survived:>4} of {all:>4}, {}", share(*survived, *all))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// What kind of change it is.
fn kind(change: &str) -> &'static str {
    let what = change.splitn(4, ':').nth(3).unwrap_or(change).trim_start();
    let replaced = what.strip_prefix("replace ").and_then(|rest| rest.split(' ').next());
    match replaced {
        Some("match") => "guard of a match",
        Some("==" | "!=" | "<" | "<=" | ">" | ">=") => "comparison",
        Some("&&" | "||") => "and, or",
        Some("+" | "-" | "*" | "/" | "%" | "+=" | "-=" | "*=" | "/=" | "%=") => "arithmetic",
        Some(_) => "body of a function",
        None if what.starts_with("delete match arm") => "arm of a match",
        None if what.starts_with("delete field") => "field of a value",
        None => "not, minus",
    }
}

/// A part of a whole in per cent: `8.3 %`.
fn share(part: usize, whole: usize) -> String {
    let tenths = (part * 1_000 + whole / 2).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_share_is_told_with_one_digit() {
        assert_eq!(share(5, 60), "8.3 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!(share(2, 2), "100.0 %");
    }

    #[test]
    fn who_was_noticed_at_the_second_look_has_not_survived() {
        let mut fates = Fates { survived: changes(&["a", "b", "c"]), ..Fates::default() };
        // What another change of the same words became says nothing about these.
        fates.look_again(&Fates {
            caught: changes(&["a", "x"]),
            hung: changes(&["c"]),
            ..Fates::default()
        });
        let expected = Fates {
            caught: changes(&["a"]),
            survived: changes(&["b"]),
            hung: changes(&["c"]),
            ..Fates::default()
        };
        assert_eq!(fates, expected);
    }

    #[test]
    fn parts_add_up_and_a_tenth_is_too_many() {
        let mut fates = Fates { survived: changes(&["a"]), ..Fates::default() };
        fates.add(Fates {
            caught: changes(&["b", "c"]),
            unviable: changes(&["d"]),
            ..Fates::default()
        });
        let told =
            "1 of 3 generated changes survived: 33.3 % (caught 2, hung 0; 1 more did not compile)";
        assert_eq!(fates.counts(), told);
        assert!(fates.judge().is_err());
        let seven = ["e", "f", "g", "h", "i", "j", "k"];
        fates.add(Fates { caught: changes(&seven), ..Fates::default() });
        assert!(fates.judge().is_err(), "one of ten");
        fates.add(Fates { hung: changes(&["l"]), ..Fates::default() });
        assert!(fates.judge().is_ok(), "one of eleven");
        assert!(Fates::default().judge().is_ok(), "nothing was tried");
    }

    #[test]
    fn what_became_of_a_change_last_is_what_is_known_of_it() {
        let mut fates = Fates {
            caught: changes(&["a"]),
            survived: changes(&["b", "c"]),
            unviable: changes(&["d"]),
            ..Fates::default()
        };
        fates.learn(Fates { caught: changes(&["b", "e"]), ..Fates::default() });
        let expected = Fates {
            caught: changes(&["a", "b", "e"]),
            survived: changes(&["c"]),
            unviable: changes(&["d"]),
            ..Fates::default()
        };
        assert_eq!(fates, expected);
        assert_eq!(fates.known(), 5);
    }

    #[test]
    fn changes_are_told_by_their_kind() {
        let cases = [
            ("a.rs:1:2: replace < with <= in Core::f", "comparison"),
            ("a.rs:1:2: replace && with || in f", "and, or"),
            ("a.rs:1:2: replace += with -= in f", "arithmetic"),
            ("a.rs:1:2: replace match guard a < b with true in f", "guard of a match"),
            ("a.rs:1:2: replace f -> bool with true", "body of a function"),
            ("a.rs:1:2: delete match arm A::B in f", "arm of a match"),
            ("a.rs:1:2: delete field a from struct B expression in f", "field of a value"),
            ("a.rs:1:2: delete ! in f", "not, minus"),
        ];
        for (change, expected) in cases {
            assert_eq!(kind(change), expected, "{change}");
        }
    }
}
