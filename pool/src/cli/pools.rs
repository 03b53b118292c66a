//! `hotseat-pool pool`

use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Context as _, bail};
use hotseat_protocol::api::{PoolBody, PoolDetail, PoolSet};
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::quantity::{
    CallsTimeoutMs, IdleSeconds, LeaseMs, OfferMs, ProvisionalHoldMs, SessionTimeoutMs,
    SignOffAfterMs, TrayGraceMs, WarnAfterMs,
};
use hotseat_protocol::view::{HolderView, Offline, OnSleep, PoolView, Privacy, Rule};
use hotseat_rules::presets;

use super::args::{self, PoolVerb};
use super::client::Client;
use super::durations::{Hold, ms, written};

use crate::output;

const POOLS: &str = "/api/v1/pools";

pub(super) fn run(client: &Client, verb: PoolVerb) -> anyhow::Result<()> {
    match verb {
        PoolVerb::List(json) => list(client, json.json),
        PoolVerb::Show { pool, json } => show(client, &pool, json.json),
        PoolVerb::Set(set) => change(client, *set),
        PoolVerb::Remove { pool } => {
            client.delete(&path(&pool))?;
            output::line(format!("Pool {pool} is removed; its seats are reclaimed."));
            Ok(())
        }
    }
}

fn path(pool: &PoolId) -> String {
    format!("{POOLS}/{pool}")
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let pools: Vec<PoolView> = client.get(POOLS)?;
    if json {
        output::line(serde_json::to_string_pretty(&pools)?);
        return Ok(());
    }
    let rows: Vec<[String; 5]> = pools
        .into_iter()
        .map(|pool| {
            let numbers = [pool.seats, pool.in_use, pool.waiting].map(|number| number.to_string());
            let [seats, in_use, waiting] = numbers;
            [pool.id.to_string(), pool.name, seats, in_use, waiting]
        })
        .collect();
    output::table(["POOL", "NAME", "SEATS", "IN USE", "WAITING"], &rows);
    tell_recovery(client)
}

/// Why nothing is granted, while that is so.
fn tell_recovery(client: &Client) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Health {
        detail: Option<String>,
        next: Option<String>,
    }
    let Health { detail, next } = client.get("/healthz")?;
    for text in detail.into_iter().chain(next) {
        output::note(text);
    }
    Ok(())
}

fn show(client: &Client, pool: &PoolId, json: bool) -> anyhow::Result<()> {
    let detail: PoolDetail = client.get(&path(pool))?;
    if json {
        output::line(serde_json::to_string_pretty(&detail)?);
        return Ok(());
    }
    let PoolDetail { pool, definition } = detail;
    output::line(format!("{} ({})", pool.name, pool.id));
    output::line(numbers(&pool));
    if !pool.holders.is_empty() {
        output::line("");
        let rows: Vec<[String; 4]> = pool.holders.iter().map(holder_row).collect();
        output::table(["HOLDER", "CLIENT", "SINCE", ""], &rows);
        if pool.more_holders > 0 {
            output::line(format!("and {} more", pool.more_holders));
        }
    }
    if !pool.line.is_empty() {
        output::line("\nIn line:");
        for (rank, waiter) in (1..).zip(&pool.line) {
            let name = waiter.user.as_deref().unwrap_or("a colleague");
            let offered = if waiter.offered { ", is offered a seat" } else { "" };
            output::line(format!("  {rank}. {name}, since {}{offered}", waiter.since));
        }
    }
    if let Some(definition) = definition {
        output::line("");
        show_definition(&definition);
    }
    Ok(())
}

/// "2 of 5 seats in use, 1 offered, 1 set aside by a check, 3 waiting".
fn numbers(pool: &PoolView) -> String {
    let mut parts = vec![format!("{} of {} seats in use", pool.in_use, pool.seats)];
    if pool.offered > 0 {
        parts.push(format!("{} offered", pool.offered));
    }
    match pool.set_aside {
        0 => {}
        1 => parts.push("1 set aside by a check".to_owned()),
        several => parts.push(format!("{several} set aside by checks")),
    }
    parts.push(format!("{} waiting", pool.waiting));
    parts.join(", ")
}

