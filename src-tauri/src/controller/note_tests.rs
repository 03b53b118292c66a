//! What is on the screen at the end, for every note, in whatever order its messages come.
//!
//! A story is what the broker says: views in their order, and notices, each of which may come
//! before the view that it belongs to, after it, after all others, or twice; the connection may
//! break in between. The screen must be the same at the end of each telling.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{Epoch, Generation, PlaceId, SeatId, Seq};
use hotseat_protocol::ipc::{EndedSeat, Lost, MySeat, Notice, PoolState};
use hotseat_protocol::link::SeatEnd;
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::tests::World;
use super::*;
use crate::desktop::recording::Done;
use crate::samples::{Sample, at, infor, seat, view};

/// What one message of a story is.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "a story has a handful of them")]
enum Message {
    View(PoolState),
    Notice(Notice),
}

/// A screen: the titles that stand on it, and how often each was drawn.
#[derive(Default)]
struct Screen {
    open: BTreeMap<crate::desktop::NoteKey, String>,
    flashed: bool,
}

impl Screen {
    fn take(&mut self, done: &[Done]) {
        let mut shown = Vec::new();
        for one in done {
            match one {
                Done::Notified(note) => {
                    shown.push(note.key.clone());
                    self.open.insert(note.key.clone(), note.title.clone());
                }
                Done::Withdrawn(key) => {
                    self.flashed |= shown.contains(key);
                    self.open.remove(key);
                }
                Done::Icon(_)
                | Done::Menu(_)
                | Done::WindowOpened
                | Done::WindowClosed
                | Done::View(_)
                | Done::Pace(_)
                | Done::Exited(_) => {}
            }
        }
    }

    fn titles(&self) -> Vec<&str> {
        self.open.values().map(String::as_str).collect()
    }
}

/// The story, told to a tray that has just connected.
fn tell(story: &[Message], breaks_before: Option<usize>) -> Screen {
    let mut world = World::new(Part::Tray);
    let mut screen = Screen::default();
    screen.take(&world.broker(LinkEvent::Connected));
    let mut current = infor();
    for (index, message) in story.iter().enumerate() {
        if breaks_before == Some(index) {
            screen.take(&world.broker(LinkEvent::NoBroker { why: "gone".to_owned() }));
            screen.take(&world.broker(LinkEvent::Connected));
            screen.take(&world.pools(vec![current.clone()]));
        }
        let event = match message {
            Message::View(pool) => {
                current = pool.clone();
                LinkEvent::Snapshot(Box::new(view(vec![pool.clone()])))
            }
            Message::Notice(notice) => LinkEvent::Notice(Box::new(notice.clone())),
        };
        screen.take(&world.broker(event));
    }
    screen
}

/// Every way to put the notices between the views, each list in its own order. The first view is
/// the snapshot, before which nothing can come.
fn interleavings(views: &[PoolState], notices: &[Notice]) -> Vec<Vec<Message>> {
    let (Some((view, later_views)), Some((notice, later_notices))) =
        (views.split_first(), notices.split_first())
    else {
        let views = views.iter().cloned().map(Message::View);
        return vec![views.chain(notices.iter().cloned().map(Message::Notice)).collect()];
    };
    let with = |first: Message, rest: Vec<Vec<Message>>| {
        rest.into_iter().map(move |mut rest| {
            rest.insert(0, first.clone());
            rest
        })
    };
    let view_first = with(Message::View(view.clone()), interleavings(later_views, notices));
    let notice_first = with(Message::Notice(notice.clone()), interleavings(views, later_notices));
    view_first.chain(notice_first).collect()
}

/// All tellings: each order, with each notice said again at the end, and with the connection
/// broken once after the notices were heard.
fn always_ends_with(views: &[PoolState], notices: &[Notice], titles: &[&str]) {
    let (snapshot, views) = views.split_first().expect("a story has a snapshot");
    for mut story in interleavings(views, notices) {
        story.insert(0, Message::View(snapshot.clone()));
        let heard = story.iter().rposition(|message| matches!(message, Message::Notice(_)));
        let after = heard.map_or(1, |last| last + 1)..story.len();
        for breaks_before in [None].into_iter().chain(after.map(Some)) {
            let screen = tell(&story, breaks_before);
            assert_eq!(screen.titles(), titles, "{}", script(&story, breaks_before));
            assert!(!screen.flashed, "shown for nothing: {}", script(&story, breaks_before));
        }
        story.extend(notices.iter().cloned().map(Message::Notice));
        assert_eq!(tell(&story, None).titles(), titles, "again: {}", script(&story, None));
    }
}

