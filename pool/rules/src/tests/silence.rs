//! Holders who are asked for their seat and say nothing.

use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{SeatRef, UserId};

use super::idle::{minutes, reports};
use super::world::{BILL, LUCY, OLAF, World, desk, machine_of, pool, secs, user, waiting};
use crate::idle::next_crossing;
use crate::presence::Said;
use crate::{Command, Idle, Mono, UserKind, idle_picks};

/// Without a licence of her own.
const RITA: UserId = user(5);

/// Lucy, Bill and Rita hold all seats, and Olaf waits.
struct Silence {
    world: World,
    seats: [SeatRef; 3],
}

impl Silence {
    fn new() -> Self {
        let mut world = World::office(3);
        world.does(Command::AddUser { user: RITA, kind: UserKind::Concurrent });
        world.does(Command::AddMachine { machine: machine_of(RITA) });
        world.presence.connect(machine_of(RITA));
        let seats = [(LUCY, 1), (BILL, 2), (RITA, 3)].map(|(user, n)| world.seat(desk(user, n)));
        world.does(waiting(desk(OLAF, 4)));
        Self { world, seats }
    }

    /// Each reports how many minutes they have been idle.
    fn reports(&mut self, idle: [u64; 3]) {
        for ((user, seat), idle) in [LUCY, BILL, RITA].into_iter().zip(self.seats).zip(idle) {
            reports(&mut self.world, user, seat, minutes(idle));
        }
    }

    /// Who is asked after these reports.
    fn asked(&mut self, idle: [u64; 3]) -> Vec<SeatRef> {
        self.reports(idle);
        self.goes_on()
    }

    /// Lucy is active.
    fn keeps(&mut self, said: Said) {
        self.world.presence.keep_seat(self.seats[0].id, said, self.world.now);
    }

    /// Lucy's machine can no longer tell how idle she is.
    fn reports_unknown(&mut self) {
        reports(&mut self.world, LUCY, self.seats[0], Idle::Unknown);
    }

    fn goes_on(&mut self) -> Vec<SeatRef> {
        let world = &mut self.world;
        let picks = idle_picks(&world.state, &world.presence, world.now);
        world.presence.note_picks(&world.state, &picks, world.now);
        picks.iter().map(|pick| pick.seat).collect()
    }

    /// When there may be others to ask, if nobody says anything.
    fn wakes(&self) -> Option<Mono> {
        let World { state, presence, now, .. } = &self.world;
        next_crossing(state, presence, state.pool(&pool())?, *now)
    }

    fn patience(&self) -> Duration {
        let policy = self.world.state.pool(&pool()).unwrap().definition.idle;
        policy.sign_off_after.saturating_sub(policy.warn_after) + secs(30)
    }

    fn passes(&mut self, time: Duration) {
        self.world.now = self.world.now.later_by(time);
    }
}

#[test]
fn whoever_does_not_answer_keeps_nobody_else_from_being_asked() {
    let mut silence = Silence::new();
    let [lucy, bill, rita] = silence.seats;
    let patience = silence.patience();
    assert_eq!(silence.asked([60, 40, 30]), [lucy]);
    assert_eq!(silence.wakes(), Some(silence.world.now.later_by(patience)));
    silence.passes(patience.saturating_sub(secs(1)));
    assert_eq!(silence.asked([60, 40, 30]), [lucy]);
    silence.passes(secs(1));
    assert_eq!(silence.asked([60, 40, 30]), [bill, lucy], "she is still asked");
    // An answer ends it, and she has all the time again;
    assert_eq!(silence.asked([0, 40, 30]), [bill]);
    assert_eq!(silence.asked([60, 40, 30]), [lucy]);
    silence.passes(patience);
    assert_eq!(silence.asked([60, 40, 30]), [bill, lucy]);
    silence.passes(patience);
    assert_eq!(silence.asked([60, 40, 30]), [rita, lucy, bill]);
}

#[test]
fn nothing_but_an_answer_gives_a_silent_holder_more_time() {
    let mut silence = Silence::new();
    let [lucy, bill, rita] = silence.seats;
    let patience = silence.patience().as_secs();
    assert_eq!(silence.asked([61, 60, 30]), [lucy]);
    // Two who are silent change places every second, and one of them breaks its link for a moment.
    for second in 1..=2 * patience {
        silence.passes(secs(1));
        let order = if second % 2 == 0 { [61, 60, 30] } else { [60, 61, 30] };
        silence.asked(order);
        if second % 7 == 0 {
            silence.world.presence.disconnect(machine_of(LUCY));
            silence.goes_on();
            silence.world.presence.connect(machine_of(LUCY));
            silence.goes_on();
        }
    }
    assert_eq!(silence.asked([61, 60, 30]), [rita, lucy, bill]);
}

#[test]
fn only_time_in_which_somebody_is_asked_counts_as_silence() {
    let mut silence = Silence::new();
    let [lucy, bill, _] = silence.seats;
    assert_eq!(silence.asked([61, 60, 30]), [lucy]);
    silence.passes(secs(1));
    assert_eq!(silence.asked([60, 61, 30]), [bill]);
    silence.passes(silence.patience().saturating_sub(secs(1)));
    assert_eq!(silence.asked([61, 60, 30]), [lucy], "she was asked for a second");
    silence.passes(secs(3));
    silence.world.presence.turn(silence.world.now);
    assert_eq!(silence.asked([60, 61, 30]), [bill], "nor does a pause of the pool count");
}

#[test]
fn any_activity_is_an_answer() {
    let answers: [fn(&mut Silence); 3] = [
        // Active shortly before the question, which the report before it did not know.
        |silence| silence.reports([1, 40, 40]),
        |silence| silence.keeps(Said::Elsewhere),
        |silence| {
            silence.keeps(Said::Seen);
            silence.reports_unknown();
        },
    ];
    for answer in answers {
        let mut silence = Silence::new();
        let [lucy, ..] = silence.seats;
        assert_eq!(silence.asked([60, 40, 40]), [lucy]);
        silence.passes(silence.patience().saturating_sub(secs(1)));
        assert_eq!(silence.goes_on(), [lucy]);
        answer(&mut silence);
        assert_eq!(silence.world.presence.asked_for(lucy.id, silence.world.now), Duration::ZERO);
    }
}
