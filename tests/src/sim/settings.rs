//! An administrator changes one setting of the pool: each that there is, up, down and to the ends
//! of its range, while machines hold seats. Who lives keeps seat and place, and the machines follow.

use std::time::Duration;

use hotseat_protocol::ids::{ClientName, Operation};
use hotseat_rules::{
    HOLD_LEAST, HOLD_MOST, HOLD_USUALLY, MAX_DURATION, MAX_SEATS, MIN_LEASE, Offline, OnSleep,
    PoolDefinition, Privacy, Rule, presets,
};

use super::commands::{client, log_in};
use super::random::Random;

const SECOND: Duration = Duration::from_secs(1);

/// How far a change may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What is to end can still be waited for when all faults have healed.
    Near,
    /// To the far end of the range, which is days away.
    Far,
}

/// A change of one setting. The rules may refuse the result.
type Change = fn(&mut PoolDefinition, Reach, &mut Random);

/// Every setting: the schema that it is of, its name there, and its change.
pub(super) const SETTINGS: &[(&str, &str, Change)] = &[
    ("PoolBody", "name", |pool, _, random| {
        let length = random.pick(&[1, 2, 50, 100]).unwrap_or(1);
        pool.name = "N".repeat(length);
    }),
    ("PoolBody", "seats", |pool, _, random| {
        let (fewer, more) = (pool.seats.saturating_sub(1), pool.seats + 1);
        pool.seats = random.pick(&[0, 1, fewer, more, 2, 3, MAX_SEATS]).unwrap_or(1);
        pool.seats = pool.seats.min(MAX_SEATS);
    }),
    ("PoolBody", "clients", |pool, _, random| {
        let preset = presets::infor_crm(1).clients;
        let names: Vec<ClientName> = preset.keys().cloned().chain([client("fax")]).collect();
        let Some(name) = random.pick(&names) else { return };
        if pool.clients.remove(&name).is_some() {
            return;
        }
        let like = preset.get(&name).or_else(|| preset.get(&client("web")));
        if let Some(like) = like {
            pool.clients.insert(name, like.clone());
            timeout_within_reach(pool);
        }
    }),
    ("PoolBody", "desktop_client", |pool, _, random| {
        let holding = pool.clients.iter().filter(|(_, client)| client.rule == Rule::Hold);
        let holding: Vec<ClientName> = holding.map(|(name, _)| name.clone()).collect();
        pool.desktop_client = random.pick(&holding).unwrap_or_else(|| client("network"));
    }),
    // Their own keys are below.
    ("PoolBody", "options", |_, _, _| {}),
    ("PoolBody", "idle", |_, _, _| {}),
    ("PoolBody", "lease_ms", |pool, reach, random| {
        pool.lease = moved(pool.lease, (MIN_LEASE, 120 * SECOND), reach, random);
    }),
    ("PoolBody", "calls_timeout_ms", |pool, reach, random| {
        pool.calls_timeout = moved(pool.calls_timeout, (SECOND, 120 * SECOND), reach, random);
    }),
    ("PoolBody", "offer_ms", |pool, reach, random| {
        pool.offer = moved(pool.offer, (SECOND, 60 * SECOND), reach, random);
    }),
    ("PoolBody", "tray_grace_ms", |pool, reach, random| {
        pool.tray_grace = moved(pool.tray_grace, (Duration::ZERO, 30 * SECOND), reach, random);
    }),
    ("PoolBody", "on_sleep", |pool, _, random| {
        pool.on_sleep = random.pick(&[OnSleep::SignOff, OnSleep::Keep]).unwrap_or(OnSleep::Keep);
    }),
    ("PoolBody", "offline", |pool, _, random| {
        pool.offline = random.pick(&[Offline::Stop, Offline::Tolerate]).unwrap_or(Offline::Stop);
    }),
    ("PoolBody", "privacy", |pool, _, random| {
        let all = [Privacy::Names, Privacy::Initials, Privacy::Counts];
        pool.privacy = random.pick(&all).unwrap_or(Privacy::Names);
    }),
    ("OptionsBody", "one_seat_per_user", |pool, _, _| {
        pool.options.one_seat_per_user = !pool.options.one_seat_per_user;
    }),
    ("OptionsBody", "holder_passes_check", |pool, _, _| {
        pool.options.holder_passes_check = !pool.options.holder_passes_check;
    }),
    ("OptionsBody", "provisional_hold_ms", |pool, _, random| {
        let now = pool.options.provisional_hold.unwrap_or(HOLD_USUALLY);
        let moved = moved(now, (HOLD_LEAST, HOLD_MOST), Reach::Near, random);
        pool.options.provisional_hold = (!random.chance(20)).then_some(moved);
    }),
    ("IdleBody", "warn_after_ms", |pool, _, random| {
        let most = pool.idle.sign_off_after.saturating_sub(SECOND).max(SECOND);
        pool.idle.warn_after = moved(pool.idle.warn_after, (SECOND, most), Reach::Near, random);
    }),
    ("IdleBody", "sign_off_after_ms", |pool, _, random| {
        let ends = (pool.idle.warn_after + SECOND, MAX_DURATION);
        pool.idle.sign_off_after = moved(pool.idle.sign_off_after, ends, Reach::Near, random);
    }),
    ("IdleBody", "only_when_wanted", |pool, _, _| {
        pool.idle.only_when_wanted = !pool.idle.only_when_wanted;
    }),
    ("ClientBody", "rule", |pool, _, random| {
        let names: Vec<ClientName> = pool.clients.keys().cloned().collect();
        let changed = random.pick(&names).and_then(|name| pool.clients.get_mut(&name));
        if let Some(changed) = changed {
            if changed.rule == Rule::Hold {
                (changed.rule, changed.session_timeout) = (Rule::Check, None);
            } else {
                changed.rule = Rule::Hold;
            }
        }
    }),
    ("ClientBody", "session_timeout_ms", |pool, reach, random| {
        let holding = pool.clients.values_mut().filter(|client| client.rule == Rule::Hold);
        let mut holding: Vec<_> = holding.collect();
        let which = random.bits() % holding.len().max(1) as u64;
        let Some(changed) = usize::try_from(which).ok().and_then(|n| holding.get_mut(n)) else {
            return;
        };
        let now = changed.session_timeout.unwrap_or(60 * SECOND);
        let after = moved(now, (SECOND, 180 * SECOND), reach, random);
        changed.session_timeout = (!random.chance(25)).then_some(after);
    }),
    ("ClientBody", "operations", |pool, _, random| {
        let names: Vec<ClientName> = pool.clients.keys().cloned().collect();
        let changed = random.pick(&names).and_then(|name| pool.clients.get_mut(&name));
        let Some(changed) = changed else { return };
        let nap = Operation::new("nap").expect("a good name");
        match random.between(0, 2) {
            0 => drop(changed.operations.insert(nap, Some("Good night.".to_owned()))),
            1 => drop(changed.operations.remove(&nap)),
            _ => drop(changed.operations.insert(log_in(), None)),
        }
    }),
];

