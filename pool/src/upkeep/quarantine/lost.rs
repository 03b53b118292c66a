//! What a record that cannot be read may have done, from what is left of it.

use std::collections::BTreeSet;

use hotseat_protocol::ids::{MachineId, PoolId, UserId};
use hotseat_rules::{Concerned, Lost, State};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::directory::Names;
use crate::journal::is_kind;
use crate::journal::row::Remains;

/// Letters of an id as it is written.
const ID_LETTERS: usize = 36;

/// What a record may have done, and whether it may have stated a lease that nobody knows: in a
/// pool's definition, or as the wait of a new generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MayBe {
    pub(super) lost: Lost,
    pub(super) stated_lease: bool,
}

impl MayBe {
    /// Nothing is known of it.
    pub(super) fn anything() -> Self {
        Self { lost: Lost::anything(), stated_lease: true }
    }
}

/// Judges by the kind, which stands in a record twice, and by the fields that say whom it is about.
/// Where one is missing, not whole or not known to the state, anybody may have been meant.
pub(super) fn may_be(remains: &Remains, state: &State) -> MayBe {
    let text = remains.payload.as_deref().unwrap_or_default();
    let kinds = [remains.kind.clone(), tag(text)];
    let kinds: BTreeSet<String> =
        kinds.into_iter().flatten().filter(|kind| is_kind(kind)).collect();
    if kinds.is_empty() {
        return MayBe::anything();
    }
    let says = Says::of(text);
    let mut may_be = MayBe { lost: Lost::harmless(), stated_lease: false };
    for kind in &kinds {
        let lost = &mut may_be.lost;
        match kind.as_str() {
            "user_changed" | "user_removed" => {
                lost.users = either(&lost.users, says.one("user", |id| user(id, state)));
            }
            "machine_revoked" => {
                lost.machines =
                    either(&lost.machines, says.one("machine", |id| machine(id, state)));
            }
            "pool_removed" => {
                lost.pools = either(&lost.pools, says.one("pool", |id| pool(id, state)));
            }
            "pool_defined" => {
                lost.pools = either(&lost.pools, says.defined(|id| pool(id, state)));
            }
            "quarantined" => {
                lost.users = either(&lost.users, says.list("users", |id| user(id, state)));
                lost.machines =
                    either(&lost.machines, says.list("machines", |id| machine(id, state)));
                lost.pools = either(&lost.pools, says.list("pools", |id| pool(id, state)));
            }
            _ => {}
        }
        may_be.stated_lease |= states_lease(kind);
    }
    may_be
}

/// Where two kinds are told of, it may have been either.
fn either<T: Ord + Clone>(one: &Concerned<T>, other: Concerned<T>) -> Concerned<T> {
    match (one, other) {
        (Concerned::These(one), Concerned::These(other)) => Concerned::These(one | &other),
        (Concerned::Anybody, _) | (_, Concerned::Anybody) => Concerned::Anybody,
    }
}

fn user(id: &str, state: &State) -> Option<UserId> {
    uuid(id).map(UserId).filter(|id| state.user(*id).is_some())
}

fn machine(id: &str, state: &State) -> Option<MachineId> {
    uuid(id).map(MachineId).filter(|id| state.machine(*id).is_some())
}

fn pool(id: &str, state: &State) -> Option<PoolId> {
    state.contents().pools.keys().find(|known| known.as_str() == id).cloned()
}

fn uuid(id: &str) -> Option<Uuid> {
    (id.len() == ID_LETTERS).then(|| Uuid::try_parse(id).ok()).flatten()
}

/// A record's text: read as a whole where that can be done.
struct Says<'a> {
    text: &'a str,
    fields: Option<Map<String, Value>>,
}

