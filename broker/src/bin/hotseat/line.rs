//! `hotseat who` and `hotseat leave`.

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{PoolState, Request, Role};

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};
use crate::words;

/// Shows holders and line.
pub(crate) async fn who(place: &Place, output: Output, pool: &PoolId) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let view = session::view(&client).await?;
    let state = session::pool(&view, pool)?;
    output.result(&state.pool, || {
        let mut lines = holders_and_line(state);
        lines.extend(words::link(&view.link));
        lines.join("\n")
    });
    Ok(exit::DONE)
}

fn holders_and_line(state: &PoolState) -> Vec<String> {
    let pool = &state.pool;
    let mut lines = vec![format!("{}: {} of {} in use", pool.name, pool.in_use, pool.seats)];
    lines.extend(pool.holders.iter().map(|holder| format!("  {}", words::holder(holder))));
    if pool.more_holders > 0 {
        lines.push(format!("  and {} more", pool.more_holders));
    }
    if pool.offered > 0 {
        lines.push(format!("  set aside for the line: {}", pool.offered));
    }
    if pool.set_aside > 0 {
        lines.push(format!("  set aside by checks: {}", pool.set_aside));
    }
    if pool.waiting > 0 {
        lines.push(format!("In line: {}", pool.waiting));
    }
    for (index, waiter) in pool.line.iter().enumerate() {
        let name = waiter.user.as_deref().unwrap_or("a colleague");
        let you = if waiter.mine { " (you)" } else { "" };
        let offered = if waiter.offered { ", is being offered a seat" } else { "" };
        let since = words::clock(waiter.since);
        lines.push(format!("  {}. {name}{you} · since {since}{offered}", index + 1));
    }
    lines
}

/// Leaves a pool's line.
pub(crate) async fn leave(place: &Place, output: Output, pool: &PoolId) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let view = session::view(&client).await?;
    session::check_name(&view, pool)?;
    let waited = session::pool(&view, pool).is_ok_and(|state| state.place.is_some());
    session::done(&client, Request::LeaveLine { pool: pool.clone() }).await?;
    output.result(&serde_json::json!({ "left": waited }), || {
        let sentence = if waited { "You left the line." } else { "You were not in line." };
        sentence.to_owned()
    });
    Ok(exit::DONE)
}
