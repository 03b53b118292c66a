//! What a record that cannot be read may have done, from what is left of it.

use std::collections::BTreeSet;

use hotseat_protocol::ids::{MachineId, PoolId, UserId};
use hotseat_rules::{Concerned, Lost, State};
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

/// Judges by the kind, which stands in a record twice, and by the ids in its text. Whatever is
/// named there and known to the state was concerned; where nothing is, anybody may have been.
pub(super) fn may_be(remains: &Remains, state: &State) -> MayBe {
    let text = remains.payload.as_deref().unwrap_or_default();
    let kinds = [remains.kind.clone(), tag(text)];
    let kinds: BTreeSet<String> =
        kinds.into_iter().flatten().filter(|kind| is_kind(kind)).collect();
    if kinds.is_empty() {
        return MayBe::anything();
    }
    let mut may_be = MayBe { lost: Lost::harmless(), stated_lease: false };
    for kind in &kinds {
        let doubts_all = kind == "quarantined";
        if doubts_all || matches!(kind.as_str(), "user_changed" | "user_removed") {
            may_be.lost.users = users(text, state);
        }
        if doubts_all || kind == "machine_revoked" {
            may_be.lost.machines = machines(text, state);
        }
        if doubts_all || matches!(kind.as_str(), "pool_defined" | "pool_removed") {
            may_be.lost.pools = pools(text, state);
        }
        may_be.stated_lease |= states_lease(kind);
    }
    may_be
}

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

fn users(text: &str, state: &State) -> Concerned<UserId> {
    let named = ids(text).map(UserId);
    these(named.filter(|id| state.user(*id).is_some()).collect())
}

fn machines(text: &str, state: &State) -> Concerned<MachineId> {
    let named = ids(text).map(MachineId);
    these(named.filter(|id| state.machine(*id).is_some()).collect())
}

fn pools(text: &str, state: &State) -> Concerned<PoolId> {
    let known = state.contents().pools.keys();
    let named = known.filter(|id| text.contains(&format!("\"{id}\"")));
    these(named.cloned().collect())
}

fn these<T>(named: BTreeSet<T>) -> Concerned<T> {
    if named.is_empty() { Concerned::Anybody } else { Concerned::These(named) }
}

/// Everything in a text that is an id.
fn ids(text: &str) -> impl Iterator<Item = Uuid> {
    let starts = text.match_indices('"').map(|(at, quote)| at + quote.len());
    starts.filter_map(|at| Uuid::try_parse(text.get(at..at + ID_LETTERS)?).ok())
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::{Seq, WallTime};
    use hotseat_rules::{At, Event, UserKind, apply};

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
}
