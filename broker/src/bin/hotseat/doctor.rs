//! `hotseat doctor`: what is wrong between tray, broker and pool.

use hotseat_protocol::ipc::{Health, LinkState, Reply, Request, Role};
use hotseat_protocol::problem::Code;

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};
use crate::words;

/// A broker renews every 30 s, or oftener; without an answer for so long something is wrong.
const QUIET_S: u64 = 45;

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
        LinkState::Up => answers(url, health),
        LinkState::NotEnrolled => {
            bad("This computer is not enrolled. An administrator runs: hotseat-broker enroll --server URL.")
        }
        LinkState::Down { cause: Some(cause), .. } if cause.code != Code::PoolUnreachable => {
            bad(format!("{url} does not let this computer in. {cause}"))
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
        let text = match health.pending_sign_offs {
            1 => "One sign-off waits for the pool; it is kept until the pool answers.".to_owned(),
            many => format!("{many} sign-offs wait for the pool; they are kept until it answers."),
        };
        findings.push(bad(text));
    }
    findings.push(match &health.account {
        Some(user) => good(format!("Logged in as {} ({}).", user.name, user.email)),
        None if health.link == LinkState::NotEnrolled => good("Not logged in; that comes next."),
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

/// The link is up; a pool server that hangs is noticed by it only after a while.
fn answers(url: &str, health: &Health) -> Finding {
    let within = health.round_trip_ms.map(|ms| format!(", in {ms} ms")).unwrap_or_default();
    match health.heard_s {
        Some(seconds) if seconds >= QUIET_S => {
            bad(format!("{url} was last heard of {seconds} s ago: it hangs, or the network does."))
        }
        Some(seconds) => good(format!("{url} answers{within}; last heard of {seconds} s ago.")),
        None => good(format!("{url} answers{within}.")),
    }
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
            heard_s: None,
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
            "they are kept until it answers",
            "hotseat run",
        ] {
            assert!(texts.iter().any(|text| text.contains(step)), "{step} is not in {texts:?}");
        }
    }

    fn texts(health: &Health) -> Vec<String> {
        findings(health).into_iter().filter(|f| !f.good).map(|f| f.text).collect()
    }

    #[test]
    fn a_pool_that_hangs_and_one_that_says_no_are_told_apart() {
        let well = Health {
            program: "hotseat-broker 0.1.0".to_owned(),
            server_url: Some("https://seats.example".to_owned()),
            link: LinkState::Up,
            round_trip_ms: Some(9),
            heard_s: Some(QUIET_S - 1),
            state_writable: true,
            account: None,
            session: "uid 1000".to_owned(),
            tray: true,
            idle_s: Some(3),
            pending_sign_offs: 0,
            clone_seen_at: None,
        };
        assert_eq!(texts(&well), ["Not logged in. Run: hotseat login."]);
        let hangs = Health { heard_s: Some(QUIET_S), pending_sign_offs: 1, ..well.clone() };
        assert!(texts(&hangs)[0].contains("it hangs"), "{:?}", texts(&hangs));
        assert!(texts(&hangs)[1].starts_with("One sign-off waits"), "{:?}", texts(&hangs));
        let cause =
            hotseat_protocol::problem::Problem::new(Code::MachineCloned, "A clone.", "Enrol.");
        let link = LinkState::Down { since: None, cause: Some(cause) };
        let refused = texts(&Health { link, ..well });
        assert!(
            refused[0].ends_with("does not let this computer in. A clone. Enrol."),
            "{refused:?}"
        );
    }
}
