//! What a machine that means harm says: well-formed messages about everybody's seats, places and
//! people, with made-up ids and numbers at the ends of their ranges.

use hotseat_protocol::bounded_list::ClaimedSeats;
use hotseat_protocol::ids::{
    Anchor, ClientName, Epoch, Generation, OfferId, PoolId, RequestId, SeatId, SeatRef, Secret,
    Seq, UserId, WallTime,
};
use hotseat_protocol::link::{
    Accept, ClaimedSeat, MachineMessage, Overdraft, Renewal, SignOn, WarningOutcome,
};
use hotseat_protocol::quantity::{IdleSeconds, OverdraftMs};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::State;

use super::choices::Choices;

/// Claims in one renewal.
const CLAIMS_MAX: u64 = 5;

/// All that the machine has heard of, or guesses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Everybody's seats.
    pub(crate) seats: Vec<SeatRef>,
    /// Everybody's requests, and its own.
    pub(crate) requests: Vec<RequestId>,
    /// Everybody's offers.
    pub(crate) offers: Vec<OfferId>,
    /// Everybody.
    pub(crate) users: Vec<UserId>,
    /// Pools.
    pub(crate) pools: Vec<PoolId>,
    /// Tokens of its own people, then those of others and forged ones.
    pub(crate) tokens: Vec<Secret>,
}

impl Known {
    /// What a pool knows, as if all of it had leaked.
    pub(crate) fn leaked(state: &State, tokens: Vec<Secret>) -> Self {
        let contents = state.contents();
        Self {
            seats: state.seats().map(hotseat_rules::Seat::seat_ref).collect(),
            requests: contents.requests.keys().map(|key| key.id).collect(),
            offers: contents.offers.keys().copied().collect(),
            users: contents.users.keys().copied().collect(),
            pools: contents.pools.keys().cloned().collect(),
            tokens,
        }
    }
}

/// The greatest number that an epoch has a text for: nineteen digits.
const EPOCH_SEQ_MAX: u64 = 9_999_999_999_999_999_999;

/// The next message, as it is read at the other end of the wire.
pub(crate) fn message(known: &Known, choices: &mut impl Choices) -> MachineMessage {
    let said = spoken(&mut Talk { known, choices });
    let wire = serde_json::to_vec(&said).expect("a message can be said");
    serde_json::from_slice(&wire).expect("what was said can be read")
}

fn spoken<C: Choices>(talk: &mut Talk<'_, C>) -> MachineMessage {
    match talk.choices.below(16) {
        0 | 1 => MachineMessage::Renew(talk.renewal()),
        2..=4 => MachineMessage::SignOn(talk.sign_on()),
        5 => MachineMessage::Check {
            request: talk.request(),
            token: talk.token(),
            pool: talk.pool(),
            client: talk.client(),
            operation: None,
        },
        6 => MachineMessage::SignOff { seat: talk.seat(), reason: talk.reason() },
        7 | 8 => MachineMessage::Cancel { request: talk.request(), reason: talk.reason() },
        9 => MachineMessage::LeaveLine { request: talk.request() },
        10 => MachineMessage::AcceptOffer { offer: talk.offer(), request: talk.request() },
        11 => MachineMessage::DeclineOffer { offer: talk.offer(), request: talk.request() },
        12 => MachineMessage::LeavingDone { seats: [talk.seat(), talk.seat()].into() },
        13 => MachineMessage::WarningEnded {
            seat: talk.seat(),
            outcome: talk.outcome(),
            idle_s: IdleSeconds::clamped(talk.choices.extreme()),
        },
        14 => MachineMessage::Overdraft(talk.overdraft()),
        _ => MachineMessage::Resync,
    }
}

struct Talk<'a, C> {
    known: &'a Known,
    choices: &'a mut C,
}

