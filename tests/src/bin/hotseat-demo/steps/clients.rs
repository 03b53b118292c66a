//! Act 2: each of the six clients meets a full pool and a free one, as an application server would.

use anyhow::{Context, Result, bail};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_tests::http::Answer;
use hotseat_tests::people::OLAF;
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::Stopwatch;

use super::Play;
use crate::clients::{ApplicationServer, Rule, WAYS_IN, WayIn};
use crate::scene::Scene;

/// Widths of the table's columns.
const COLUMNS: [usize; 4] = [9, 19, 23, 22];

/// Plays the act.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let (office, narrator) = (&play.office, play.narrator);
    narrator.act(2, "Six clients at a full pool and at a free one");
    narrator.says("An application server comes in for Olaf as each client. Network and web take a seat; the others only look whether one is free.");
    let server = &office.crm;
    let mut full = Vec::new();
    for way in &WAYS_IN {
        full.push(refusal(way, &server.come_in(way, &OLAF)?)?);
        stays(play, way, 2)?;
    }
    narrator.typed(&format!("bill$ hotseat sign-off {POOL}"));
    let watch = Stopwatch::start();
    expect_success(&office.bill.hotseat(&["sign-off", POOL])?, "hotseat sign-off")?;
    Scene::new(&["Lucy"], &[]).agreed(office, narrator, watch).await?;

    let mut free = Vec::new();
    for way in &WAYS_IN {
        free.push(passed(play, server, way)?);
        stays(play, way, 1)?;
    }
    table(play, &full, &free);

    let watch = Stopwatch::start();
    expect_success(&office.bill.hotseat(&["sign-on", POOL])?, "hotseat sign-on")?;
    narrator.typed(&format!("bill$ hotseat sign-on {POOL}"));
    Scene::new(&["Lucy", "Bill"], &[]).agreed(office, narrator, watch).await
}

/// The truth that comes with a refusal, once the refusal was found to be the right one.
fn refusal(way: &WayIn, answer: &Answer) -> Result<String> {
    let problem: Problem = serde_json::from_value(answer.body.clone())
        .with_context(|| format!("{} was not refused: {answer:?}", way.client))?;
    let fixed = problem.facts.as_ref().and_then(|facts| facts.legacy_message.as_deref());
    let is_right = answer.status == 409 && problem.code == Code::PoolFull && fixed == way.message;
    if !is_right {
        bail!("{} ({}) should hear {:?}: {answer:?}", way.client, way.operation, way.message);
    }
    Ok(problem.detail)
}

/// What a free pool answers; a seat is given back at once.
fn passed(play: &Play, server: &ApplicationServer, way: &WayIn) -> Result<String> {
    let answer = server.come_in(way, &OLAF)?;
    match (way.rule, answer.status) {
        (Rule::Hold, 201) => {
            stays(play, way, 2)?;
            server.give_back(&answer)?;
            Ok("201 seat, given back".to_owned())
        }
        (Rule::Check, 200) => Ok("200 pass, none taken".to_owned()),
        _ => bail!("{} ({}) did not pass: {answer:?}", way.client, way.operation),
    }
}

/// Checks that so many seats are in use.
fn stays(play: &Play, way: &WayIn, in_use: u32) -> Result<()> {
    let now = play.office.journal.pool()?.pool.in_use;
    if now == in_use {
        return Ok(());
    }
    bail!("{now} seats are in use after {} ({}), not {in_use}", way.client, way.operation)
}

fn table(play: &Play, full: &[String], free: &[String]) {
    let narrator = play.narrator;
    let [client, does, refused, passes] = COLUMNS;
    narrator.head(&[
        ("client", client),
        ("rule, operation", does),
        ("pool full", refused),
        ("pool free", passes),
    ]);
    for (way, free) in WAYS_IN.iter().zip(free) {
        let rule = match way.rule {
            Rule::Hold => "hold",
            Rule::Check => "check",
        };
        let does_text = format!("{rule}, {}", way.operation);
        let refused_text = match way.message {
            Some(_) => "409 with the message:",
            None => "409, no fixed message",
        };
        narrator.row(&[
            (way.client, client),
            (&does_text, does),
            (refused_text, refused),
            (free, passes),
        ]);
        if let Some(message) = way.message {
            narrator.quote(message);
        }
    }
    narrator.says("Beside the fixed message each of them hears the truth:");
    for detail in [full.first(), full.last()].into_iter().flatten() {
        narrator.quote(detail);
    }
}
