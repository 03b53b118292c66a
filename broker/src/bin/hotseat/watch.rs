//! `hotseat watch`: changes as they happen.

use hotseat_protocol::ipc::{Change, FromBroker, Notice, Request, Role};
use hotseat_protocol::wire::boot_clock;
use hotseat_protocol::wire::client::ClientError;

use crate::failure::Failure;
use crate::output::Output;
use crate::platform::Signals;
use crate::session::{self, Place};
use crate::words;

/// Prints every change until Ctrl-C or the end of the connection.
pub(crate) async fn watch(place: &Place, output: Output) -> Result<u8, Failure> {
    let (client, mut pushes) = place.connect(Role::Cli, vec![]).await?;
    let mut signals = Signals::new()?;
    session::done(&client, Request::Subscribe).await?;
    loop {
        tokio::select! {
            push = pushes.next() => match push {
                Some(push) => show(output, &push),
                None => return Err(ClientError::Closed.into()),
            },
            signal = signals.next() => return Ok(signal.exit_code()),
        }
    }
}

fn show(output: Output, push: &FromBroker) {
    let sentences = sentences(push);
    if output.json {
        output.result(push, String::new);
    } else {
        for sentence in sentences {
            output.result(&(), || sentence);
        }
    }
}

/// What people are shown of a push: one line a change.
fn sentences(push: &FromBroker) -> Vec<String> {
    let now = boot_clock::now_ms();
    match push {
        FromBroker::Snapshot { view, .. } => {
            let mut lines: Vec<String> = words::link(&view.link).into_iter().collect();
            lines.extend(view.trouble.as_ref().map(words::trouble));
            lines.extend(view.pools.iter().map(|state| words::pool(state, now)));
            lines
        }
        FromBroker::Changed { changes, .. } => changes.iter().filter_map(change).collect(),
        FromBroker::Notice { notice: Notice::Awake { pool, lost, taken_by, free, rank } } => {
            vec![words::awake(pool, lost, taken_by, *free, *rank)]
        }
        FromBroker::Stopping => vec!["Hotseat's service stops.".to_owned()],
        _ => vec![],
    }
}

fn change(change: &Change) -> Option<String> {
    match change {
        Change::Link { link } => {
            Some(words::link(link).unwrap_or_else(|| "The pool answers.".to_owned()))
        }
        Change::Trouble { trouble: Some(trouble) } => Some(words::trouble(trouble)),
        Change::Trouble { trouble: None } => {
            Some("No other computer uses this computer's identity any more.".to_owned())
        }
        Change::Account { account: Some(user) } => Some(format!("Logged in as {}.", user.name)),
        Change::Account { account: None } => Some("Logged out.".to_owned()),
        Change::Pool { pool } => Some(words::pool(pool, boot_clock::now_ms())),
        Change::PoolGone { pool } => Some(format!("The pool {pool} is gone.")),
        Change::Unknown => None,
    }
}