impl<C: Choices> Talk<'_, C> {
    fn renewal(&mut self) -> Renewal {
        let count = self.choices.below(CLAIMS_MAX);
        let claim = |talk: &mut Self| ClaimedSeat {
            seat: talk.seat(),
            idle_s: Some(IdleSeconds::clamped(talk.choices.extreme())),
            idle_exempt: talk.choices.below(2) == 0,
        };
        let seats = ClaimedSeats::new((0..count).map(|_| claim(self)).collect())
            .expect("few enough are claimed");
        Renewal { seats, places: [self.request(), self.request()].into() }
    }

    fn sign_on(&mut self) -> SignOn {
        let client = self.client();
        SignOn {
            request: self.request(),
            token: self.token(),
            pool: self.pool(),
            client: self.choices.one(&[None, None, Some(client)]).flatten(),
            anchor: Anchor::new(self.choices.one(&["session 1", "session 2", "x"]).unwrap_or("x"))
                .expect("a short anchor"),
            wait: self.choices.one(&[None, Some(Accept::Ask), Some(Accept::Auto)]).flatten(),
        }
    }

    fn overdraft(&mut self) -> Overdraft {
        let nobody = UserId::from_random(self.choices.made_up());
        let lasted_ms = OverdraftMs::clamped(self.choices.extreme());
        let from = self.choices.one(&[i64::MIN, -1, 0, 1_700_000_000_000, i64::MAX]);
        Overdraft {
            seat: self.seat(),
            pool: self.pool(),
            user: self.choices.one(&self.known.users).unwrap_or(nobody),
            from: WallTime { unix_ms: from.unwrap_or(0) },
            lasted_ms,
            at_least: self.choices.below(2) == 0,
        }
    }

    /// Somebody's seat, mostly as it is; else with an id or an epoch that it does not have.
    fn seat(&mut self) -> SeatRef {
        let (generation, seq) = (Generation(7), Seq(self.choices.extreme().min(EPOCH_SEQ_MAX)));
        let made_up = SeatRef {
            id: SeatId::from_random(self.choices.made_up()),
            epoch: Epoch { generation, seq },
        };
        let Some(real) = self.choices.one(&self.known.seats) else {
            return made_up;
        };
        match self.choices.below(6) {
            0 => made_up,
            1 => SeatRef { epoch: made_up.epoch, ..real },
            _ => real,
        }
    }

    fn request(&mut self) -> RequestId {
        let made_up = RequestId::from_random(self.choices.made_up());
        let known = self.choices.one(&self.known.requests).unwrap_or(made_up);
        self.choices.one(&[known, known, made_up]).unwrap_or(made_up)
    }

    fn offer(&mut self) -> OfferId {
        let made_up = OfferId::from_random(self.choices.made_up());
        let known = self.choices.one(&self.known.offers).unwrap_or(made_up);
        self.choices.one(&[known, known, made_up]).unwrap_or(made_up)
    }

    /// Mostly its own.
    fn token(&mut self) -> Secret {
        let own = self.known.tokens.first().cloned();
        let any = self.choices.one(&self.known.tokens);
        let chosen = if self.choices.below(3) == 0 { any } else { own };
        chosen.unwrap_or_else(|| Secret::new("forged".to_owned()))
    }

    fn pool(&mut self) -> PoolId {
        let made_up = PoolId::new("no-such-pool").expect("a good name");
        let known = self.choices.one(&self.known.pools).unwrap_or_else(|| made_up.clone());
        if self.choices.below(8) == 0 { made_up } else { known }
    }

    fn client(&mut self) -> ClientName {
        let name = self.choices.one(&["network", "web", "mobile", "fax"]).unwrap_or("web");
        ClientName::new(name).expect("a good name")
    }

    fn reason(&mut self) -> ReleaseReason {
        self.choices.one(ReleaseReason::ALL).unwrap_or(ReleaseReason::Reclaimed)
    }

    fn outcome(&mut self) -> WarningOutcome {
        let all = [
            WarningOutcome::Kept,
            WarningOutcome::Active,
            WarningOutcome::SignedOff,
            WarningOutcome::Unanswered,
            WarningOutcome::Unknown,
            WarningOutcome::Withdrawn,
        ];
        self.choices.one(&all).unwrap_or(WarningOutcome::Unknown)
    }
}
