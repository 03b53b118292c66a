//! From the link's messages to the rules' commands: what the simulation's directory adds.

use hotseat_protocol::ids::{ClientName, MachineId};
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use hotseat_rules::State;

use super::directory::Directory;
use super::random::Random;
use super::users;
use crate::hostile::messages;
pub(super) use crate::hostile::messages::{Prepared, body_hash, claims, log_in};

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
            let holder = |token: &_| directory.holder(token, machine).map(users::id);
            messages::prepare(state, machine, body, &holder, &mut || random.wide())
        }
    }
}

/// A client of the preset.
#[must_use]
pub(super) fn client(name: &str) -> ClientName {
    ClientName::new(name).expect("a good name")
}
