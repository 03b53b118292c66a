//! One record of the journal in words.

use std::time::Duration;

use hotseat_protocol::api::HistoryRecord;
use hotseat_protocol::ids::{ClientName, Generation, MachineId, PoolId, UserId};
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

/// The person whom an event is about, when it says so itself.
pub(super) fn person(event: &Event) -> Option<UserId> {
    match event {
        Event::UserAdded { user, .. }
        | Event::UserChanged { user, .. }
        | Event::UserRemoved { user }
        | Event::ChecksRefused { user, .. }
        | Event::Overdraft { user, .. } => Some(*user),
        Event::SignOnRefused { asked, .. }
        | Event::SeatGranted { asked, .. }
        | Event::PlaceTaken { asked, .. }
        | Event::PlaceMoved { asked, .. } => Some(asked.user),
        Event::RequestCancelled { request } => match request.caller {
            Caller::User(user) => Some(user),
            Caller::Machine(_) | Caller::Service(_) | Caller::Admin => None,
        },
        // A seat's and a place's belong to whom the record that brought them names.
        Event::SeatReacquired { .. }
        | Event::SeatWarned { .. }
        | Event::SeatLeaving { .. }
        | Event::SeatReleased { .. }
        | Event::PlaceEnded { .. }
        | Event::Offered { .. }
        | Event::OfferWithdrawn { .. }
        | Event::WarningAnswered { .. }
        | Event::IdleSpell { .. } => None,
        Event::Initialised { .. }
        | Event::PoolDefined { .. }
        | Event::PoolRemoved { .. }
        | Event::MachineAdded { .. }
        | Event::MachineRevoked { .. }
        | Event::RequestsAged
        | Event::RecoveryEnded
        | Event::FoundBehind { .. }
        | Event::GenerationBegan { .. } => None,
    }
}

/// Says what a record says.
pub(super) fn describe(
    record: &Record,
    kind: &str,
    granted: Option<Subject>,
    names: &Names,
) -> HistoryRecord {
    let mut told = HistoryRecord {
        seq: record.seq,
        at: record.at,
        what: kind.to_owned(),
        pool: None,
        user: None,
        client: None,
        seat: None,
        machine: None,
        reason: None,
        by: None,
        note: None,
        count: None,
    };
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
fn actor_name(actor: &Actor, names: &Names) -> String {
    match actor {
        Actor::Account { uid, name: Some(name) } => format!("{name} (os:{uid})"),
        Actor::Account { uid, name: None } => format!("os:{uid}"),
        Actor::AdminToken => "admin token".to_owned(),
        Actor::Store => "whoever opened the store".to_owned(),
        Actor::Service(service) => caller(Caller::Service(*service), names),
    }
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

fn user(id: UserId, names: &Names) -> String {
    feed::Names::user(names, id).unwrap_or_else(|| id.to_string())
}

fn machine_name(id: MachineId, names: &Names) -> String {
    names.machine(id).map_or_else(|| id.to_string(), str::to_owned)
}

fn caller(caller: Caller, names: &Names) -> String {
    feed::Names::caller(names, caller).unwrap_or_else(|| match caller {
        Caller::Admin => "an administrator".to_owned(),
        Caller::User(id) => id.to_string(),
        Caller::Machine(id) => id.to_string(),
        Caller::Service(id) => id.to_string(),
    })
}

/// A value as the word that it is on the wire.
fn word(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn fill(told: &mut HistoryRecord, event: &Event, names: &Names) {
    match event {
        Event::Initialised { generation } => told.note = Some(format!("generation {generation}")),
        Event::PoolDefined { definition } => {
            told.pool = Some(definition.id.clone());
            told.note = Some(format!("{}, {} seats", definition.name, definition.seats));
        }
        Event::PoolRemoved { pool } => told.pool = Some(pool.clone()),
        Event::UserAdded { user: id, kind } => {
            told.user = Some(user(*id, names));
            told.note = Some(kind_word(*kind).to_owned());
        }
        Event::UserChanged { user: id, kind, enabled } => {
            told.user = Some(user(*id, names));
            told.note = Some(format!("{}, {}", kind_word(*kind), enabled_word(*enabled)));
        }
        Event::UserRemoved { user: id } => told.user = Some(user(*id, names)),
        Event::MachineAdded { machine } | Event::MachineRevoked { machine } => {
            told.machine = Some(machine_name(*machine, names));
        }
        Event::SignOnRefused { asked, code } => {
            about_asked(told, asked, asked.request.caller.keeper(), names);
            told.reason = Some(code_word(*code).to_owned());
        }
        Event::SeatGranted { seat, asked, keeper, counted, offer, .. } => {
            about_asked(told, asked, *keeper, names);
            told.seat = Some(*seat);
            told.reason = offer.map(|_| "offer".to_owned());
            told.note = (!counted).then(|| "not counted".to_owned());
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
        Event::FoundBehind { machine, seen } => found_behind(told, *machine, *seen, names),
        Event::GenerationBegan { generation, why, wait, .. } => {
            generation_began(told, *generation, *why, *wait);
        }
        Event::RequestCancelled { request } => told.by = Some(caller(request.caller, names)),
        Event::ChecksRefused { pool, user: id, client, code, count } => {
            in_pool(told, pool, *id, names);
            told.client = Some(client.clone());
            told.reason = Some(code_word(*code).to_owned());
            told.count = Some(*count);
        }
        Event::WarningAnswered { seat, answer } => {
            told.seat = Some(*seat);
            told.reason = Some(answer_word(*answer).to_owned());
        }
        Event::Overdraft { machine, pool, user: id, from, to, at_least, .. } => {
            told.machine = Some(machine_name(*machine, names));
            in_pool(told, pool, *id, names);
            let until = if *at_least { "at least to" } else { "to" };
            told.note = Some(format!("worked on without a seat from {from} {until} {to}"));
        }
        Event::IdleSpell { seat, from, to } => {
            told.seat = Some(*seat);
            told.note = Some(format!("from {from} to {to}"));
        }
    }
}

fn in_pool(told: &mut HistoryRecord, pool: &PoolId, id: UserId, names: &Names) {
    told.pool = Some(pool.clone());
    told.user = Some(user(id, names));
}

fn found_behind(told: &mut HistoryRecord, machine: MachineId, seen: Position, names: &Names) {
    told.machine = Some(machine_name(machine, names));
    told.note = Some(format!("it has seen {} of {}", seen.seq, seen.generation));
}

fn generation_began(
    told: &mut HistoryRecord,
    generation: Generation,
    why: NewGeneration,
    wait: Duration,
) {
    told.reason = Some(
        match why {
            NewGeneration::Restored => "restored",
            NewGeneration::Recovered => "recovered",
        }
        .to_owned(),
    );
    let wait = wait.as_secs();
    told.note = Some(format!("generation {generation}; nothing is granted for {wait} s"));
}

fn released(told: &mut HistoryRecord, release: &Release, names: &Names) {
    told.reason = word(release.reason);
    told.by = release.by.map(|by| caller(by, names));
    told.note.clone_from(&release.why);
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