fn script(story: &[Message], breaks_before: Option<usize>) -> String {
    let lines = story.iter().enumerate().map(|(index, message)| {
        let broken = if breaks_before == Some(index) { "(reconnect) " } else { "" };
        match message {
            Message::View(pool) => format!(
                "{broken}view of {} seats, place {:?}",
                pool.seats.len(),
                pool.place.as_ref().map(|place| place.id)
            ),
            Message::Notice(notice) => format!("{broken}{notice:?}"),
        }
    });
    lines.collect::<Vec<_>>().join("; ")
}

fn pool() -> PoolId {
    infor().pool.id
}

fn epoch(seq: u64) -> Epoch {
    Epoch { generation: Generation(1), seq: Seq(seq) }
}

fn numbered(seq: u64) -> MySeat {
    MySeat { id: SeatId::from_random(seq.into()), epoch: epoch(seq), ..seat() }
}

fn with(seats: &[u64]) -> PoolState {
    let mut state = infor();
    state.seats = seats.iter().map(|seq| numbered(*seq)).collect();
    state
}

/// The end of a seat of a person whose newest one is `newest`.
fn ended(seq: u64, newest: u64) -> EndedSeat {
    let MySeat { id, deadline_boot_ms, .. } = numbered(seq);
    EndedSeat { id, deadline_boot_ms, newest: epoch(newest) }
}

fn end(reason: ReleaseReason) -> SeatEnd {
    let by = (reason == ReleaseReason::Reclaimed).then(|| "Ada".to_owned());
    SeatEnd { reason, by, note: None, at: at(10, 7, 0) }
}

fn idle(seat: EndedSeat) -> Notice {
    let next = Some("Olaf".to_owned());
    Notice::SignedOffIdle { pool: pool(), idle_since: at(9, 49, 0), next, seat: Some(seat) }
}

fn taken_back(seat: EndedSeat) -> Notice {
    Notice::Reclaimed { pool: pool(), end: end(ReleaseReason::Reclaimed), seat: Some(seat) }
}

fn loss(reason: ReleaseReason, seat: EndedSeat, slept: bool) -> Lost {
    Lost { end: end(reason), silent_s: None, slept, seat: Some(seat) }
}

fn lost(seat: EndedSeat) -> Notice {
    Notice::Lost { pool: pool(), lost: loss(ReleaseReason::LeaseExpired, seat, false) }
}

fn awake(seat: EndedSeat) -> Notice {
    Notice::ResumeReport {
        pool: pool(),
        lost: loss(ReleaseReason::LeaseExpired, seat, true),
        taken_by: vec!["Bill".to_owned()],
        free: Some(0),
        rank: Some(1),
    }
}

/// What makes the notice of a seat's end.
type Ending = fn(EndedSeat) -> Notice;