impl<'a> Says<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, fields: serde_json::from_str(text).ok() }
    }

    /// The only one that a field names.
    fn one<T: Ord>(&self, field: &str, known: impl Fn(&str) -> Option<T>) -> Concerned<T> {
        let found = match &self.fields {
            Some(fields) => fields.get(field).and_then(Value::as_str),
            None => self.after(&format!("\"{field}\":\"")),
        };
        found.and_then(known).map_or(Concerned::Anybody, |id| Concerned::These([id].into()))
    }

    /// The pool that a definition is of. Its id comes first; what else stands in it, such as the
    /// name of a client, may be called as another pool is.
    fn defined<T: Ord>(&self, known: impl Fn(&str) -> Option<T>) -> Concerned<T> {
        let found = match &self.fields {
            Some(fields) => fields.get("definition").and_then(|it| it.get("id")?.as_str()),
            None => self.after("\"definition\":{\"id\":\""),
        };
        found.and_then(known).map_or(Concerned::Anybody, |id| Concerned::These([id].into()))
    }

    /// All whom a list of a `quarantined` record names. One that cannot be read as a whole may have
    /// named anybody; one that names nobody has no list, but every field that it has is known.
    fn list<T: Ord>(&self, field: &str, known: impl Fn(&str) -> Option<T>) -> Concerned<T> {
        let Some(fields) = &self.fields else { return Concerned::Anybody };
        if fields.keys().any(|key| !QUARANTINED.contains(&key.as_str())) {
            return Concerned::Anybody;
        }
        let Some(list) = fields.get(field) else { return Concerned::nobody() };
        let named = list.as_array().and_then(|list| {
            list.iter().map(|id| id.as_str().and_then(&known)).collect::<Option<BTreeSet<T>>>()
        });
        named.map_or(Concerned::Anybody, Concerned::These)
    }

    /// What stands in quotes after something that stands there once.
    fn after(&self, before: &str) -> Option<&'a str> {
        let mut found = self.text.split(before);
        let (_, rest, None) = (found.next()?, found.next()?, found.next()) else { return None };
        rest.split_once('"').map(|(id, _)| id)
    }
}

/// The fields of a `quarantined` record.
const QUARANTINED: [&str; 6] = ["event", "record", "others", "users", "machines", "pools"];

/// Whom and which computers a record is about, as far as its text and the directory tell.
pub(super) fn about(remains: &Remains, names: &Names) -> Vec<String> {
    let text = remains.payload.as_deref().unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    for id in ids(text) {
        let person = names.person(UserId(id)).map(|person| person.email.clone());
        let named = person.or_else(|| names.machine(MachineId(id)).map(str::to_owned));
        found.extend(named.filter(|named| !found.contains(named)));
    }
    found
}

/// Whether records of this kind state for how long somebody may believe in a seat.
fn states_lease(kind: &str) -> bool {
    matches!(kind, "pool_defined" | "generation_began")
}

/// The kind that the text says it is.
fn tag(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"event\":")?;
    rest.trim_start().strip_prefix('"')?.split_once('"').map(|(kind, _)| kind.to_owned())
}

