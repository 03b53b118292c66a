//! One machine says the biggest messages that there are, without pause: everybody else is answered
//! meanwhile.

use std::iter::Cycle;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use hotseat_protocol::bounded_list::{ClaimedSeats, LeftSeats};
use hotseat_protocol::ids::{Epoch, Generation, SeatId, SeatRef, Seq};
use hotseat_protocol::link::FromPool;
use serde_json::json;

use crate::hostile::Innocents;
use crate::socket::{Link, Machine};
use crate::world::{Server, checks, email, fresh, seat_path, seats};

/// Seats of one message that fill a frame.
const TOO_MANY: usize = 9_000;
/// Messages that the flood says before it reads an answer: more bytes than are read of one link
/// without an answer, and so few that their answers find room on the way.
const AHEAD: usize = 6;
/// How often everybody else asks while the flood goes on.
const ROUNDS: usize = 8;

fn made_up() -> SeatRef {
    let epoch = Epoch { generation: Generation(7), seq: Seq(1) };
    SeatRef { id: SeatId::from_random(hotseat_pool::fresh::bits()), epoch }
}

/// As much as a frame takes, which is more than is allowed, and the longest that are.
fn longest() -> Vec<String> {
    let leaving = |many| {
        let seats: Vec<_> = (0..many).map(|_| made_up()).collect();
        json!({ "kind": "leaving_done", "seats": seats }).to_string()
    };
    let claim = |seat| json!({ "seat": seat, "idle_s": 7, "idle_exempt": false });
    let claims: Vec<_> = (0..ClaimedSeats::ITEMS_MAX).map(|_| claim(made_up())).collect();
    let renew = json!({ "kind": "renew", "seats": claims, "places": [] }).to_string();
    vec![leaving(TOO_MANY), leaving(LeftSeats::ITEMS_MAX), renew]
}

/// A link that says one message after the other, many before it reads an answer.
struct Flood<'a> {
    link: Link,
    messages: Cycle<slice::Iter<'a, String>>,
    unanswered: usize,
}

impl Flood<'_> {
    fn say(&mut self) {
        while self.unanswered < AHEAD {
            let next = self.messages.next().expect("a cycle");
            self.link.say_raw(next);
            self.unanswered += 1;
        }
    }

    /// Reads one answer, whatever it is.
    fn hear(&mut self) {
        while !matches!(self.link.next().expect("the link was closed"), FromPool::Answer { .. }) {}
        self.unanswered -= 1;
    }

    fn run(mut self, heard: &Sender<()>, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            self.say();
            self.hear();
            heard.send(()).unwrap();
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
    let ((heard, served), stop) = (channel(), Arc::new(AtomicBool::new(false)));
    let running = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            let messages = longest();
            let flood = Flood { link, messages: messages.iter().cycle(), unanswered: 0 };
            flood.run(&heard, &stop);
        })
    };
    for _ in 0..ROUNDS {
        // The flood has been served since the last round, and goes on.
        while served.try_recv().is_ok() {}
        served.recv().expect("the flood goes on");
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
