//! Each subject beside each view.

use hotseat_protocol::ids::{Epoch, Generation, OfferId, PlaceId, SeatId, Seq};
use hotseat_protocol::ipc::{EndedSeat, PoolState, View};
use hotseat_protocol::problem::{Code, Problem};

use super::*;
use crate::app_state::{AppState, Contact};
use crate::samples::{NOW, Sample, down, infor, later, seat, view};

fn epoch(generation: u32, seq: u64) -> Epoch {
    Epoch { generation: Generation(generation), seq: Seq(seq) }
}

fn knows(view: View) -> AppState {
    let mut state = AppState::new();
    state.contact = Contact::Connected;
    state.snapshot(view, NOW);
    state
}

fn sees(pool: PoolState) -> AppState {
    knows(view(vec![pool]))
}

fn knows_nothing() -> AppState {
    let mut state = sees(infor().held());
    state.disconnected(Contact::NoBroker { why: "gone".to_owned() });
    state
}

/// Infor CRM with a seat of this fencing number.
fn held_at(epoch: Epoch) -> PoolState {
    let mut pool = infor().held();
    pool.seats[0].epoch = epoch;
    pool.seats[0].id = SeatId::from_random(u128::from(epoch.seq.0));
    pool
}

fn ended() -> Subject {
    let seat = seat();
    let ended =
        EndedSeat { id: seat.id, deadline_boot_ms: seat.deadline_boot_ms, newest: seat.epoch };
    Subject::SeatEnded { pool: infor().pool.id, seat: Some(ended), newest: Some(ended.newest) }
}

#[test]
fn a_warning_and_an_offer_end_when_a_view_says_so_or_their_time_is_over() {
    let pool = infor().pool.id;
    let warning = Subject::Warning { pool: pool.clone(), ends_boot_ms: NOW.boot_ms + 120_000 };
    let offer =
        Subject::Offer { pool, offer: OfferId::from_random(5), ends_boot_ms: NOW.boot_ms + 60_000 };
    let warned = sees(infor().held().warned());
    let offered = sees(infor().offered());
    assert!(!warning.is_over(&warned, NOW) && !offer.is_over(&offered, NOW));
    assert!(warning.is_over(&offered, NOW) && offer.is_over(&warned, NOW));
    assert!(warning.is_over(&knows(view(vec![])), NOW), "the pool is gone");
    // Nobody says anything: both stand until their own end.
    assert!(!warning.is_over(&knows_nothing(), NOW) && !offer.is_over(&knows_nothing(), NOW));
    assert!(offer.is_over(&knows_nothing(), later(60_000)));
    assert!(warning.is_over(&knows_nothing(), later(120_000)));
}

#[test]
fn the_end_of_a_seat_is_over_by_a_seat_that_was_taken_afterwards_and_by_no_older_one() {
    let mut leaving = infor().held();
    leaving.seats[0].confirmed = false;
    let stands = [
        ("no seat", sees(infor())),
        ("an offer", sees(infor().offered())),
        ("the previous view, which still has the seat", sees(infor().held())),
        ("a seat that was held beside it", sees(held_at(epoch(1, 6)))),
        ("a seat that is not confirmed", sees(leaving)),
        ("no broker", knows_nothing()),
        ("no pool", knows(view(vec![]))),
    ];
    for (what, state) in stands {
        assert!(!ended().is_over(&state, NOW), "{what}");
    }
    let over = [
        ("a newer seat", sees(held_at(epoch(1, 8)))),
        ("a seat of another generation", sees(held_at(epoch(2, 1)))),
        ("the same seat, renewed after all", {
            let mut pool = infor().held();
            pool.seats[0].deadline_boot_ms += 1;
            sees(pool)
        }),
    ];
    for (what, state) in over {
        assert!(ended().is_over(&state, NOW), "{what}");
    }
}

#[test]
fn a_seat_that_was_taken_and_given_back_since_is_remembered() {
    let mut state = sees(held_at(epoch(1, 8)));
    state.snapshot(view(vec![infor()]), NOW);
    assert!(ended().is_over(&state, NOW));
}

#[test]
fn a_place_that_ended_is_over_by_another_place_or_a_later_seat() {
    let subject = Subject::NoSeat {
        pool: infor().pool.id,
        place: Some(PlaceId::from_random(3)),
        newest: Some(epoch(1, 7)),
    };
    let mut again = infor().in_line(2);
    if let Some(place) = &mut again.place {
        place.id = PlaceId::from_random(9);
    }
    for state in [sees(infor().offered()), sees(infor().held()), sees(infor()), knows_nothing()] {
        assert!(!subject.is_over(&state, NOW), "{:?}", state.view);
    }
    assert!(subject.is_over(&sees(again), NOW));
    assert!(subject.is_over(&sees(held_at(epoch(1, 8))), NOW));
}

#[test]
fn a_trouble_is_over_only_when_the_link_works_without_it() {
    let problem = Problem::new(Code::MachineCloned, "It is used twice.", "Enrol again.");
    let subject = Subject::Trouble(problem.clone());
    let mut silent = view(vec![infor()]);
    silent.link = down();
    let mut twice = view(vec![infor()]);
    twice.trouble = Some(problem);
    for state in [knows(silent), knows(twice), knows_nothing()] {
        assert!(!subject.is_over(&state, NOW), "{:?}", state.view);
    }
    assert!(subject.is_over(&sees(infor()), NOW));
    assert!(!Subject::Once.is_over(&sees(infor().held()), NOW));
}
