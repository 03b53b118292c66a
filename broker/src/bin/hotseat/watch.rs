//! `hotseat watch`: changes as they happen.

use std::collections::BTreeMap;

use hotseat_ipc::boot_clock;
use hotseat_ipc::client::{Client, Pushes};
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Change, FromBroker, LinkState, Notice, PoolState, Request, Role};
use hotseat_protocol::problem::Code;

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::platform::Signals;
use crate::resync::ResyncSchedule;
use crate::session::{self, Place, RECONNECT_EVERY};
use crate::words;

/// Prints every change until Ctrl-C or the end of its reader, over restarts of the broker.
pub(crate) async fn watch(place: &Place, output: Output) -> Result<u8, Failure> {
    let mut pushes = Some(subscribe(place).await?);
    let mut signals = Signals::new()?;
    let mut said = Said::default();
    let mut resync = ResyncSchedule::new();
    loop {
        tokio::select! {
            next = next(place, &mut pushes) => {
                let Some(push) = next else {
                    output.say("Hotseat's service has stopped; this goes on when it is back.");
                    // What the next broker knows is told as a whole.
                    (said, resync) = (Said::default(), ResyncSchedule::new());
                    continue;
                };
                resync.note_push(&push);
                let lines = output.lines(&push, || sentences(&push, &mut said));
                // Whoever reads slowly, or not at all, must not keep a signal from ending this.
                let showing = tokio::task::spawn_blocking(move || Output::print(&lines));
                tokio::select! {
                    _ = showing => {}
                    signal = signals.next() => return Ok(signal.exit_code()),
                }
                if !Output::is_read() {
                    return Ok(exit::DONE);
                }
            },
            () = resync.due() => if let Some((client, _)) = &pushes {
                resync.ask(client);
            },
            signal = signals.next() => return Ok(signal.exit_code()),
        }
    }
}

/// The connection; it lives as long as both.
type Subscribed = (Client, Pushes);

async fn subscribe(place: &Place) -> Result<Subscribed, Failure> {
    let (client, pushes) = place.connect(Role::Cli, vec![]).await?;
    session::done(&client, Request::Subscribe).await?;
    Ok((client, pushes))
}

/// The next push, of the next broker if need be; none, once, when the connection has ended.
async fn next(place: &Place, subscribed: &mut Option<Subscribed>) -> Option<FromBroker> {
    loop {
        if let Some((_, pushes)) = subscribed {
            let push = pushes.next().await;
            if push.is_none() {
                *subscribed = None;
            }
            return push;
        }
        match subscribe(place).await {
            Ok(back) => *subscribed = Some(back),
            Err(_) => tokio::time::sleep(RECONNECT_EVERY).await,
        }
    }
}

/// What was told last.
#[derive(Default)]
struct Said {
    /// The link.
    link: Option<LinkState>,
    /// What was wrong.
    trouble: Option<Code>,
    /// The sentence about each pool: a deadline that moves changes none.
    pools: BTreeMap<PoolId, String>,
}

/// What people are shown of a push: one line a change.
fn sentences(push: &FromBroker, said: &mut Said) -> Vec<String> {
    match push {
        FromBroker::Snapshot { view, .. } => {
            let mut lines = Vec::new();
            if said.link.as_ref() != Some(&view.link) {
                // What is as it should be needs no line, unless it was not.
                let was_known = said.link.is_some();
                lines.extend(words::link(&view.link).or_else(|| was_known.then(answers)));
                said.link = Some(view.link.clone());
            }
            let trouble = view.trouble.as_ref();
            if said.trouble != trouble.map(|trouble| trouble.code) {
                lines.extend(change(&Change::Trouble { trouble: trouble.cloned() }, said));
            }
            let gone: Vec<PoolId> = said.pools.keys().cloned().collect();
            let gone =
                gone.iter().filter(|id| view.pools.iter().all(|state| state.pool.id != **id));
            lines.extend(gone.map(|id| pool_is_gone(id, said)));
            lines.extend(view.pools.iter().filter_map(|state| of_pool(state, said)));
            lines
        }
        FromBroker::Changed { changes, .. } => {
            changes.iter().filter_map(|what| change(what, said)).collect()
        }
        FromBroker::Notice {
            notice: Notice::ResumeReport { pool, lost, taken_by, free, rank },
        } => {
            vec![words::awake(pool, lost, taken_by, *free, *rank)]
        }
        _ => vec![],
    }
}

/// A pool's sentence, if it is another one than before.
fn of_pool(state: &PoolState, said: &mut Said) -> Option<String> {
    let sentence = words::pool(state, said.link.as_ref(), boot_clock::now_ms());
    let before = said.pools.insert(state.pool.id.clone(), sentence.clone());
    (before.as_ref() != Some(&sentence)).then_some(sentence)
}

fn pool_is_gone(pool: &PoolId, said: &mut Said) -> String {
    said.pools.remove(pool);
    format!("The pool {pool} is gone.")
}

fn answers() -> String {
    "The pool answers.".to_owned()
}

fn change(change: &Change, said: &mut Said) -> Option<String> {
    match change {
        Change::Link { link } => {
            said.link = Some(link.clone());
            Some(words::link(link).unwrap_or_else(answers))
        }
        Change::Trouble { trouble: Some(trouble) } => {
            said.trouble = Some(trouble.code);
            Some(words::trouble(trouble))
        }
        // That somebody is logged in again is told by the account.
        Change::Trouble { trouble: None } => {
            let was_a_clone = said.trouble.take() == Some(Code::MachineCloned);
            let over = "No other computer uses this computer's identity any more.";
            was_a_clone.then(|| over.to_owned())
        }
        Change::Account { account: Some(user) } => Some(format!("Logged in as {}.", user.name)),
        Change::Account { account: None } => Some("Logged out.".to_owned()),
        Change::Pool { pool } => of_pool(pool, said),
        Change::PoolRemoved { pool } => Some(pool_is_gone(pool, said)),
        // The whole view is asked for.
        Change::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::ClientName;
    use hotseat_protocol::quantity::{SignOffAfterMs, TrayGraceMs, WarnAfterMs};
    use hotseat_protocol::view::{Offline, OnSleep, PolicyView, PoolView, Privacy};

    use super::*;

    fn pool(in_use: u32, offered: u32) -> Change {
        let pool = PoolView {
            id: PoolId::new("infor-crm").unwrap(),
            name: "Infor CRM".to_owned(),
            seats: 2,
            in_use,
            offered,
            set_aside: 0,
            waiting: 0,
            clients: vec![],
            desktop_client: ClientName::new("network").unwrap(),
            policy: PolicyView {
                warn_after_ms: WarnAfterMs::clamped(1),
                sign_off_after_ms: SignOffAfterMs::clamped(2),
                only_when_wanted: true,
                on_sleep: OnSleep::SignOff,
                tray_grace_ms: TrayGraceMs::clamped(10_000),
                offline: Offline::Stop,
                lease_ms: None,
            },
            privacy: Privacy::Names,
            holders: vec![],
            more_holders: 0,
            line: vec![],
            usually_waits_s: None,
        };
        let nothing = PoolState { pool, seats: vec![], place: None, warning: None, lost: None };
        Change::Pool { pool: Box::new(nothing) }
    }

    #[test]
    fn what_changes_no_sentence_prints_none() {
        let mut said = Said::default();
        assert!(change(&pool(1, 0), &mut said).is_some());
        assert_eq!(change(&pool(1, 1), &mut said), None);
        assert!(change(&pool(2, 0), &mut said).is_some());
        assert!(change(&pool(1, 0), &mut said).is_some(), "it is news again");
    }
}
