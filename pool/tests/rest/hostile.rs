//! Whole conversations of a machine and of an application server that mean harm, with the real
//! server on a real store in simulated time: it lives, its store stays sound, and nobody else
//! notices. The dice have fixed seeds.

use std::process::Command;
use std::time::Duration;

use hotseat_protocol::bounded_list::ClaimedSeats;
use hotseat_protocol::ids::{
    Anchor, ClientName, Epoch, Generation, OfferId, PoolId, RequestId, SeatId, SeatRef, Secret,
    Seq, UserId, WallTime,
};
use hotseat_protocol::link::{
    Accept, ClaimedSeat, FromPool, MachineMessage, Outcome, Overdraft, PoolAnswer, Renewal, SignOn,
    WarningOutcome,
};
use hotseat_protocol::quantity::{IdleSeconds, OverdraftMs};
use hotseat_protocol::reason::ReleaseReason;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{Link, Machine, sign_on};
use crate::world::{Client, POOL, Server, email, fresh, seats};

/// Steps of one conversation.
const STEPS: u32 = 150;
/// Becomes the longest overdraft and idleness that can be said at all.
const TIME_MAX_S: u64 = u64::MAX;

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn id(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let n = self.below(of.len() as u64);
        of[usize::try_from(n).unwrap()].clone()
    }

    /// Small, ordinary or as large as it may be.
    fn seconds(&mut self) -> u64 {
        let some = self.below(10_000);
        self.pick(&[0, 1, some, TIME_MAX_S])
    }
}

/// Lucy and Nina at a computer of their own, and Bill at an application server's.
pub(crate) struct Innocents {
    link: Link,
    lucy: SeatRef,
    nina: RequestId,
    pub(crate) crm: Client,
    bill: Value,
}

impl Innocents {
    pub(crate) fn settle(server: &Server) -> Self {
        for name in ["Lucy", "Bill", "Nina"] {
            server.add_person(name, "concurrent");
        }
        let mut link = Link::up(server, &Machine::enrol(server, "desk-1"));
        let token = link.log_in("Lucy");
        let Outcome::Seat { seat: lucy, .. } = link.sign_on(sign_on(&token, "session 1")) else {
            panic!("Lucy has no seat")
        };
        let crm = server.application_server();
        let body = json!({ "request_id": fresh(), "client": "web", "user": email("Bill") });
        let bill = crm.post(&seats(), &body).expect(201);
        let token = link.log_in("Nina");
        let waiting = SignOn { wait: Some(Accept::Ask), ..sign_on(&token, "session 2") };
        let nina = waiting.request;
        assert!(matches!(link.sign_on(waiting), Outcome::Waiting { .. }));
        Self { link, lucy, nina, crm, bill }
    }

    /// Says that everybody is there, and fails unless everybody has what was theirs.
    pub(crate) fn are_undisturbed(&mut self) {
        let claim =
            ClaimedSeat { seat: self.lucy, idle_s: Some(IdleSeconds::MIN), idle_exempt: false };
        let renewed = self.link.renew(Renewal { seats: claim.into(), places: self.nina.into() });
        let kept: Vec<SeatRef> = renewed.seats.iter().map(|left| left.seat).collect();
        assert_eq!(kept, [self.lucy], "{renewed:?}");
        assert_eq!(renewed.places.len(), 1, "{renewed:?}");
        let items = json!([{ "id": self.bill["id"], "epoch": self.bill["epoch"] }]);
        let kept = self.crm.post("/api/v1/seats/renew", &items).expect(200);
        assert!(kept[0]["lease_ms"].is_u64(), "{kept}");
    }
}

/// An enrolled machine that says what it likes, and whose user has a log-in.
struct Hostile<'a> {
    server: &'a Server,
    dice: Dice,
    machine: Machine,
    link: Link,
    token: Secret,
    /// Its own person first, then those who did nothing.
    users: Vec<UserId>,
    service: Client,
    /// Of everybody: ids are seen in the feed, or guessed.
    seats: Vec<SeatRef>,
    /// Its own ones; anybody's are somebody else's for it.
    requests: Vec<RequestId>,
}

impl<'a> Hostile<'a> {
    fn enrol(server: &'a Server, seed: u64, others: &Innocents) -> Self {
        let name = format!("Mallory{seed}");
        let id = |person: &Value| person["id"].as_str().unwrap().parse().unwrap();
        let mut users = vec![id(&server.add_person(&name, "concurrent"))];
        for other in ["Lucy", "Bill", "Nina"] {
            let path = format!("/api/v1/users/{}", email(other));
            users.push(id(&server.admin().get(&path).expect(200)));
        }
        let machine = Machine::enrol(server, &format!("hostile-{seed}"));
        let mut link = Link::up(server, &machine);
        let token = link.log_in(&name);
        let body = json!({ "name": name, "act_for": true, "pools": ["other"] });
        let service = server.admin().post("/api/v1/services", &body).expect(201);
        let service = server.client().with_token(service["token"].as_str().unwrap());
        let bill = SeatRef {
            id: others.bill["id"].as_str().unwrap().parse().unwrap(),
            epoch: others.bill["epoch"].as_str().unwrap().parse().unwrap(),
        };
        let (seats, requests) = (vec![others.lucy, bill], vec![others.nina]);
        let dice = Dice(seed);
        Self { server, dice, machine, link, token, users, service, seats, requests }
    }

