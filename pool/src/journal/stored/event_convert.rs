//! Events to their stored form and back.

use hotseat_protocol::ids::Generation;
use hotseat_rules::{Event, NewGeneration, Wait};

use super::event::StoredEvent;
use super::parts::{StoredGeneration, StoredNewGeneration, read_wait, stored_wait};

impl From<&Event> for StoredEvent {
    fn from(event: &Event) -> Self {
        match event.clone() {
            Event::Initialised { generation } => initialised(generation),
            Event::PoolDefined { definition } => {
                Self::PoolDefined { definition: Box::new(definition.as_ref().into()) }
            }
            Event::PoolRemoved { pool } => Self::PoolRemoved { pool },
            Event::UserAdded { user, kind } => Self::UserAdded { user, kind: kind.into() },
            Event::UserChanged { user, kind, enabled } => {
                Self::UserChanged { user, kind: kind.into(), enabled }
            }
            Event::UserRemoved { user } => Self::UserRemoved { user },
            Event::MachineAdded { machine } => Self::MachineAdded { machine },
            Event::MachineRevoked { machine } => Self::MachineRevoked { machine },
            Event::SignOnRefused { asked, code } => {
                Self::SignOnRefused { asked: (&asked).into(), code: code.into() }
            }
            Event::SeatGranted { seat, asked, keeper, anchor, counted, offer } => {
                let (asked, keeper) = ((&asked).into(), keeper.into());
                Self::SeatGranted { seat, asked, keeper, anchor, counted, offer }
            }
            Event::SeatReacquired { seat, asked } => {
                Self::SeatReacquired { seat, asked: (&asked).into() }
            }
            Event::SeatLeaving { seat, release } => {
                Self::SeatLeaving { seat, release: (&release).into() }
            }
            Event::SeatReleased { seat, release } => {
                Self::SeatReleased { seat, release: (&release).into() }
            }
            Event::PlaceTaken { place, asked, keeper, anchor, accept } => {
                let (asked, keeper, accept) = ((&asked).into(), keeper.into(), accept.into());
                Self::PlaceTaken { place, asked, keeper, anchor, accept }
            }
            Event::PlaceMoved { place, asked, keeper, anchor, accept } => {
                let (asked, keeper, accept) = ((&asked).into(), keeper.into(), accept.into());
                Self::PlaceMoved { place, asked, keeper, anchor, accept }
            }
            Event::PlaceEnded { place, end, offer } => Self::PlaceEnded { place, end, offer },
            Event::Offered { place, offer } => Self::Offered { place, offer },
            Event::OfferWithdrawn { place, offer } => Self::OfferWithdrawn { place, offer },
            Event::RequestCancelled { request } => {
                Self::RequestCancelled { request: request.into() }
            }
            Event::ChecksRefused { pool, user, client, code, count } => {
                Self::ChecksRefused { pool, user, client, code: code.into(), count }
            }
            Event::SeatWarned { seat } => Self::SeatWarned { seat },
            Event::WarningAnswered { seat, answer } => {
                Self::WarningAnswered { seat, answer: answer.into() }
            }
            Event::Overdraft { machine, seat, pool, user, from, to, at_least } => {
                Self::Overdraft { machine, seat, pool, user, from, to, at_least }
            }
            Event::IdleSpell { seat, from, to } => Self::IdleSpell { seat, from, to },
            Event::RequestsAged => Self::RequestsAged,
            Event::FoundBehind { machine, seen } => {
                Self::FoundBehind { machine, seen: seen.into() }
            }
            Event::GenerationBegan { generation, why, wait, lost } => {
                generation_began(generation, why, wait, lost)
            }
            Event::RecoveryEnded => Self::RecoveryEnded,
            Event::RecordSetAside { generation } => set_aside(generation),
            Event::Quarantined { record, others, users, machines, pools } => {
                Self::Quarantined { record, others, users, machines, pools }
            }
            Event::MachineConfirmed { machine } => Self::MachineConfirmed { machine },
        }
    }
}

