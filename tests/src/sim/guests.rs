//! The pool's side of greetings: the real judgement, bookkeeping and secrets, up to a machine's
//! first message, from which on its link counts.

use hotseat_pool::engine::Work;
use hotseat_pool::links::greeting::{Verdict, Welcomed};
use hotseat_pool::links::registry::{Candidate, Counts};
use hotseat_pool::links::secrets;
use hotseat_protocol::ids::{Generation, MachineId, Secret};
use hotseat_protocol::link::{FromPool, JournalPosition};
use hotseat_protocol::quantity::LeaseMs;
use hotseat_rules::{Command, Mono, Position};

use super::directory::Directory;
use super::pool::{Pool, To};
use super::words;

/// What a machine says first.
#[derive(Debug, Clone)]
pub(super) struct Hello {
    pub(super) boot_id: String,
    pub(super) secret: Option<Secret>,
    pub(super) seen: Option<(JournalPosition, String)>,
}

/// Who has greeted and does not count yet.
#[derive(Debug)]
pub(super) struct Guest {
    machine: MachineId,
    hello: Hello,
    /// When it arrived, and then when it was judged, by the pool's clock.
    judged: Mono,
    /// Which link of its machine was up then, by the registry's number.
    beside: Option<u64>,
    stage: Stage,
    /// Another link was asked whether somebody is there.
    asked: bool,
}

/// How far a greeting is.
#[derive(Debug)]
enum Stage {
    /// What it has seen is written down first.
    Noting,
    /// It is welcome if a ping on another link goes unanswered.
    Asked(Welcomed),
    /// It was answered, and counts from its first message.
    Answered { candidate: Candidate, void: bool },
}

/// What comes next for a greeting.
#[derive(Debug)]
pub(super) enum Next {
    /// It waits for the journal.
    Wait,
    /// It is answered.
    Say(FromPool),
    /// Somebody may be at the other end of this link.
    Ping(u64),
    /// It is a clone's.
    Refuse,
}

/// A link that counts.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) generation: Generation,
    /// The number of the secret that counts.
    pub(super) secret: u64,
    /// Whether the machine was told that its leftovers are void.
    pub(super) void: bool,
    /// Whether another link was asked before, and nobody answered.
    pub(super) asked: bool,
}

impl Pool {
    /// A greeting has arrived: what the machine has seen comes first.
    pub(super) fn greeted(
        &mut self,
        link: u64,
        (machine, hello): (MachineId, Hello),
        directory: &Directory,
        now: Mono,
    ) -> Next {
        let seen = hello.seen.as_ref().and_then(|(position, seal)| {
            let seen = Position { generation: Generation(position.generation), seq: position.seq };
            self.key.is_sealed(seen, seal).then_some(seen)
        });
        let ahead = seen.filter(|seen| self.shadow.is_behind(*seen));
        let stage = Stage::Noting;
        self.guests
            .insert(link, Guest { machine, hello, judged: now, beside: None, stage, asked: false });
        match ahead {
            Some(seen) => {
                let command = Command::NoteSeen { machine, seen };
                self.ask(Some(To::Greeting { link }), Work::Command(command));
                Next::Wait
            }
            None => self.judged(link, directory, now),
        }
    }

    /// Judges a greeting.
    pub(super) fn judged(&mut self, link: u64, directory: &Directory, now: Mono) -> Next {
        let Some(guest) = self.guests.get_mut(&link) else {
            return Next::Wait;
        };
        (guest.judged, guest.beside) = (now, self.registry.up(guest.machine));
        let (machine, generation) = (guest.machine, self.shadow.generation());
        if !self.registry.knows(machine, generation) {
            let record = directory.link_record(machine, generation);
            self.registry.learn(machine, generation, record);
        }
        let shown = guest.hello.secret.as_ref();
        let shown =
            shown.and_then(|secret| secrets::number(&self.key, machine, generation, secret));
        let lease = self.shadow.longest_lease(false);
        let boot_id = guest.hello.boot_id.as_str();
        let verdict = self.registry.judge(machine, shown, boot_id, (now, lease));
        let older = self.links_of(machine).next();
        match verdict {
            Verdict::Welcome(welcomed) => self.welcome(link, welcomed),
            Verdict::Cloned => Next::Refuse,
            Verdict::PingFirst(welcomed) => match older {
                None => self.welcome(link, welcomed),
                Some(older) => {
                    if let Some(guest) = self.guests.get_mut(&link) {
                        guest.stage = Stage::Asked(welcomed);
                        guest.asked = true;
                    }
                    Next::Ping(older)
                }
            },
        }
    }

    /// The ping that a greeting waits for went unanswered.
    pub(super) fn unanswered(&mut self, link: u64) -> Next {
        match self.guests.get(&link).map(|guest| &guest.stage) {
            Some(Stage::Asked(welcomed)) => self.welcome(link, *welcomed),
            _ => Next::Wait,
        }
    }

    /// Whether a greeting still waits for a ping.
    #[must_use]
    pub(super) fn waits_for_ping(&self, link: u64) -> bool {
        let stage = self.guests.get(&link).map(|guest| &guest.stage);
        matches!(stage, Some(Stage::Asked(_)))
    }

    fn welcome(&mut self, link: u64, welcomed: Welcomed) -> Next {
        let (position, generation) = (self.position(), self.shadow.generation());
        let Some(guest) = self.guests.get_mut(&link) else {
            return Next::Wait;
        };
        let (machine, boot_id) = (guest.machine, guest.hello.boot_id.clone());
        let Welcomed { answered, void } = welcomed;
        let older = void.then_some(guest.judged);
        let candidate =
            Candidate { machine, generation, boot_id, answered, older, beside: guest.beside };
        guest.stage = Stage::Answered { candidate, void };
        let leases = self.shadow.pools().map(|pool| pool.definition.lease);
        let newest = Position { generation, seq: self.shadow.seq() };
        Next::Say(FromPool::Welcome {
            version: hotseat_protocol::version::PROTOCOL_VERSION,
            program: "simulation".into(),
            position,
            lease_ms: LeaseMs::clamped(words::ms(leases.min().unwrap_or_default())),
            seal: Some(self.key.seal(newest)),
            secret: Some(secrets::secret(&self.key, machine, generation, answered)),
            void,
        })
    }

    /// A guest's first message has arrived; none: it does not count after all.
    pub(super) fn counts(&mut self, link: u64, now: Mono) -> Option<Counted> {
        let guest = self.guests.remove(&link)?;
        let Stage::Answered { candidate, void } = guest.stage else {
            return None;
        };
        let (generation, secret) = (candidate.generation, candidate.answered);
        let counts = self.registry.count(candidate, now)?;
        let asked = guest.asked;
        Some(Counted { counts, generation, secret, void, asked })
    }
}