    fn seat(&mut self) -> SeatRef {
        let mut seat = self.dice.pick(&self.seats);
        let other = Epoch {
            generation: Generation(u32::try_from(self.dice.below(1 << 32)).unwrap()),
            seq: Seq(self.dice.next()),
        };
        match self.dice.below(6) {
            0 => seat.id = SeatId::from_random(self.dice.id()),
            1 => seat.epoch = other,
            2 => seat.epoch.seq = Seq(0),
            3 => seat.epoch.seq = Seq(u64::MAX),
            _ => {}
        }
        seat
    }

    fn request(&mut self) -> RequestId {
        let new = RequestId::from_random(self.dice.id());
        let old = self.dice.pick(&self.requests);
        self.dice.pick(&[new, old, old])
    }

    fn token(&mut self) -> Secret {
        self.dice.pick(&[self.token.clone(), self.token.clone(), Secret::new("hsu_forged")])
    }

    fn pool(&mut self) -> PoolId {
        self.dice.pick(&[POOL, POOL, "other", "no-such-pool"]).parse().unwrap()
    }

    fn message(&mut self) -> MachineMessage {
        let reason = self.dice.pick(ReleaseReason::ALL);
        match self.dice.below(14) {
            0 | 1 => MachineMessage::Renew(self.renewal()),
            2..=4 => self.sign_on(),
            5 => MachineMessage::Check {
                request: self.request(),
                token: self.token(),
                pool: self.pool(),
                client: ClientName::new(self.dice.pick(&["mobile", "network", "fax"])).unwrap(),
                operation: None,
            },
            6 => MachineMessage::SignOff { seat: self.seat(), reason },
            7 => MachineMessage::Cancel { request: self.request(), reason },
            8 => MachineMessage::LeaveLine { request: self.request() },
            9 => {
                let offer = OfferId::from_random(self.dice.id());
                MachineMessage::AcceptOffer { offer, request: self.request() }
            }
            10 => {
                let offer = OfferId::from_random(self.dice.id());
                MachineMessage::DeclineOffer { offer, request: self.request() }
            }
            11 => MachineMessage::LeavingDone { seats: [self.seat(), self.seat()].into() },
            12 => {
                let outcome = self.dice.pick(&[
                    WarningOutcome::Kept,
                    WarningOutcome::Active,
                    WarningOutcome::SignedOff,
                    WarningOutcome::Unanswered,
                    WarningOutcome::Unknown,
                    WarningOutcome::Withdrawn,
                ]);
                MachineMessage::WarningEnded {
                    seat: self.seat(),
                    outcome,
                    idle_s: IdleSeconds::clamped(self.dice.seconds()),
                }
            }
            _ => MachineMessage::Overdraft(Overdraft {
                seat: self.seat(),
                pool: self.pool(),
                user: self.dice.pick(&self.users),
                from: WallTime { unix_ms: 1_700_000_000_000 },
                lasted_ms: OverdraftMs::clamped(self.dice.seconds().saturating_mul(1000)),
                at_least: self.dice.below(2) == 0,
            }),
        }
    }

    fn renewal(&mut self) -> Renewal {
        let seats = (0..self.dice.below(5)).map(|_| ClaimedSeat {
            seat: self.seat(),
            idle_s: Some(IdleSeconds::clamped(self.dice.seconds())),
            idle_exempt: self.dice.below(2) == 0,
        });
        let seats = ClaimedSeats::new(seats.collect()).unwrap();
        Renewal { seats, places: [self.request(), self.request()].into() }
    }

    fn sign_on(&mut self) -> MachineMessage {
        let request = self.request();
        self.requests.push(request);
        MachineMessage::SignOn(SignOn {
            request,
            token: self.token(),
            pool: self.pool(),
            client: None,
            anchor: Anchor::new(self.dice.pick(&["session 1", "session 2", "x"])).unwrap(),
            wait: self.dice.pick(&[None, Some(Accept::Ask), Some(Accept::Auto)]),
        })
    }