impl From<StoredEvent> for Event {
    fn from(event: StoredEvent) -> Self {
        match event {
            StoredEvent::Initialised { generation } => read_initialised(generation),
            StoredEvent::PoolDefined { definition } => {
                Self::PoolDefined { definition: Box::new((*definition).into()) }
            }
            StoredEvent::PoolRemoved { pool } => Self::PoolRemoved { pool },
            StoredEvent::UserAdded { user, kind } => Self::UserAdded { user, kind: kind.into() },
            StoredEvent::UserChanged { user, kind, enabled } => {
                Self::UserChanged { user, kind: kind.into(), enabled }
            }
            StoredEvent::UserRemoved { user } => Self::UserRemoved { user },
            StoredEvent::MachineAdded { machine } => Self::MachineAdded { machine },
            StoredEvent::MachineRevoked { machine } => Self::MachineRevoked { machine },
            StoredEvent::SignOnRefused { asked, code } => {
                Self::SignOnRefused { asked: asked.into(), code: code.into() }
            }
            StoredEvent::SeatGranted { seat, asked, keeper, anchor, counted, offer } => {
                let (asked, keeper) = (asked.into(), keeper.into());
                Self::SeatGranted { seat, asked, keeper, anchor, counted, offer }
            }
            StoredEvent::SeatReacquired { seat, asked } => {
                Self::SeatReacquired { seat, asked: asked.into() }
            }
            StoredEvent::SeatLeaving { seat, release } => {
                Self::SeatLeaving { seat, release: release.into() }
            }
            StoredEvent::SeatReleased { seat, release } => {
                Self::SeatReleased { seat, release: release.into() }
            }
            StoredEvent::PlaceTaken { place, asked, keeper, anchor, accept } => {
                let (asked, keeper, accept) = (asked.into(), keeper.into(), accept.into());
                Self::PlaceTaken { place, asked, keeper, anchor, accept }
            }
            StoredEvent::PlaceMoved { place, asked, keeper, anchor, accept } => {
                let (asked, keeper, accept) = (asked.into(), keeper.into(), accept.into());
                Self::PlaceMoved { place, asked, keeper, anchor, accept }
            }
            StoredEvent::PlaceEnded { place, end, offer } => Self::PlaceEnded { place, end, offer },
            StoredEvent::Offered { place, offer } => Self::Offered { place, offer },
            StoredEvent::OfferWithdrawn { place, offer } => Self::OfferWithdrawn { place, offer },
            StoredEvent::RequestCancelled { request } => {
                Self::RequestCancelled { request: request.into() }
            }
            StoredEvent::ChecksRefused { pool, user, client, code, count } => {
                Self::ChecksRefused { pool, user, client, code: code.into(), count }
            }
            StoredEvent::SeatWarned { seat } => Self::SeatWarned { seat },
            StoredEvent::WarningAnswered { seat, answer } => {
                Self::WarningAnswered { seat, answer: answer.into() }
            }
            StoredEvent::Overdraft { machine, seat, pool, user, from, to, at_least } => {
                Self::Overdraft { machine, seat, pool, user, from, to, at_least }
            }
            StoredEvent::IdleSpell { seat, from, to } => Self::IdleSpell { seat, from, to },
            StoredEvent::RequestsAged => Self::RequestsAged,
            StoredEvent::FoundBehind { machine, seen } => {
                Self::FoundBehind { machine, seen: seen.into() }
            }
            StoredEvent::GenerationBegan { generation, why, wait_ms, stated_ms, lost } => {
                read_generation_began(generation, why, read_wait(wait_ms, stated_ms), lost)
            }
            StoredEvent::RecoveryEnded => Self::RecoveryEnded,
            StoredEvent::RecordSetAside { generation } => read_set_aside(generation),
            StoredEvent::Quarantined { record, others, users, machines, pools } => {
                Self::Quarantined { record, others, users, machines, pools }
            }
            StoredEvent::MachineConfirmed { machine } => Self::MachineConfirmed { machine },
        }
    }
}

fn initialised(generation: Generation) -> StoredEvent {
    StoredEvent::Initialised { generation: StoredGeneration(generation) }
}

fn read_initialised(generation: StoredGeneration) -> Event {
    Event::Initialised { generation: generation.0 }
}

fn generation_began(
    generation: Generation,
    why: NewGeneration,
    wait: Wait,
    lost: Vec<Generation>,
) -> StoredEvent {
    let generation = StoredGeneration(generation);
    let lost = lost.into_iter().map(StoredGeneration).collect();
    let (wait_ms, stated_ms) = stored_wait(wait);
    StoredEvent::GenerationBegan { generation, why: why.into(), wait_ms, stated_ms, lost }
}

fn read_generation_began(
    generation: StoredGeneration,
    why: StoredNewGeneration,
    wait: Wait,
    lost: Vec<StoredGeneration>,
) -> Event {
    let generation = generation.0;
    let lost = lost.into_iter().map(|generation| generation.0).collect();
    Event::GenerationBegan { generation, why: why.into(), wait, lost }
}

fn set_aside(generation: Option<Generation>) -> StoredEvent {
    StoredEvent::RecordSetAside { generation: generation.map(StoredGeneration) }
}

fn read_set_aside(generation: Option<StoredGeneration>) -> Event {
    Event::RecordSetAside { generation: generation.map(|generation| generation.0) }
}