fn holder_row(holder: &HolderView) -> [String; 4] {
    let mut remarks = Vec::new();
    if let Some(idle) = holder.idle_s.map(IdleSeconds::get).filter(|idle| *idle >= 60) {
        remarks.push(format!("idle {} min", idle / 60));
    }
    if holder.leaving {
        remarks.push("being signed off".to_owned());
    }
    if !holder.counted {
        remarks.push("not counted".to_owned());
    }
    let name = holder.user.clone().unwrap_or_else(|| "a colleague".to_owned());
    [name, holder.client.to_string(), holder.since.to_string(), remarks.join(", ")]
}

fn show_definition(definition: &PoolBody) {
    let rows: Vec<[String; 4]> = definition
        .clients
        .as_map()
        .iter()
        .map(|(name, client)| {
            let rule = match client.rule {
                Rule::Hold => "hold",
                Rule::Check => "check",
            };
            let timeout = client.session_timeout_ms;
            let timeout = timeout.map_or_else(|| "-".to_owned(), |ms| written(ms.get()));
            let messages = client.operations.as_map().values().flatten();
            let messages: Vec<String> =
                messages.map(|message| format!("{:?}", message.as_str())).collect();
            [name.to_string(), rule.to_owned(), timeout, messages.join(", ")]
        })
        .collect();
    output::table(["CLIENT", "RULE", "SESSION TIME-OUT", "WHEN REFUSED"], &rows);
    output::line("");
    let time = |ms: Option<u64>| ms.map_or_else(|| "default".to_owned(), written);
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for (key, value) in [
        ("lease", time(definition.lease_ms.map(LeaseMs::get))),
        ("calls time-out", time(definition.calls_timeout_ms.map(CallsTimeoutMs::get))),
        ("offer", time(definition.offer_ms.map(OfferMs::get))),
        ("tray grace", time(definition.tray_grace_ms.map(TrayGraceMs::get))),
        ("warn after", time(definition.idle.warn_after_ms.map(WarnAfterMs::get))),
        ("sign off after", time(definition.idle.sign_off_after_ms.map(SignOffAfterMs::get))),
        ("only when wanted", yes(definition.idle.only_when_wanted.unwrap_or(true))),
        ("on sleep", word(definition.on_sleep)),
        ("offline", word(definition.offline)),
        ("privacy", word(definition.privacy)),
        ("one seat per user", yes(definition.options.one_seat_per_user)),
        ("holder passes check", yes(definition.options.holder_passes_check)),
        (
            "provisional hold",
            definition
                .options
                .provisional_hold_ms
                .map_or_else(|| "off".to_owned(), |hold| written(hold.get())),
        ),
    ] {
        output::line(format!("{key:<21}{value}"));
    }
}

/// A setting as it is written for `pool set`.
fn word(setting: Option<impl serde::Serialize>) -> String {
    let word = setting.and_then(|setting| serde_json::to_value(setting).ok());
    let word = word.as_ref().and_then(|word| word.as_str());
    word.map_or_else(|| "default".to_owned(), |word| word.replace('_', "-"))
}

fn change(client: &Client, set: args::PoolSet) -> anyhow::Result<()> {
    let path = path(&set.pool);
    let now: Vec<PoolView> = client.get(POOLS)?;
    let mut body = if now.iter().any(|pool| pool.id == set.pool) {
        let detail: PoolDetail = client.get(&path)?;
        *detail.definition.context("the server did not tell the pool's definition")?
    } else {
        from_preset(&set, &now)?
    };
    let json = set.json.json;
    let pool = set.pool.clone();
    apply(&mut body, set)?;
    let result: PoolSet = client.put(&path, &body)?;
    if json {
        output::line(serde_json::to_string_pretty(&result)?);
        return Ok(());
    }
    let seats = result.definition.seats.get();
    let seats = if seats == 1 { "1 seat".to_owned() } else { format!("{seats} seats") };
    output::line(format!("Pool {pool} has {seats}, {} in use.", result.in_use));
    if result.over.get() > 0 {
        output::line(format!(
            "{} over: nobody is evicted, and nothing is granted until enough have signed off. \
             The newest are:",
            result.over
        ));
        let rows: Vec<[String; 4]> =
            result.over_holders.as_slice().iter().map(holder_row).collect();
        output::table(["HOLDER", "CLIENT", "SINCE", ""], &rows);
    }
    Ok(())
}

