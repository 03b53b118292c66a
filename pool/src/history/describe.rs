//! One record of the journal in words.

use std::time::Duration;

use hotseat_protocol::api::HistoryRecord;
use hotseat_protocol::bounded_text::{DisplayName, HistoryNote, HistoryWord};
use hotseat_protocol::ids::{ClientName, Generation, MachineId, PoolId, UserId};
use hotseat_protocol::quantity::PeopleCount;
use hotseat_rules::{
    Asked, Caller, Event, Keeper, NewGeneration, Position, RefusalCode, Release, UserKind,
    WarningAnswer,
};
use serde::Serialize;

use crate::directory::Names;
use crate::feed;
use crate::journal::{Actor, Record};

/// Whom a seat or a place belongs to.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pool: PoolId,
    user: UserId,
    client: ClientName,
    machine: Option<MachineId>,
}

impl Subject {
    /// From the record that brought the seat or the place.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let (Event::SeatGranted { asked, keeper, .. } | Event::PlaceTaken { asked, keeper, .. }) =
            &record.event
        else {
            return None;
        };
        Some(Self::asked(asked, *keeper))
    }

    /// Whose seat or place it is.
    pub(super) fn user(&self) -> UserId {
        self.user
    }

    fn asked(asked: &Asked, keeper: Keeper) -> Self {
        Self {
            pool: asked.pool.clone(),
            user: asked.user,
            client: asked.client.clone(),
            machine: match keeper {
                Keeper::Machine(machine) => Some(machine),
                Keeper::Calls => None,
            },
        }
    }
}

/// Says what a record says.
pub(super) fn describe(
    record: &Record,
    kind: &str,
    granted: Option<Subject>,
    names: &Names,
) -> HistoryRecord {
    let mut told = HistoryRecord::new(record.seq, record.at, HistoryWord::clamped(kind));
    if let Some(subject) = granted {
        about(&mut told, subject, names);
    }
    fill(&mut told, &record.event, names);
    if let Some(actor) = &record.actor {
        told.by = Some(actor_name(actor, names));
    }
    told
}

/// The same for the person whom it is about, who is not told which administrator it was.
pub(super) fn for_people(
    told: HistoryRecord,
    actor: Option<&Actor>,
    names: &Names,
) -> HistoryRecord {
    match actor {
        Some(Actor::Account { .. } | Actor::AdminToken | Actor::Store) => {
            HistoryRecord { by: Some(caller(Caller::Admin, names)), ..told }
        }
        Some(Actor::Service(_)) | None => told,
    }
}

/// "lucy (os:1000)": the number tells apart who has been called the same.
fn actor_name(actor: &Actor, names: &Names) -> DisplayName {
    let words = match actor {
        Actor::Account { uid, name: Some(name) } => &format!("{name} (os:{uid})"),
        Actor::Account { uid, name: None } => &format!("os:{uid}"),
        Actor::AdminToken => "admin token",
        Actor::Store => "whoever opened the store",
        Actor::Service(service) => return caller(Caller::Service(*service), names),
    };
    DisplayName::clamped(words)
}

/// About whoever asked, and by which service; a machine is told as such, and people ask for
/// themselves.
fn about_asked(told: &mut HistoryRecord, asked: &Asked, keeper: Keeper, names: &Names) {
    about(told, Subject::asked(asked, keeper), names);
    if let by @ Caller::Service(_) = asked.request.caller {
        told.by = Some(caller(by, names));
    }
}

fn about(told: &mut HistoryRecord, subject: Subject, names: &Names) {
    told.pool = Some(subject.pool);
    told.user = Some(user(subject.user, names));
    told.client = Some(subject.client);
    told.machine = subject.machine.map(|machine| machine_name(machine, names));
}

fn user(id: UserId, names: &Names) -> DisplayName {
    DisplayName::clamped(&feed::Names::user(names, id).unwrap_or_else(|| id.to_string()))
}

fn machine_name(id: MachineId, names: &Names) -> DisplayName {
    DisplayName::clamped(&names.machine(id).map_or_else(|| id.to_string(), str::to_owned))
}

fn caller(caller: Caller, names: &Names) -> DisplayName {
    let name = feed::Names::caller(names, caller).unwrap_or_else(|| match caller {
        Caller::Admin => "an administrator".to_owned(),
        Caller::User(id) => id.to_string(),
        Caller::Machine(id) => id.to_string(),
        Caller::Service(id) => id.to_string(),
    });
    DisplayName::clamped(&name)
}

/// A value as the word that it is on the wire.
fn word(value: impl Serialize) -> Option<HistoryWord> {
    serde_json::to_value(value).ok()?.as_str().map(HistoryWord::clamped)
}

fn note(text: &str) -> Option<HistoryNote> {
    Some(HistoryNote::clamped(text))
}

