//! From the rules' words to the wire's, and back.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_protocol::api::{
    Became, ClientBody, Clients, EndView, IdleBody, OfferView, Operations, OptionsBody, PoolBody,
    RequestView,
};
use hotseat_protocol::bounded_text::{DisplayName, HistoryNote, LegacyMessage};
use hotseat_protocol::ids::{Operation, PoolId, SeatRef};
use hotseat_protocol::link;
use hotseat_protocol::problem::Problem;
use hotseat_protocol::quantity::{
    CallsTimeoutMs, LeaseMs, LeftMs, OfferMs, PeopleCount, ProvisionalHoldMs, SeatCount,
    SessionTimeoutMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs,
};
use hotseat_protocol::view::{Offline, OnSleep, Privacy, Rule};
use hotseat_rules::{Accept, ClientDefinition, Ending, Options, PoolDefinition, Release};

use super::duration_ms;
use super::error::ApiError;
use crate::directory::Names;
use crate::feed;

/// How an offer is taken.
pub(crate) fn accept_from(accept: link::Accept) -> Accept {
    match accept {
        link::Accept::Auto => Accept::Auto,
        link::Accept::Ask => Accept::Ask,
    }
}

fn accept_to(accept: Accept) -> link::Accept {
    match accept {
        Accept::Auto => link::Accept::Auto,
        Accept::Ask => link::Accept::Ask,
    }
}

/// What became of a request that was not refused.
pub(crate) fn request_view(
    outcome: hotseat_rules::Outcome,
    rank: Option<u32>,
    names: &Names,
    refusal: impl FnOnce(&hotseat_rules::Refused) -> Problem,
) -> RequestView {
    match outcome {
        hotseat_rules::Outcome::Refused(refused) => RequestView {
            problem: Some(Box::new(refusal(&refused))),
            ..RequestView::new(Became::Refused)
        },
        hotseat_rules::Outcome::Waiting { place, position } => RequestView {
            id: Some(place.0),
            rank: Some(PeopleCount::clamped(u64::from(position))),
            ..RequestView::new(Became::Waiting)
        },
        hotseat_rules::Outcome::Offered { place, offer, accept, left } => RequestView {
            id: Some(place.0),
            rank: rank.map(|rank| PeopleCount::clamped(u64::from(rank))),
            offer: Some(OfferView { id: offer, accept: accept_to(accept), left_ms: left_ms(left) }),
            ..RequestView::new(Became::Offered)
        },
        hotseat_rules::Outcome::Seat { seat, pool, client, counted, since, left, .. } => {
            RequestView {
                id: Some(seat.id.0),
                epoch: Some(seat.epoch),
                pool: Some(pool),
                client: Some(client),
                since: Some(since),
                counted: Some(counted),
                lease_ms: Some(left_ms(left)),
                ..RequestView::new(Became::Seat)
            }
        }
        hotseat_rules::Outcome::Ended(Ending::Seat { seat, release, .. }) => RequestView {
            id: Some(seat.id.0),
            epoch: Some(seat.epoch),
            end: Some(end_view(Some(&release), names)),
            ..RequestView::new(Became::Ended)
        },
        hotseat_rules::Outcome::Ended(Ending::Place { place, end }) => RequestView {
            id: Some(place.0),
            end: Some(EndView { reason: None, place_end: Some(end), by: None, note: None }),
            ..RequestView::new(Became::Ended)
        },
        hotseat_rules::Outcome::Ended(Ending::Cancelled) => RequestView::new(Became::Cancelled),
    }
}

/// What is left of a lease or an offer.
pub(crate) fn left_ms(left: Duration) -> LeftMs {
    LeftMs::clamped(duration_ms(left))
}

/// How a seat ended; all empty when that is no longer known.
pub(crate) fn end_view(release: Option<&Release>, names: &Names) -> EndView {
    EndView {
        reason: release.map(|release| release.reason),
        place_end: None,
        by: release
            .and_then(|release| release.by)
            .and_then(|by| feed::Names::caller(names, by))
            .map(|name| DisplayName::clamped(&name)),
        note: release.and_then(|release| release.why.as_deref()).map(HistoryNote::clamped),
    }
}

/// A seat that has ended, as an error of whoever still believes in it.
pub(crate) fn ended(seat: SeatRef, release: &Release) -> ApiError {
    let detail = format!("Seat {} has ended: {}.", seat.id, release.reason);
    ApiError::new(
        hotseat_protocol::problem::Code::Ended,
        detail,
        "Treat its user as logged out; sign on again with a new request_id.",
    )
}