fn from_preset(set: &args::PoolSet, now: &[PoolView]) -> anyhow::Result<PoolBody> {
    let known: Vec<&str> = now.iter().map(|pool| pool.id.as_str()).collect();
    let (Some(preset), Some(seats)) = (&set.preset, set.seats) else {
        bail!(
            "there is no pool {}; there is {}. To make one, give --preset and --seats",
            set.pool,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
    };
    let seats = u32::try_from(seats.get()).unwrap_or(u32::MAX);
    let Some(definition) = presets::by_name(preset, seats) else {
        bail!("--preset {preset:?} is not known: use {}", presets::NAMES.join(" or "));
    };
    Ok(crate::http::definition_body(&definition))
}

/// A duration in the range that its flag has.
fn limited<T>(
    flag: &str,
    given: Duration,
    make: impl Fn(u64) -> Option<T>,
    range: RangeInclusive<u64>,
) -> anyhow::Result<T> {
    let given = ms(given);
    make(given).with_context(|| {
        let (least, most) = (written(*range.start()), written(*range.end()));
        format!("{flag} is {}: use {least} to {most}", written(given))
    })
}

fn apply(body: &mut PoolBody, set: args::PoolSet) -> anyhow::Result<()> {
    if let Some(seats) = set.seats {
        body.seats = seats;
    }
    if let Some(name) = set.name {
        body.name = name;
    }
    for (client, timeout) in set.session_timeout {
        let Some(found) = body.clients.get_mut(&client) else {
            let known: Vec<&str> = body.clients.as_map().keys().map(|name| name.as_str()).collect();
            bail!("--session-timeout: no client {client}; there is {}", known.join(", "));
        };
        found.session_timeout_ms = match timeout {
            Some(timeout) => {
                let (least, most) = (SessionTimeoutMs::MIN.get(), SessionTimeoutMs::MAX.get());
                Some(limited("--session-timeout", timeout, SessionTimeoutMs::new, least..=most)?)
            }
            None => None,
        };
    }
    macro_rules! set {
        ($field:expr, $kind:ident, $flag:literal, $given:expr) => {
            if let Some(given) = $given {
                let range = $kind::MIN.get()..=$kind::MAX.get();
                $field = Some(limited($flag, given, $kind::new, range)?);
            }
        };
    }
    set!(body.lease_ms, LeaseMs, "--lease", set.lease);
    set!(body.calls_timeout_ms, CallsTimeoutMs, "--calls-timeout", set.calls_timeout);
    set!(body.offer_ms, OfferMs, "--offer", set.offer);
    set!(body.tray_grace_ms, TrayGraceMs, "--tray-grace", set.tray_grace);
    set!(body.idle.warn_after_ms, WarnAfterMs, "--warn-after", set.warn_after);
    set!(body.idle.sign_off_after_ms, SignOffAfterMs, "--sign-off-after", set.sign_off_after);
    if set.only_when_wanted.is_some() {
        body.idle.only_when_wanted = set.only_when_wanted;
    }
    match set.on_sleep.as_deref() {
        Some("keep") => body.on_sleep = Some(OnSleep::Keep),
        Some(_) => body.on_sleep = Some(OnSleep::SignOff),
        None => {}
    }
    match set.offline.as_deref() {
        Some("tolerate") => body.offline = Some(Offline::Tolerate),
        Some(_) => body.offline = Some(Offline::Stop),
        None => {}
    }
    match set.privacy.as_deref() {
        Some("initials") => body.privacy = Some(Privacy::Initials),
        Some("counts") => body.privacy = Some(Privacy::Counts),
        Some(_) => body.privacy = Some(Privacy::Names),
        None => {}
    }
    if let Some(one) = set.one_seat_per_user {
        body.options.one_seat_per_user = one;
    }
    if let Some(passes) = set.holder_passes_check {
        body.options.holder_passes_check = passes;
    }
    if let Some(Hold(hold)) = set.provisional_hold {
        let range = || ProvisionalHoldMs::MIN.get()..=ProvisionalHoldMs::MAX.get();
        let hold =
            hold.map(|hold| limited("--provisional-hold", hold, ProvisionalHoldMs::new, range()));
        body.options.provisional_hold_ms = hold.transpose()?;
    }
    Ok(())
}
