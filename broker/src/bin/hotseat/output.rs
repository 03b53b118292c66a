//! What this program says: sentences for people, JSON for programs. What was asked for goes to
//! standard output, problems to standard error. Nothing here fails: see [`hotseat_output`].

use hotseat_output::remarks::remark;
use hotseat_output::results;
use hotseat_protocol::problem::Problem;
use serde::Serialize;

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of sentences.
    pub json: bool,
}

impl Output {
    /// Prints a result: the value as JSON, or the sentence.
    pub(crate) fn result(self, value: &impl Serialize, sentence: impl FnOnce() -> String) {
        Self::print(&self.lines(value, || vec![sentence()]));
    }

    /// The lines of a result: the value as JSON, or the sentences.
    pub(crate) fn lines(
        self,
        value: &impl Serialize,
        sentences: impl FnOnce() -> Vec<String>,
    ) -> Vec<String> {
        if self.json { vec![to_json(value)] } else { sentences() }
    }

    /// Prints lines of a result.
    pub(crate) fn print(lines: &[String]) {
        for line in lines {
            results::line(line);
        }
    }

    /// Says something beside the result, to people only.
    pub(crate) fn say(self, sentence: &str) {
        if !self.json {
            remark(sentence);
        }
    }

    /// Warns: people and programs alike should see it, whatever else is printed.
    pub(crate) fn warn(self, sentence: &str) {
        remark(&format!("hotseat: {sentence}"));
    }

    /// Prints why something was not done.
    pub(crate) fn problem(self, problem: &Problem) {
        if self.json {
            remark(&to_json(problem));
            return;
        }
        let mut lines = vec![format!("hotseat: {}", problem.detail)];
        if let Some(legacy) = problem.facts.as_ref().and_then(|f| f.legacy_message.as_ref()) {
            lines.push(format!(
                "  Your application may say “{legacy}”: it means that the pool is full."
            ));
        }
        if !problem.next.is_empty() {
            lines.push(format!("  {}", problem.next));
        }
        remark(&lines.join("\n"));
    }

    /// Notes that something was changed for good: it is said even where the result cannot be written.
    pub(crate) fn acted() {
        results::acted();
    }

    /// Prints a script as it is.
    pub(crate) fn raw(bytes: &[u8]) {
        results::raw(bytes);
    }

    /// Whether what is printed reaches somebody, as far as that is known.
    pub(crate) fn is_read() -> bool {
        results::lost().is_none()
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have only text keys")
}
