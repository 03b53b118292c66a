//! A whole conversation of an enrolled machine that means harm, with the real engine.

use hotseat_pool::engine::Work;
use hotseat_pool::http::link::translate::{Prepared, Seen, Wanted, claims, token, translate};
use hotseat_protocol::ids::Secret;
use hotseat_protocol::link::MachineMessage;
use hotseat_rules::Command;

use super::choices::{Bytes, Choices as _};
use super::machine_talk::{Known, message};
use super::stage::{Stage, hostile, mallory};

/// Things that are done in one conversation.
const TURNS_MAX: u32 = 128;
/// The longest that it says nothing, in ms: longer than a lease.
const SILENCE_MAX: u64 = 100_000;

/// The bytes choose what the machine says, when it is silent, when its link breaks, and when the
/// server starts again.
///
/// The engine lives, its store stays sound, and nobody else's seat, place or history changes.
pub fn machine_conversations(bytes: &[u8]) {
    let mut choices = Bytes::new(bytes);
    let mut stage = Stage::open();
    let token = Secret::new("Mallory's".to_owned());
    stage.link(true);
    for _ in 0..TURNS_MAX {
        if choices.is_empty() {
            break;
        }
        match choices.below(24) {
            0 | 1 => {
                let silence = 1 + choices.below(256) * SILENCE_MAX / 256;
                stage.pass(silence);
            }
            2 => stage.restart(choices.below(2) == 0),
            3 => stage.link(choices.below(2) == 0),
            _ => {
                let others = ["Lucy's", "forged"].map(|token| Secret::new(token.to_owned()));
                let tokens = [token.clone()].into_iter().chain(others).collect();
                let body = message(&Known::leaked(stage.state(), tokens), &mut choices);
                says(&mut stage, &token, &body);
            }
        }
    }
    stage.nobody_is_disturbed();
    stage.restart(true);
}

fn says(stage: &mut Stage, own: &Secret, body: &MachineMessage) {
    if let MachineMessage::Renew(renewal) = body {
        stage.ask(Work::Renew { machine: hostile(), renewal: claims(renewal) });
        return;
    }
    let shown = token(body).filter(|token| token.expose() == own.expose());
    let wanted = Wanted::by(hostile(), body);
    let seen = wanted.map_or(Seen::Nothing, |wanted| wanted.seen(stage.state()));
    let seed = stage.fresh() << 8;
    let mut next = seed;
    let mut fresh = || {
        next += 1;
        next
    };
    match translate(hostile(), body.clone(), shown.map(|_| mallory()), seen, &mut fresh) {
        Prepared::Answered(_) => {}
        Prepared::Outcome(command, _) => drop(stage.ask(Work::Command(command))),
        Prepared::Check(check) => drop(stage.ask(Work::Command(Command::Check(*check)))),
        Prepared::Done(facts) => drop(stage.ask(Work::Facts(facts))),
    }
}