/// Everything in a text that is an id.
fn ids(text: &str) -> impl Iterator<Item = Uuid> {
    let starts = text.match_indices('"').map(|(at, quote)| at + quote.len());
    starts.filter_map(|at| Uuid::try_parse(text.get(at..at + ID_LETTERS)?).ok())
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::{Seq, WallTime};
    use hotseat_rules::{At, Event, UserKind, apply, presets};

    use super::*;

    const LUCY: &str = "018f2c6e-0000-4000-8000-000000000001";

    fn state() -> State {
        let mut state = State::default();
        for (n, user) in [LUCY, "018f2c6e-0000-4000-8000-000000000002"].iter().enumerate() {
            let at = At { seq: Seq(n as u64 + 1), time: WallTime { unix_ms: 0 } };
            let event =
                Event::UserAdded { user: user.parse().unwrap(), kind: UserKind::Concurrent };
            apply(&mut state, &event, at);
        }
        state
    }

    fn judged(kind: &str, payload: &str) -> MayBe {
        let (kind, payload) = (Some(kind.to_owned()), Some(payload.to_owned()));
        may_be(&Remains { kind, payload, ..Remains::default() }, &state())
    }

    #[test]
    fn what_is_left_of_a_record_says_whom_it_concerned() {
        let lucy = Concerned::These([LUCY.parse().unwrap()].into());
        let text = format!(r#"{{"event":"user_changed","user":"{LUCY}","kind":"con�"#);
        assert_eq!(judged("user_changed", &text).lost.users, lucy);
        assert_eq!(judged("user_changed", &text).lost.machines, Concerned::nobody());
        // The kind stands there twice.
        assert_eq!(judged("us�r_changed", &text).lost.users, lucy);
        assert_eq!(judged("user_changed", "�").lost.users, Concerned::Anybody);
        let damaged = text.replace("018f", "018e");
        assert_eq!(judged("user_changed", &damaged).lost.users, Concerned::Anybody);
        assert_eq!(judged("seat_released", "�").lost, Lost::harmless());
        assert!(!judged("seat_released", "�").stated_lease);
        assert!(judged("pool_defined", "�").stated_lease);
        assert!(judged("generation_began", "�").stated_lease);
        assert_eq!(judged("�", "�"), MayBe::anything());
        // Where the two differ, it may have been either.
        let both = judged("machine_revoked", &text).lost;
        assert_eq!((both.users, both.machines), (lucy, Concerned::Anybody));
    }

    #[test]
    fn in_a_list_every_id_is_whole_and_known_or_anybody_was_meant() {
        const BILL: &str = "018f2c6e-0000-4000-8000-000000000002";
        let both = Concerned::These([LUCY.parse().unwrap(), BILL.parse().unwrap()].into());
        let text = format!(
            r#"{{"event":"quarantined","record":6,"others":1,"users":["{LUCY}","{BILL}"]}}"#
        );
        let whole = judged("quarantined", &text).lost;
        assert_eq!((whole.users, whole.machines), (both, Concerned::nobody()));
        for (from, to) in [
            // Lucy's id, in one letter; half of it; no text at all.
            ("8000-000000000001", "8000-000000000007"),
            ("018f2c6e-0000-4000-8000-000000000001", "018f2c6e"),
            ("\"018f2c6e-0000-4000-8000-000000000001\"", "1"),
            ("\"users\"", "\"usexs\""),
            ("]", "\u{fffd}"),
        ] {
            let damaged = text.replacen(from, to, 1);
            assert_ne!(damaged, text);
            assert_eq!(judged("quarantined", &damaged).lost.users, Concerned::Anybody, "{damaged}");
        }
    }

    #[test]
    fn a_definition_is_of_the_pool_that_its_id_says_and_of_no_name_in_it() {
        let mut state = state();
        for (n, id) in ["infor-crm", "web"].iter().enumerate() {
            let mut definition = presets::infor_crm(2);
            definition.id = PoolId::new(*id).unwrap();
            let at = At { seq: Seq(n as u64 + 3), time: WallTime { unix_ms: 0 } };
            apply(&mut state, &Event::PoolDefined { definition: Box::new(definition) }, at);
        }
        let judged = |id: &str, rest: &str| {
            let payload = format!(r#"{{"event":"pool_defined","definition":{{"id":"{id}",{rest}"#);
            let (kind, payload) = (Some("pool_defined".to_owned()), Some(payload));
            may_be(&Remains { kind, payload, ..Remains::default() }, &state).lost.pools
        };
        let clients = r#""clients":{"web":{"rule":"hold"}}}}"#;
        let infor = Concerned::These([PoolId::new("infor-crm").unwrap()].into());
        for rest in [clients, "\"clients\":{\"web\":\u{fffd}"] {
            assert_eq!(judged("infor-crm", rest), infor, "{rest}");
            assert_eq!(judged("infor-crn", rest), Concerned::Anybody, "{rest}");
        }
    }
}