/// One setting is changed. Says how far it went.
pub(super) fn change_setting(
    definition: &mut PoolDefinition,
    reach: Reach,
    random: &mut Random,
) -> &'static str {
    let Some((_, name, change)) = random.pick(SETTINGS) else {
        return "nothing";
    };
    change(definition, reach, random);
    name
}

/// A duration goes up or down, a little, by half, or to an end of its range; where the far end is
/// out of reach, to one that can be waited for.
fn moved(
    now: Duration,
    (least, near): (Duration, Duration),
    reach: Reach,
    random: &mut Random,
) -> Duration {
    let most = if reach == Reach::Far { MAX_DURATION } else { near };
    let some = Duration::from_millis(random.between(0, 60_000));
    let ways = [least, most, now / 2, now.saturating_mul(2), now + some, now.saturating_sub(some)];
    random.pick(&ways).unwrap_or(now).clamp(least, most.max(least))
}

/// A client as it ships keeps visitors longer than a play can wait for.
fn timeout_within_reach(pool: &mut PoolDefinition) {
    for client in pool.clients.values_mut() {
        client.session_timeout = client.session_timeout.map(|timeout| timeout.min(120 * SECOND));
    }
}

/// Whether something that lives by this definition lives longer than a play can wait for.
#[must_use]
pub(super) fn is_far(definition: &PoolDefinition) -> bool {
    let timeouts = definition.clients.values().filter_map(|client| client.session_timeout);
    let waits =
        [definition.lease, definition.calls_timeout, definition.offer, definition.tray_grace];
    timeouts.chain(waits).any(|wait| wait > 180 * SECOND)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hotseat_protocol::api::PoolBody;
    use utoipa::{PartialSchema, ToSchema};

    use super::*;

    /// The keys of a definition as the schema describes them, its parts' keys among them.
    fn described() -> BTreeSet<(String, String)> {
        let mut schemas = vec![("PoolBody".to_owned(), PoolBody::schema())];
        PoolBody::schemas(&mut schemas);
        let mut keys = BTreeSet::new();
        for (name, schema) in schemas {
            let schema = serde_json::to_value(schema).expect("a schema is JSON");
            let properties = schema["properties"].as_object().into_iter().flatten();
            keys.extend(properties.map(|(key, _)| (name.clone(), key.clone())));
        }
        keys
    }

    #[test]
    fn every_setting_of_the_schema_has_its_change() {
        let played = SETTINGS.iter().map(|(of, name, _)| ((*of).to_owned(), (*name).to_owned()));
        assert_eq!(played.collect::<BTreeSet<_>>(), described());
    }

    /// A change that changes nothing plays nothing.
    #[test]
    fn every_change_is_taken_by_the_rules_and_changes_something() {
        for (of, name, change) in SETTINGS {
            // They have their own keys.
            if ["options", "idle"].contains(name) {
                continue;
            }
            let before = presets::infor_crm(2);
            let taken = (0..200).any(|seed| {
                let mut after = before.clone();
                change(&mut after, Reach::Near, &mut Random::new(seed));
                after != before && after.validate().is_ok()
            });
            assert!(taken, "{of}.{name}");
        }
    }

    #[test]
    fn the_far_end_is_met_only_where_it_may_be() {
        for (reach, expected) in [(Reach::Near, false), (Reach::Far, true)] {
            let far = (0..2_000).any(|seed| {
                let mut definition = presets::infor_crm(2);
                definition.calls_timeout = 100 * SECOND;
                timeout_within_reach(&mut definition);
                change_setting(&mut definition, reach, &mut Random::new(seed));
                is_far(&definition)
            });
            assert_eq!(far, expected, "{reach:?}");
        }
    }
}