/// A pool's definition as it is read.
pub(crate) fn pool_body(definition: &PoolDefinition) -> PoolBody {
    let clients = definition.clients.iter().map(|(name, client)| {
        let body = ClientBody {
            rule: match client.rule {
                hotseat_rules::Rule::Hold => Rule::Hold,
                hotseat_rules::Rule::Check => Rule::Check,
            },
            session_timeout_ms: client
                .session_timeout
                .map(|time| SessionTimeoutMs::clamped(duration_ms(time))),
            operations: operations_to(&client.operations),
        };
        (name.clone(), body)
    });
    PoolBody {
        name: DisplayName::clamped(&definition.name),
        seats: SeatCount::clamped(u64::from(definition.seats)),
        clients: Clients::clamped(clients.collect()),
        desktop_client: definition.desktop_client.clone(),
        options: OptionsBody {
            one_seat_per_user: definition.options.one_seat_per_user,
            holder_passes_check: definition.options.holder_passes_check,
            provisional_hold_ms: definition
                .options
                .provisional_hold
                .map(|hold| ProvisionalHoldMs::clamped(duration_ms(hold))),
        },
        lease_ms: Some(LeaseMs::clamped(duration_ms(definition.lease))),
        calls_timeout_ms: Some(CallsTimeoutMs::clamped(duration_ms(definition.calls_timeout))),
        offer_ms: Some(OfferMs::clamped(duration_ms(definition.offer))),
        tray_grace_ms: Some(TrayGraceMs::clamped(duration_ms(definition.tray_grace))),
        idle: IdleBody {
            warn_after_ms: Some(WarnAfterMs::clamped(duration_ms(definition.idle.warn_after))),
            sign_off_after_ms: Some(SignOffAfterMs::clamped(duration_ms(
                definition.idle.sign_off_after,
            ))),
            only_when_wanted: Some(definition.idle.only_when_wanted),
        },
        offline: Some(match definition.offline {
            hotseat_rules::Offline::Stop => Offline::Stop,
            hotseat_rules::Offline::Tolerate => Offline::Tolerate,
        }),
        on_sleep: Some(match definition.on_sleep {
            hotseat_rules::OnSleep::SignOff => OnSleep::SignOff,
            hotseat_rules::OnSleep::Keep => OnSleep::Keep,
        }),
        privacy: Some(feed::privacy(definition.privacy)),
    }
}

fn operations_to(operations: &BTreeMap<Operation, Option<String>>) -> Operations {
    let message = |message: &Option<String>| message.as_deref().map(LegacyMessage::clamped);
    let operations = operations.iter().map(|(name, text)| (name.clone(), message(text)));
    Operations::clamped(operations.collect())
}

fn operations_from(operations: Operations) -> BTreeMap<Operation, Option<String>> {
    let message = |text: LegacyMessage| text.as_str().to_owned();
    let operations = operations.into_map().into_iter();
    operations.map(|(name, text)| (name, text.map(message))).collect()
}

/// A pool's definition as it is written; the rules check what it says.
pub(crate) fn pool_definition(id: PoolId, body: PoolBody) -> PoolDefinition {
    let clients = body.clients.into_map().into_iter().map(|(name, client)| {
        let definition = ClientDefinition {
            rule: match client.rule {
                Rule::Hold => hotseat_rules::Rule::Hold,
                Rule::Check => hotseat_rules::Rule::Check,
            },
            session_timeout: client.session_timeout_ms.map(|ms| Duration::from_millis(ms.get())),
            operations: operations_from(client.operations),
        };
        (name, definition)
    });
    let mut definition = PoolDefinition::with_defaults(
        id,
        body.name.as_str(),
        u32::try_from(body.seats.get()).unwrap_or(u32::MAX),
        clients.collect(),
        body.desktop_client,
    );
    definition.options = Options {
        one_seat_per_user: body.options.one_seat_per_user,
        holder_passes_check: body.options.holder_passes_check,
        provisional_hold: body
            .options
            .provisional_hold_ms
            .map(|ms| Duration::from_millis(ms.get())),
    };
    let set = |to: &mut Duration, ms: Option<u64>| {
        if let Some(ms) = ms {
            *to = Duration::from_millis(ms);
        }
    };
    set(&mut definition.lease, body.lease_ms.map(LeaseMs::get));
    set(&mut definition.calls_timeout, body.calls_timeout_ms.map(CallsTimeoutMs::get));
    set(&mut definition.offer, body.offer_ms.map(OfferMs::get));
    set(&mut definition.tray_grace, body.tray_grace_ms.map(TrayGraceMs::get));
    set(&mut definition.idle.warn_after, body.idle.warn_after_ms.map(WarnAfterMs::get));
    set(&mut definition.idle.sign_off_after, body.idle.sign_off_after_ms.map(SignOffAfterMs::get));
    definition.idle.only_when_wanted = body.idle.only_when_wanted.unwrap_or(true);
    definition.offline = match body.offline {
        None | Some(Offline::Stop) => hotseat_rules::Offline::Stop,
        Some(Offline::Tolerate) => hotseat_rules::Offline::Tolerate,
    };
    definition.on_sleep = match body.on_sleep {
        None | Some(OnSleep::SignOff) => hotseat_rules::OnSleep::SignOff,
        Some(OnSleep::Keep) => hotseat_rules::OnSleep::Keep,
    };
    definition.privacy = match body.privacy {
        None | Some(Privacy::Names) => hotseat_rules::Privacy::Names,
        Some(Privacy::Counts) => hotseat_rules::Privacy::Counts,
        Some(Privacy::Initials) => hotseat_rules::Privacy::Initials,
    };
    definition
}
