//! `hotseat doctor`: what is wrong between tray, broker and pool.

use hotseat_protocol::ipc::{Health, LinkState, Reply, Request, Role};

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};
use crate::words;

/// One thing looked at.
struct Finding {
    good: bool,
    text: String,
}

fn good(text: impl Into<String>) -> Finding {
    Finding { good: true, text: text.into() }
}

fn bad(text: impl Into<String>) -> Finding {
    Finding { good: false, text: text.into() }
}

/// Asks the broker and says what is wrong. Exit 0 when all is well, 1 when something is not.
pub(crate) async fn doctor(place: &Place, output: Output) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let Reply::Health { health } = session::ask(&client, Request::Doctor).await? else {
        return Err(Failure::unexpected());
    };
    let findings = findings(&health);
    output.result(&health, || {
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| format!("{} {}", if finding.good { "ok " } else { "!! " }, finding.text))
            .collect();
        lines.join("\n")
    });
    let well = findings.iter().all(|finding| finding.good);
    Ok(if well { exit::DONE } else { exit::FAILED })
}

fn findings(health: &Health) -> Vec<Finding> {
    let mut findings = vec![good(format!("The service runs ({}).", health.program))];
    findings.push(if health.state_writable {
        good("Its state directory can be written.")
    } else {
        bad("Its state directory cannot be written, so no seat can be taken. Check disk and rights.")
    });
    let url = health.server_url.as_deref().unwrap_or("the pool");
    findings.push(match &health.link {
        LinkState::Up => match health.round_trip_ms {
            Some(ms) => good(format!("{url} answers, in {ms} ms.")),
            None => good(format!("{url} answers.")),
        },
        LinkState::NotEnrolled => {
            bad("This computer is not enrolled. An administrator runs: hotseat-broker enroll --server URL.")
        }
        LinkState::Down { since, cause } => {
            let since = since.map(|at| format!(" since {}", words::clock(at))).unwrap_or_default();
            let cause = cause.as_ref().map(|problem| format!(" {problem}")).unwrap_or_default();
            bad(format!("{url} does not answer{since}.{cause}"))
        }
    });
    if let Some(at) = health.clone_seen_at {
        findings.push(bad(format!(
            "Another computer used this computer's enrolment at {}: one is a clone of the other. \
             An administrator runs on one of them: hotseat-broker enroll --force --server {url}.",
            words::clock(at)
        )));
    }
    if health.pending_sign_offs > 0 {
        let text =
            format!("{} sign-offs wait for the pool; they are kept.", health.pending_sign_offs);
        findings.push(bad(text));
    }
    findings.push(match &health.account {
        Some(user) => good(format!("Logged in as {} ({}).", user.name, user.email)),
        None => bad("Not logged in. Run: hotseat login."),
    });
    findings.push(match (health.tray, health.idle_s) {
        (false, _) => bad(format!(
            "No tray runs in session {}. Start hotseat-tray, or use hotseat run.",
            health.session
        )),
        (true, None) => {
            bad("The tray cannot tell whether you are idle, so nobody is signed off for it.")
        }
        (true, Some(seconds)) => good(format!("The tray runs; last input {seconds} s ago.")),
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_named_with_its_next_step() {
        let health = Health {
            program: "hotseat-broker 0.1.0".to_owned(),
            server_url: None,
            link: LinkState::NotEnrolled,
            round_trip_ms: None,
            state_writable: false,
            account: None,
            session: "uid 1000".to_owned(),
            tray: false,
            idle_s: None,
            pending_sign_offs: 2,
            clone_seen_at: Some(hotseat_protocol::ids::WallTime { unix_ms: 0 }),
        };
        let texts: Vec<String> =
            findings(&health).into_iter().filter(|f| !f.good).map(|f| f.text).collect();
        for step in [
            "Check disk",
            "hotseat-broker enroll --server",
            "enroll --force",
            "they are kept",
            "hotseat login",
            "hotseat run",
        ] {
            assert!(texts.iter().any(|text| text.contains(step)), "{step} is not in {texts:?}");
        }
    }
}
