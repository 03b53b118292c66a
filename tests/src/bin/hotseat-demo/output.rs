//! The narrator: the only place of the demo that prints. Everything fits into 80 columns.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the output module of the demo"
)]

use std::io::{IsTerminal, Write, stdout};
use std::time::Duration;

/// The last column that is written to.
const WIDTH: usize = 78;
/// Where sentences begin.
const MARGIN: usize = 3;
/// Where what was seen begins: behind the time.
const SEEN: usize = 14;

/// Tells the story.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrator {
    styled: bool,
}

/// How text stands out on a terminal.
#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Accent,
}

impl Narrator {
    /// A narrator for whoever reads standard output.
    pub(crate) fn new() -> Narrator {
        Narrator { styled: stdout().is_terminal() }
    }

    /// The name of the play.
    pub(crate) fn title(self, text: &str) {
        self.line(&format!("\n{}", self.style(Style::Bold, text)));
    }

    /// The beginning of an act.
    pub(crate) fn act(self, number: u32, text: &str) {
        let text = format!("{number}  {text}");
        let rule = "─".repeat(WIDTH - MARGIN);
        self.line("");
        self.line(&self.style(Style::Bold, &text));
        self.line(&format!("{}{}", " ".repeat(MARGIN), self.style(Style::Accent, &rule)));
    }

    /// What happens, as a sentence.
    pub(crate) fn says(self, text: &str) {
        self.line("");
        for line in wrapped(text, WIDTH - MARGIN) {
            self.line(&format!("{}{line}", " ".repeat(MARGIN)));
        }
    }

    /// What somebody typed.
    pub(crate) fn typed(self, text: &str) {
        self.line("");
        self.line(&format!("{}{}", " ".repeat(MARGIN), self.style(Style::Accent, text)));
    }

    /// What a program answered, word by word.
    pub(crate) fn answered(self, text: &str) {
        for line in text.lines() {
            for line in wrapped(line, WIDTH - SEEN) {
                self.line(&format!("{}{line}", " ".repeat(SEEN)));
            }
        }
    }

    /// Something that was seen after so long.
    pub(crate) fn seen(self, after: Duration, text: &str) {
        self.fact(&spoken(after), text);
    }

    /// A name and what there is to say about it.
    pub(crate) fn fact(self, name: &str, text: &str) {
        let mut lines = wrapped(text, WIDTH - SEEN).into_iter();
        let first = lines.next().unwrap_or_default();
        let name = self.style(Style::Accent, &format!("{name:>width$}", width = SEEN - 2));
        self.line(&format!("{name}  {first}"));
        for line in lines {
            self.line(&format!("{}{line}", " ".repeat(SEEN)));
        }
    }

    /// What one desktop sees: who, the tray's words, the command line's verdict.
    pub(crate) fn desk(self, name: &str, tray: &str, status: &str) {
        let room = WIDTH - SEEN - 6 - 13;
        let status = self.style(Style::Dim, status);
        self.line(&format!("{}{name:<5} {tray:<room$} {status}", " ".repeat(SEEN)));
    }

    /// A row of a table: cells with the widths of their columns.
    pub(crate) fn row(self, cells: &[(&str, usize)]) {
        self.line(&format!("{}{}", " ".repeat(MARGIN), row(cells)));
    }

    /// Words as they are, below a row of a table.
    pub(crate) fn quote(self, text: &str) {
        let indent = MARGIN + 4;
        for line in wrapped(&format!("\"{text}\""), WIDTH - indent) {
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// The head of a table.
    pub(crate) fn head(self, cells: &[(&str, usize)]) {
        self.line("");
        let text = self.style(Style::Dim, &row(cells));
        self.line(&format!("{}{text}", " ".repeat(MARGIN)));
    }

    /// A line that is kept as it is, to be copied.
    pub(crate) fn verbatim(self, text: &str) {
        self.line(&format!("{}{text}", " ".repeat(MARGIN)));
    }

    /// What did not happen, on standard error.
    pub(crate) fn failed(self, text: &str) {
        // What is still on its way to the same terminal comes first.
        let _ = stdout().flush();
        eprintln!("\nhotseat-demo: {text}");
    }

    fn line(self, text: &str) {
        println!("{}", text.trim_end());
        // A reader who has seen enough is no reason to leave the office half open.
        let _ = stdout().flush();
    }

    fn style(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Accent => "36",
        };
        if self.styled { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A duration as people read it: `0.08 s`, `12.4 s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

/// "Lucy", "Lucy and Bill", "Lucy, Bill and Olaf", "nobody".
pub(crate) fn names(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [only] => only.as_ref().to_owned(),
        [before @ .., last] => {
            let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", before.join(", "), last.as_ref())
        }
    }
}

fn row(cells: &[(&str, usize)]) -> String {
    let padded = cells.iter().map(|(text, width)| format!("{text:<width$}"));
    padded.collect::<Vec<_>>().join(" ")
}

/// Breaks a text between words so that no line is longer than `width`, unless a word is.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else if let Some(line) = lines.last_mut() {
            if last > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_asked() {
        let lines = wrapped("the pool is full, which is not about your password", 20);
        assert_eq!(lines, ["the pool is full,", "which is not about", "your password"]);
        assert_eq!(wrapped("", 20), [""]);
    }

    #[test]
    fn durations_and_names_are_spoken() {
        assert_eq!(spoken(Duration::from_millis(84)), "0.08 s");
        assert_eq!(spoken(Duration::from_millis(71_240)), "71.2 s");
        assert_eq!(names(&["Lucy", "Bill", "Olaf"]), "Lucy, Bill and Olaf");
        assert_eq!(names(&[""; 0]), "nobody");
    }
}
