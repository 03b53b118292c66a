//! One machine says the biggest messages that there are, without pause: everybody else is answered
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hotseat_protocol::bounded_list::{ClaimedPlaces, ClaimedSeats, LeftSeats};
use hotseat_protocol::ids::{Epoch, Generation, RequestId, SeatId, SeatRef, Seq};
use hotseat_protocol::link::{ClaimedSeat, FromPool, MachineMessage, PoolAnswer, Renewal};
use serde_json::json;

use crate::hostile::Innocents;
use crate::socket::{Link, Machine};
use crate::world::{Server, checks, email, fresh, seat_path, seats};

/// Messages that the flood says before it reads an answer.
const AHEAD: u64 = 300;
/// How often everybody else asks while the flood goes on.
const ROUNDS: u64 = 8;

fn made_up() -> SeatRef {
    let epoch = Epoch { generation: Generation(7), seq: Seq(1) };
    SeatRef { id: SeatId::from_random(hotseat_pool::fresh::bits()), epoch }
}

fn biggest_leaving() -> MachineMessage {
    let seats = (0..LeftSeats::ITEMS_MAX).map(|_| made_up()).collect();
    MachineMessage::LeavingDone { seats: LeftSeats::new(seats).unwrap() }
}

fn biggest_renewal() -> MachineMessage {
    let claim = |_| ClaimedSeat { seat: made_up(), idle_s: None, idle_exempt: false };
    let place = |_| RequestId::from_random(hotseat_pool::fresh::bits());
    MachineMessage::Renew(Renewal {
        seats: ClaimedSeats::new((0..ClaimedSeats::ITEMS_MAX).map(claim).collect()).unwrap(),
        places: ClaimedPlaces::new((0..ClaimedPlaces::ITEMS_MAX).map(place).collect()).unwrap(),
    })
}

/// A link that says one message after the other, many before it reads an answer.
struct Flood {
    link: Link,
    message: MachineMessage,
    ahead: u64,
    unanswered: u64,
}

impl Flood {
    fn say(&mut self) {
        while self.unanswered < self.ahead {
            self.link.say(self.message.clone());
            self.unanswered += 1;
        }
    }

    /// Reads one answer; fails unless it is good.
    fn hear(&mut self) {
        loop {
            match self.link.next().expect("the link was closed") {
                FromPool::Answer { answer: PoolAnswer::Done | PoolAnswer::Renewed(_), .. } => break,
                FromPool::Answer { answer, .. } => panic!("{answer:?}"),
                _ => {}
            }
        }
        self.unanswered -= 1;
    }

    fn run(mut self, heard: &AtomicU64, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            self.say();
            self.hear();
            heard.fetch_add(1, Ordering::AcqRel);
        }
        while self.unanswered > 0 {
            self.hear();
        }
    }
}

fn nobody_else_notices(message: MachineMessage, ahead: u64) {
    let server = Server::start(2);
    let mut innocents = Innocents::settle(&server);
    server.add_person("Olaf", "named");
    let link = Link::up(&server, &Machine::enrol(&server, "desk-666"));
    let (heard, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let flood = Flood { link, message, ahead, unanswered: 0 };
    let running = {
        let (heard, stop) = (Arc::clone(&heard), Arc::clone(&stop));
        std::thread::spawn(move || flood.run(&heard, &stop))
    };
    for round in 1..=ROUNDS {
        // The flood has been served since the last round, and goes on.
        while heard.load(Ordering::Acquire) < round {
            assert!(!running.is_finished(), "the flood has ended");
            std::thread::yield_now();
        }
        innocents.are_undisturbed();
        let body = json!({ "request_id": fresh(), "client": "web", "user": email("Bill") });
        innocents.crm.post(&checks(), &body).expect(409);
        let body = json!({ "request_id": fresh(), "client": "web", "user": email("Olaf") });
        let seat = innocents.crm.post(&seats(), &body).expect(201);
        innocents.crm.delete(&seat_path(&seat)).expect(204);
    }
    stop.store(true, Ordering::Release);
    running.join().unwrap();
    innocents.are_undisturbed();
}

#[test]
fn a_machine_whose_messages_end_made_up_seats_costs_nobody_else_an_answer() {
    nobody_else_notices(biggest_leaving(), AHEAD);
}

#[test]
fn a_machine_whose_renewals_claim_made_up_seats_costs_nobody_else_an_answer() {
    nobody_else_notices(biggest_renewal(), 4);
}
