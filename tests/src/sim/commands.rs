//! From the link's messages to the rules' commands.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use hotseat_pool::rules::{
    self, BodyHash, Caller, Command, RequestKey, SignOn, State, WarningAnswer,
};
use hotseat_protocol::ids::{ClientName, Operation, PlaceId, SeatId};
use hotseat_protocol::link::{self, MachineMessage, WarningOutcome};

use super::random::Random;
use super::users;

/// The command, and whether it is answered with an outcome; none: nothing is to be decided.
pub(super) fn command(
    state: &State,
    caller: Caller,
    body: &MachineMessage,
    random: &mut Random,
) -> Option<(Command, bool)> {
    let key = |id| RequestKey { caller, id };
    let Caller::Machine(machine) = caller else {
        return None;
    };
    Some(match body {
        MachineMessage::SignOn(wanted) => (sign_on(state, caller, wanted, random)?, true),
        MachineMessage::AcceptOffer { offer, .. } => (
            Command::AcceptOffer {
                by: caller,
                offer: *offer,
                fresh_seat: SeatId::from_random(random.wide()),
            },
            true,
        ),
        MachineMessage::DeclineOffer { offer, .. } => {
            (Command::DeclineOffer { by: caller, offer: *offer }, false)
        }
        MachineMessage::SignOff { seat, reason } => {
            (Command::SignOff { by: caller, seat: *seat, reason: *reason }, false)
        }
        MachineMessage::Cancel { request, reason } => {
            (Command::Cancel { request: key(*request), reason: *reason }, false)
        }
        MachineMessage::LeavingDone { seats } => {
            (Command::ConfirmLeaving { machine, seat: *seats.first()? }, false)
        }
        MachineMessage::WarningEnded { seat, outcome, .. } => (
            Command::AnswerWarning {
                by: caller,
                seat: *seat,
                answer: match outcome {
                    WarningOutcome::Kept => WarningAnswer::Kept,
                    WarningOutcome::Active => WarningAnswer::Active,
                    WarningOutcome::SignedOff => WarningAnswer::SignedOff,
                    WarningOutcome::NoAnswer => WarningAnswer::Unanswered,
                    WarningOutcome::Unknown | WarningOutcome::Withdrawn => WarningAnswer::Withdrawn,
                },
            },
            false,
        ),
        _ => return None,
    })
}

fn sign_on(
    state: &State,
    caller: Caller,
    wanted: &link::SignOn,
    random: &mut Random,
) -> Option<Command> {
    let desktop = || Some(state.pool(&wanted.pool)?.definition.desktop_client.clone());
    let client: ClientName = wanted.client.clone().or_else(desktop)?;
    let mut hasher = DefaultHasher::new();
    format!("{wanted:?}").hash(&mut hasher);
    let mut body = [0; 32];
    body[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    Some(Command::SignOn(SignOn {
        caller,
        request: wanted.request,
        body: BodyHash(body),
        pool: wanted.pool.clone(),
        user: users::of_token(&wanted.token),
        client,
        operation: Operation::new("log-in").expect("a good name"),
        anchor: wanted.anchor.clone(),
        wait: wanted.wait.map(|accept| match accept {
            link::Accept::Auto => rules::Accept::Auto,
            link::Accept::Ask => rules::Accept::Ask,
        }),
        fresh_seat: SeatId::from_random(random.wide()),
        fresh_place: PlaceId::from_random(random.wide()),
    }))
}
