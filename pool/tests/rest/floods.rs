//! One machine says the biggest messages that there are, without pause: everybody else is answered
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hotseat_protocol::ids::{Epoch, Generation, SeatId, SeatRef, Seq};
use hotseat_protocol::link::FromPool;
use serde_json::json;

use crate::hostile::Innocents;
use crate::socket::{Link, Machine};
use crate::world::{Server, checks, email, fresh, seat_path, seats};

/// Seats of one message that fill a frame.
const TOO_MANY: usize = 9_000;
/// Messages that the flood says before it reads an answer.
const AHEAD: u64 = 100;
/// How often everybody else asks while the flood goes on.
const ROUNDS: u64 = 8;

fn made_up() -> SeatRef {
    let epoch = Epoch { generation: Generation(7), seq: Seq(1) };
    SeatRef { id: SeatId::from_random(hotseat_pool::fresh::bits()), epoch }
}

/// As much as a frame takes, which is more than is allowed.
fn too_long_leaving() -> String {
    let seats: Vec<_> = (0..TOO_MANY).map(|_| made_up()).collect();
    json!({ "kind": "leaving_done", "seats": seats }).to_string()
}

/// A link that says one message after the other, many before it reads an answer.
struct Flood {
    link: Link,
    message: String,
    unanswered: u64,
}

impl Flood {
    fn say(&mut self) {
        while self.unanswered < AHEAD {
            self.link.say_raw(&self.message);
            self.unanswered += 1;
        }
    }

    /// Reads one answer, whatever it is.
    fn hear(&mut self) {
        while !matches!(self.link.next().expect("the link was closed"), FromPool::Answer { .. }) {}
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

#[test]
fn a_machine_whose_messages_end_made_up_seats_costs_nobody_else_an_answer() {
    let server = Server::start(2);
    let mut innocents = Innocents::settle(&server);
    server.add_person("Olaf", "named");
    let link = Link::up(&server, &Machine::enrol(&server, "desk-666"));
    let (heard, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let flood = Flood { link, message: too_long_leaving(), unanswered: 0 };
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
