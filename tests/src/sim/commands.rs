//! From the link's messages to the rules' commands: what the simulation's directory adds.

use std::hash::{DefaultHasher, Hash, Hasher};

use hotseat_pool::http::link::translate::{self, Seen, Wanted};
pub(super) use hotseat_pool::http::link::translate::{Prepared, claims};
use hotseat_protocol::ids::{ClientName, MachineId, Operation};
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use hotseat_rules::{BodyHash, State};

use super::directory::Directory;
use super::random::Random;
use super::users;

/// Looks up what a message names.
pub(super) fn prepare(
    state: &State,
    directory: &mut Directory,
    machine: MachineId,
    body: &MachineMessage,
    random: &mut Random,
) -> Prepared {
    match body {
        MachineMessage::LogIn { email, password, .. } => {
            Prepared::Answered(directory.log_in(email.as_str(), password.secret(), machine))
        }
        MachineMessage::LogOut { token } => {
            directory.end(token);
            Prepared::Answered(PoolAnswer::Done)
        }
        body => {
            let user = translate::token(body).and_then(|token| directory.holder(token, machine));
            let seen = Wanted::by(machine, body).map_or(Seen::Nothing, |wanted| wanted.seen(state));
            let user = user.map(users::id);
            translate::translate(machine, body.clone(), user, seen, &mut || random.wide())
        }
    }
}

/// The operation of a sign-on.
#[must_use]
pub(super) fn log_in() -> Operation {
    Operation::new("log-in").expect("a good name")
}

/// A hash of what a call said.
#[must_use]
pub(super) fn body_hash(said: &impl Hash) -> BodyHash {
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    let mut body = [0; 32];
    body[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    BodyHash(body)
}

/// A client of the preset.
#[must_use]
pub(super) fn client(name: &str) -> ClientName {
    ClientName::new(name).expect("a good name")
}