    /// Says something well-formed, or something else; a link that ends is made again.
    fn speak(&mut self) {
        if self.dice.below(6) == 0 {
            let junk = self.junk();
            self.link.send_raw(junk);
        }
        if self.dice.below(20) == 0 {
            // The older link is still up.
            self.link = Link::up(self.server, &self.machine);
        }
        let message = self.message();
        let number = self.link.say(message);
        loop {
            match self.link.next() {
                Some(FromPool::Answer { n, answer }) if n == number => {
                    if let PoolAnswer::Outcome { outcome: Outcome::Seat { seat, .. } } = answer {
                        self.seats.push(seat);
                    }
                    return;
                }
                Some(_) => {}
                None => {
                    self.link = Link::up(self.server, &self.machine);
                    return;
                }
            }
        }
    }

    fn junk(&mut self) -> Message {
        let message = serde_json::to_string(&self.message()).unwrap();
        let cut = usize::try_from(self.dice.below(message.len() as u64)).unwrap();
        let wrapped =
            |n: &str, body: &str| format!(r#"{{"type":"message","n":{n},"body":{body}}}"#);
        match self.dice.below(6) {
            0 => Message::Text(wrapped("1", &message[..cut]).into()),
            1 => Message::Text(wrapped("0", &message).into()),
            2 => Message::Text(wrapped("18446744073709551615", &message).into()),
            3 => Message::Text(wrapped("-1", &message).into()),
            4 => Message::Text("[".repeat(20_000).into()),
            _ => Message::Binary(self.dice.id().to_be_bytes().to_vec().into()),
        }
    }

    /// An application server that may use another pool only.
    fn call(&mut self) {
        let user = self.dice.pick(&["Lucy", "Bill", "Nina"]);
        let body = json!({ "request_id": fresh(), "client": "web", "user": email(user) });
        let SeatRef { id, epoch } = self.seat();
        let (method, path, body) = match self.dice.below(7) {
            0 => ("POST", seats(), body),
            1 => ("POST", format!("/api/v1/pools/{POOL}/checks"), body),
            2 => ("POST", "/api/v1/seats/renew".to_owned(), json!([{ "id": id, "epoch": epoch }])),
            3 => ("POST", format!("/api/v1/seats/{id}/keep"), json!({ "epoch": epoch })),
            4 => ("DELETE", format!("/api/v1/seats/{id}?epoch={epoch}"), Value::Null),
            5 => ("POST", format!("/api/v1/seats/{}/reclaim", self.seats[0].id), json!({})),
            _ => ("DELETE", format!("/api/v1/users/{}", email(user)), Value::Null),
        };
        let answer = self.service.raw(method, &path, &body.to_string());
        assert!(answer.status < 500, "{method} {path}: {answer:?}");
    }
}

/// What the history says of those who did nothing.
fn about_others(server: &Server) -> Vec<Value> {
    let names = ["Lucy", "Bill", "Nina"];
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = server.admin().get(&format!("/api/v1/history?after={after}&limit=1000"));
        let page = page.expect(200)["records"].as_array().unwrap().clone();
        let Some(last) = page.last() else { return found };
        after = last["seq"].as_u64().unwrap();
        let about = |record: &&Value| names.iter().any(|name| record["user"] == *name);
        found.extend(page.iter().filter(about).cloned());
    }
}

fn verify(server: &Server) {
    let backup = server.config.data_dir.join(format!("{}.db", fresh()));
    for verb in [&["verify"][..], &["backup", backup.to_str().unwrap()]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat-pool"));
        let command = command.arg("--data-dir").arg(&server.config.data_dir).args(verb);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn a_hostile_machine_and_a_hostile_application_server_harm_nobody() {
    let mut server = Server::with_own_time(2);
    let mut definition = server.admin().get(&format!("/api/v1/pools/{POOL}")).expect(200);
    let mut definition = definition["definition"].take();
    definition["name"] = json!("Other");
    server.admin().put("/api/v1/pools/other", &definition).expect(201);
    let mut others = Innocents::settle(&server);
    let before = about_others(&server);
    for seed in 1..=4 {
        let mut hostile = Hostile::enrol(&server, seed, &others);
        for step in 0..STEPS {
            match hostile.dice.below(8) {
                0 => server.advance(Duration::from_secs(hostile.dice.below(30))),
                1 | 2 => hostile.call(),
                _ => hostile.speak(),
            }
            if step % 2 == 0 {
                others.are_undisturbed();
            }
        }
        others.are_undisturbed();
        assert_eq!(about_others(&server), before, "seed {seed}");
        server.client().get("/readyz").expect(200);
        verify(&server);
    }
    let end = server.admin().get("/api/v1/pools/other").expect(200);
    server = server.restart();
    assert_eq!(about_others(&server), before);
    let again = server.admin().get("/api/v1/pools/other").expect(200);
    for field in ["in_use", "waiting", "definition"] {
        assert_eq!(again[field], end[field], "{field} after the replay");
    }
    verify(&server);
}