/// Every notice of a seat's end, with the title that a person reads.
fn ends() -> [(Ending, &'static str); 4] {
    [
        (idle, "You were signed off."),
        (taken_back, "Ada took your seat back."),
        (lost, "Your seat is lost."),
        (awake, "Your seat is lost."),
    ]
}

#[test]
fn the_end_of_a_seat_stays_on_the_screen_in_any_order_of_its_messages() {
    for (notice, title) in ends() {
        always_ends_with(&[with(&[7]), with(&[])], &[notice(ended(7, 7))], &[title]);
        // Colleagues come and go, and the line grows, for as long as one likes.
        let busy = [with(&[7]), with(&[]), with(&[]).in_use(2), with(&[]).in_line(1)];
        always_ends_with(&busy, &[notice(ended(7, 7))], &[title]);
    }
}

#[test]
fn a_seat_that_is_taken_afterwards_ends_it_in_any_order_also_when_it_was_given_back() {
    for (notice, _) in ends() {
        let notices = [notice(ended(7, 7))];
        always_ends_with(&[with(&[7]), with(&[]), with(&[8])], &notices, &[]);
    }
    // A later seat that was given back on purpose is not forgotten; only a connection that breaks
    // forgets it, and then what was open is judged already.
    let story = [with(&[7]), with(&[]), with(&[8]), with(&[])];
    always_ends_with(&story, &[idle(ended(7, 7))], &[]);
}

#[test]
fn a_seat_that_is_held_beside_it_hides_nothing() {
    for (notice, title) in ends() {
        always_ends_with(&[with(&[7, 9]), with(&[9])], &[notice(ended(7, 9))], &[title]);
        always_ends_with(&[with(&[7, 9]), with(&[7])], &[notice(ended(9, 9))], &[title]);
    }
}

#[test]
fn two_seats_that_end_are_two_notes() {
    let notices = [taken_back(ended(7, 9)), taken_back(ended(9, 9))];
    let titles = ["Ada took your seat back."; 2];
    always_ends_with(&[with(&[7, 9]), with(&[])], &notices, &titles);
}

#[test]
fn a_seat_that_was_lost_and_kept_after_all_is_not_mourned() {
    let mut kept = with(&[7]);
    kept.seats[0].deadline_boot_ms += 60_000;
    always_ends_with(&[with(&[7]), with(&[]), kept], &[lost(ended(7, 7))], &[]);
}

#[test]
fn a_place_that_ended_is_told_until_the_person_waits_again() {
    let lapsed = |place| Notice::PlaceEnded {
        pool: pool(),
        end: PlaceEnd::OfferLapsed,
        place: Some(place),
        newest: None,
    };
    let (offered, mut again) = (infor().offered(), infor().in_line(1));
    let place = offered.place.as_ref().expect("a place").id;
    let notices = [lapsed(place)];
    let mut world = World::tray(view(vec![offered.clone()]));
    let told = world.broker(LinkEvent::Notice(Box::new(lapsed(place))));
    let [note] = super::tests::notes(&told)[..] else { panic!("one notification: {told:?}") };
    let title = note.title.clone();
    // The offer itself is over as soon as a view says so.
    always_ends_with(&[offered.clone(), infor()], &notices, &[&title]);
    if let Some(place) = &mut again.place {
        place.id = PlaceId::from_random(9);
    }
    always_ends_with(&[offered, infor(), again], &notices, &[]);
}

#[test]
fn a_level_is_told_again_by_the_next_connection_and_stays_through_it() {
    let warned = infor().held().warned();
    for breaks_before in [None, Some(1), Some(2)] {
        let story = [Message::View(warned.clone()), Message::View(warned.clone().in_use(2))];
        let story: Vec<_> = story.into_iter().chain([Message::View(warned.clone())]).collect();
        assert_eq!(tell(&story, breaks_before).titles(), ["Still there, Lucy?"]);
        let story = vec![Message::View(infor().offered()); 3];
        assert_eq!(tell(&story, breaks_before).titles(), ["A seat for you: Infor CRM"]);
    }
    // What went and came back is told again.
    let [on, off] = [warned, infor().held()].map(Message::View);
    assert_eq!(tell(&[on.clone(), off.clone()], None).titles(), Vec::<&str>::new());
    assert_eq!(tell(&[on.clone(), off, on], None).titles(), ["Still there, Lucy?"]);
}

#[test]
fn a_loss_whose_notice_was_not_heard_is_told_by_the_view() {
    for (reason, slept, title) in [
        (ReleaseReason::Reclaimed, false, "Ada took your seat back."),
        (ReleaseReason::LeaseExpired, false, "Your seat is lost."),
        (ReleaseReason::LeaseExpired, true, "Your seat is lost."),
    ] {
        let mut told = infor();
        told.lost = Some(loss(reason, ended(7, 7), slept));
        // The tray was started again, or its connection was.
        assert_eq!(tell(&[Message::View(told.clone())], None).titles(), [title]);
        // What the notice said is not said twice.
        let notice = match (reason, slept) {
            (ReleaseReason::Reclaimed, _) => taken_back(ended(7, 7)),
            (_, true) => awake(ended(7, 7)),
            (_, false) => lost(ended(7, 7)),
        };
        always_ends_with(&[with(&[7]), told, with(&[])], &[notice], &[title]);
    }
}

#[test]
fn an_answered_end_is_not_told_again() {
    let mut state = infor().in_use(2);
    state.lost = Some(loss(ReleaseReason::Reclaimed, ended(7, 7), false));
    let mut world = World::new(Part::Tray);
    let mut screen = Screen::default();
    screen.take(&world.broker(LinkEvent::Connected));
    screen.take(&world.pools(vec![state.clone()]));
    assert_eq!(screen.titles(), ["Ada took your seat back."]);
    screen.take(&world.act(Action::in_pool(&pool(), Verb::Wait), Origin::Notification));
    assert_eq!(screen.titles(), Vec::<&str>::new(), "the person answered");
    screen.take(&world.pools(vec![state]));
    screen.take(&world.broker(LinkEvent::Notice(Box::new(taken_back(ended(7, 7))))));
    assert_eq!(screen.titles(), Vec::<&str>::new());
}

#[test]
fn what_ended_is_hard_to_overlook() {
    use crate::desktop::Weight::{Lasting, Urgent};
    for ((notice, title), weight) in ends().into_iter().zip([Lasting, Urgent, Urgent, Urgent]) {
        let mut world = World::tray(view(vec![with(&[7])]));
        let done = world.broker(LinkEvent::Notice(Box::new(notice(ended(7, 7)))));
        let [note] = super::tests::notes(&done)[..] else { panic!("{done:?}") };
        assert_eq!((note.title.as_str(), note.weight), (title, weight));
    }
}