fn fill(told: &mut HistoryRecord, event: &Event, names: &Names) {
    match event {
        Event::Initialised { generation } => told.note = note(&format!("generation {generation}")),
        Event::PoolDefined { definition } => {
            told.pool = Some(definition.id.clone());
            told.note = note(&format!("{}, {} seats", definition.name, definition.seats));
        }
        Event::PoolRemoved { pool } => told.pool = Some(pool.clone()),
        Event::UserAdded { user: id, kind } => {
            person_is(told, user(*id, names), kind_word(*kind));
        }
        Event::UserChanged { user: id, kind, enabled } => {
            let now = format!("{}, {}", kind_word(*kind), enabled_word(*enabled));
            person_is(told, user(*id, names), &now);
        }
        Event::UserRemoved { user: id } => told.user = Some(user(*id, names)),
        Event::MachineAdded { machine }
        | Event::MachineRevoked { machine }
        | Event::MachineConfirmed { machine } => {
            told.machine = Some(machine_name(*machine, names));
        }
        Event::SignOnRefused { asked, code } => {
            about_asked(told, asked, asked.request.caller.keeper(), names);
            told.reason = Some(HistoryWord::clamped(code_word(*code)));
        }
        Event::SeatGranted { seat, asked, keeper, counted, offer, .. } => {
            about_asked(told, asked, *keeper, names);
            told.seat = Some(*seat);
            told.reason = offer.map(|_| HistoryWord::clamped("offer"));
            told.note = note("not counted").filter(|_| !counted);
        }
        Event::SeatReacquired { seat, .. } | Event::SeatWarned { seat } => told.seat = Some(*seat),
        Event::SeatLeaving { seat, release } | Event::SeatReleased { seat, release } => {
            told.seat = Some(*seat);
            released(told, release, names);
        }
        Event::PlaceTaken { asked, keeper, .. } | Event::PlaceMoved { asked, keeper, .. } => {
            about_asked(told, asked, *keeper, names);
        }
        Event::PlaceEnded { end, .. } => told.reason = word(end),
        Event::Offered { .. }
        | Event::OfferWithdrawn { .. }
        | Event::RequestsAged
        | Event::RecoveryEnded => {}
        Event::RecordSetAside { .. } | Event::Quarantined { .. } => told.note = set_aside(event),
        Event::FoundBehind { machine, seen } => found_behind(told, *machine, *seen, names),
        Event::GenerationBegan { generation, why, wait, .. } => {
            generation_began(told, *generation, *why, wait.whole());
        }
        Event::RequestCancelled { request } => told.by = Some(caller(request.caller, names)),
        Event::ChecksRefused { pool, user: id, client, code, count } => {
            in_pool(told, pool, *id, names);
            checks_refused(told, client, *code, *count);
        }
        Event::WarningAnswered { seat, answer } => {
            told.seat = Some(*seat);
            told.reason = Some(HistoryWord::clamped(answer_word(*answer)));
        }
        Event::Overdraft { machine, pool, user: id, from, to, at_least, .. } => {
            told.machine = Some(machine_name(*machine, names));
            in_pool(told, pool, *id, names);
            let until = if *at_least { "at least to" } else { "to" };
            told.note = note(&format!("worked on without a seat from {from} {until} {to}"));
        }
        Event::IdleSpell { seat, from, to } => {
            told.seat = Some(*seat);
            told.note = note(&format!("from {from} to {to}"));
        }
    }
}

fn checks_refused(told: &mut HistoryRecord, client: &ClientName, code: RefusalCode, count: u32) {
    told.client = Some(client.clone());
    told.reason = Some(HistoryWord::clamped(code_word(code)));
    told.count = Some(PeopleCount::clamped(u64::from(count)));
}

fn person_is(told: &mut HistoryRecord, user: DisplayName, what: &str) {
    (told.user, told.note) = (Some(user), note(what));
}

fn in_pool(told: &mut HistoryRecord, pool: &PoolId, id: UserId, names: &Names) {
    told.pool = Some(pool.clone());
    told.user = Some(user(id, names));
}

fn set_aside(event: &Event) -> Option<HistoryNote> {
    let Event::Quarantined { record, others, users, machines, pools } = event else {
        return note("a record that could not be used was set aside");
    };
    let [users, machines, pools] = [users.len(), machines.len(), pools.len()];
    note(&format!(
        "record {record} and {others} later ones were set aside; to be confirmed: {users} users, \
         {machines} machines, {pools} pools"
    ))
}

fn found_behind(told: &mut HistoryRecord, machine: MachineId, seen: Position, names: &Names) {
    told.machine = Some(machine_name(machine, names));
    told.note = note(&format!("it has seen {} of {}", seen.seq, seen.generation));
}

fn generation_began(
    told: &mut HistoryRecord,
    generation: Generation,
    why: NewGeneration,
    wait: Duration,
) {
    told.reason = Some(HistoryWord::clamped(match why {
        NewGeneration::Restored => "restored",
        NewGeneration::Recovered => "recovered",
        NewGeneration::Quarantined => "records were set aside",
    }));
    let wait = wait.as_secs();
    told.note = note(&format!("generation {generation}; nothing is granted for {wait} s"));
}

fn released(told: &mut HistoryRecord, release: &Release, names: &Names) {
    told.reason = word(release.reason);
    told.by = release.by.map(|by| caller(by, names));
    told.note = release.why.as_deref().and_then(note);
}

fn kind_word(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Named => "named",
        UserKind::Concurrent => "concurrent",
    }
}

fn enabled_word(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

fn code_word(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::PoolFull => "pool_full",
        RefusalCode::OthersWait => "others_wait",
        RefusalCode::ClientCannotHold => "client_cannot_hold",
        RefusalCode::ClientCannotWait => "client_cannot_wait",
        RefusalCode::UserDisabled => "user_disabled",
        RefusalCode::MachineRevoked => "machine_revoked",
        RefusalCode::PoolRecovering => "pool_recovering",
    }
}

fn answer_word(answer: WarningAnswer) -> &'static str {
    match answer {
        WarningAnswer::Kept => "kept",
        WarningAnswer::Active => "active",
        WarningAnswer::Withdrawn => "withdrawn",
        WarningAnswer::SignedOff => "signed_off",
        WarningAnswer::Unanswered => "unanswered",
    }
}
