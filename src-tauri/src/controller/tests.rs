//! The controller, driven step by step on a desktop that only remembers.

use hotseat_protocol::ids::{OfferId, RequestId};
use hotseat_protocol::ipc::{Change, Reply, View};
use hotseat_protocol::link::{Accept, Outcome};
use hotseat_protocol::problem::{Code, Problem, RefusalFacts};

use tokio::sync::oneshot;

use super::*;
use crate::desktop::recording::{Done, Recording};
use crate::desktop::{Note, NoteKey, Topic, Weight};
use crate::samples::{NOW, Sample, down, english, infor, later, view};
use crate::tray::icon::Icon;
use crate::views::UiError;

pub(super) struct World {
    pub(super) controller: Controller<Recording>,
    calls: mpsc::Receiver<Call>,
}

impl World {
    pub(super) fn new(part: Part) -> Self {
        let (outbox, calls) = mpsc::channel(OUTBOX_MAX);
        let controller = Controller::new(part, english(), Recording::default(), outbox, || 42);
        Self { controller, calls }
    }

    /// A tray that was told of its pools and has forgotten how.
    pub(super) fn tray(view: View) -> Self {
        let mut world = Self::new(Part::Tray);
        world.broker(LinkEvent::Connected);
        world.broker(LinkEvent::Snapshot(Box::new(view)));
        world.done();
        world
    }

    pub(super) fn at(&mut self, now: Now, event: Event) -> Vec<Done> {
        self.controller.handle(event, now);
        self.done()
    }

    pub(super) fn broker(&mut self, event: LinkEvent) -> Vec<Done> {
        self.at(NOW, Event::Broker(event))
    }

    pub(super) fn pools(&mut self, pools: Vec<PoolStateSample>) -> Vec<Done> {
        self.broker(LinkEvent::Snapshot(Box::new(view(pools))))
    }

    pub(super) fn act(&mut self, action: Action, origin: Origin) -> Vec<Done> {
        self.at(NOW, Event::Action { action, origin })
    }

    fn press(&mut self, verb: Verb) -> Vec<Done> {
        self.act(Action::in_pool(&infor().pool.id, verb), Origin::Menu)
    }

    pub(super) fn command(&mut self, action: Action) -> oneshot::Receiver<Result<(), UiError>> {
        let (answer, answered) = oneshot::channel();
        self.at(NOW, Event::Command { action, answer });
        answered
    }

    pub(super) fn done(&mut self) -> Vec<Done> {
        self.controller.desktop.take()
    }

    pub(super) fn called(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }

    pub(super) fn asked(&mut self) -> Vec<Request> {
        self.called().into_iter().map(|call| call.request).collect()
    }

    pub(super) fn answer(&mut self, reply: Reply) -> Vec<Done> {
        let id = self.controller.last_call;
        self.broker(LinkEvent::Answered { id, reply: Ok(Box::new(reply)) })
    }
}

pub(super) type PoolStateSample = hotseat_protocol::ipc::PoolState;

pub(super) fn notes(done: &[Done]) -> Vec<&Note> {
    let mut notes = Vec::new();
    for one in done {
        if let Done::Notified(note) = one {
            notes.push(note);
        }
    }
    notes
}

pub(super) fn labels(note: &Note) -> Vec<&str> {
    note.actions.iter().map(|(_, label)| *label).collect()
}

fn infor_key(topic: Topic) -> NoteKey {
    NoteKey { pool: Some(infor().pool.id), topic }
}

#[test]
fn nothing_is_shown_before_it_is_known() {
    let mut world = World::new(Part::Tray);
    assert_eq!(world.at(NOW, Event::TimePassed), []);
    assert_eq!(world.broker(LinkEvent::Connected), []);
    let done = world.pools(vec![infor()]);
    assert!(done.contains(&Done::Icon(Icon::NoSeat)));
    assert!(done.contains(&Done::Pace(Pace::Slow)));
}

#[test]
fn the_panel_is_told_only_what_differs() {
    let mut world = World::tray(view(vec![infor()]));
    assert_eq!(world.pools(vec![infor()]), []);
    let done = world.pools(vec![infor().in_use(1)]);
    assert!(matches!(done[..], [Done::Menu(_)]), "the icon is the same: {done:?}");
    let done = world.pools(vec![infor().held().in_use(1)]);
    assert!(done.contains(&Done::Icon(Icon::Holding)));
    assert!(done.contains(&Done::Pace(Pace::Held)));
}

#[test]
fn a_broker_that_goes_is_said_at_once() {
    let mut world = World::tray(view(vec![infor().held()]));
    let done = world.broker(LinkEvent::NoBroker { why: "gone".to_owned() });
    assert!(done.contains(&Done::Icon(Icon::NoBroker)));
    let done = world.broker(LinkEvent::AnotherVersion { theirs: "9.9".to_owned() });
    assert!(done.contains(&Done::Icon(Icon::AnotherVersion)));
}

#[test]
fn each_item_asks_for_what_it_says() {
    let offer = OfferId::from_random(5);
    let pool = infor().pool.id;
    let sign_on = |wait| Request::SignOn {
        request: RequestId::from_random(42),
        pool: pool.clone(),
        client: None,
        wait,
    };
    let steps = [
        (infor(), Verb::TakeSeat, sign_on(None)),
        (infor().in_use(2), Verb::Wait, sign_on(Some(Accept::Ask))),
        (infor().offered(), Verb::TakeOffered, Request::AcceptOffer { offer }),
        (infor().offered(), Verb::Pass, Request::DeclineOffer { offer }),
        (infor().in_line(1), Verb::LeaveLine, Request::LeaveLine { pool: pool.clone() }),
        (infor().held(), Verb::SignOff, Request::SignOff { pool: Some(pool.clone()) }),
        (infor().held().warned(), Verb::Keep, Request::Keep { pool: pool.clone() }),
    ];
    for (state, verb, request) in steps {
        let mut world = World::tray(view(vec![state]));
        world.press(verb);
        assert_eq!(world.asked(), [request]);
    }
}

#[test]
fn presses_of_disabled_items_do_nothing() {
    let mut broken = view(vec![infor()]);
    broken.link = down();
    let mut world = World::tray(broken);
    assert_eq!(world.press(Verb::TakeSeat), []);
    let mut nobody = view(vec![]);
    nobody.link = down();
    nobody.account = None;
    let mut logged_out = World::tray(nobody);
    assert_eq!(logged_out.act(Action::LogIn, Origin::Menu), []);
    assert_eq!((world.asked(), logged_out.asked()), (vec![], vec![]));
}

#[test]
fn a_press_of_an_item_that_has_just_gone_shows_what_is_true() {
    // The menu was open, and said "Sign off", when the seat was lost.
    let mut world = World::tray(view(vec![infor().in_use(2)]));
    for verb in [Verb::SignOff, Verb::TakeSeat, Verb::Keep, Verb::TakeOffered] {
        assert_eq!(world.press(verb), [Done::WindowOpened], "{verb:?}");
    }
    assert_eq!(world.asked(), []);
    world.broker(LinkEvent::NoBroker { why: "gone".to_owned() });
    assert_eq!(world.press(Verb::SignOff), [], "nothing more is known");
}

#[test]
fn an_action_is_not_sent_twice_while_it_is_under_way() {
    let mut world = World::tray(view(vec![infor()]));
    world.press(Verb::TakeSeat);
    world.press(Verb::TakeSeat);
    assert_eq!(world.called().len(), 1);
    world.answer(Reply::Done);
    world.press(Verb::TakeSeat);
    assert_eq!(world.called().len(), 1);
}

#[test]
fn a_warning_is_told_once_and_taken_away_when_it_is_over() {
    let mut world = World::tray(view(vec![infor().held()]));
    let done = world.pools(vec![infor().held().warned()]);
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.title, "Still there, Lucy?");
    assert_eq!(labels(note), ["Keep my seat", "Sign off now"]);
    assert_eq!(note.weight, Weight::Urgent);
    assert!(done.contains(&Done::Pace(Pace::Warned)));

    let done = world.pools(vec![infor().held().warned().in_use(1)]);
    assert_eq!(notes(&done).len(), 0, "told again: {done:?}");
    let done = world.pools(vec![infor().held()]);
    assert!(done.contains(&Done::Withdrawn(infor_key(Topic::Warning))));
}

#[test]
fn a_warning_ends_by_itself_when_its_time_is_over() {
    let mut world = World::tray(view(vec![infor().held().warned()]));
    assert_eq!(world.controller.due_in_ms(NOW), Some(RECHECK_MS));
    let done = world.at(later(120_000), Event::TimePassed);
    assert!(done.contains(&Done::Withdrawn(infor_key(Topic::Warning))));
}

#[test]
fn a_warning_is_answered_by_its_notification_while_it_runs() {
    let keep = Action::in_pool(&infor().pool.id, Verb::Keep);
    let mut world = World::tray(view(vec![infor().held().warned()]));
    world.act(keep.clone(), Origin::Notification);
    assert_eq!(world.asked(), [Request::Keep { pool: infor().pool.id }]);
    let mut over = World::tray(view(vec![infor().held()]));
    over.act(keep, Origin::Notification);
    assert_eq!(over.asked(), []);
}

#[test]
fn an_offer_is_told_with_both_answers() {
    let mut world = World::tray(view(vec![infor().in_line(1)]));
    let done = world.pools(vec![infor().offered()]);
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.title, "A seat for you: Infor CRM");
    assert_eq!(note.body, "Set aside until 10:08:42, then the next in line is asked.");
    assert_eq!(labels(note), ["Take the seat", "Pass"]);
    let done = world.pools(vec![infor().held()]);
    assert!(done.contains(&Done::Withdrawn(infor_key(Topic::Offer))));
}

#[test]
fn waiting_can_be_answered_when_a_seat_has_become_free_meanwhile() {
    let wait = Action::in_pool(&infor().pool.id, Verb::Wait);
    let mut world = World::tray(view(vec![infor()]));
    world.act(wait, Origin::Notification);
    assert_eq!(world.called().len(), 1);
}

#[test]
fn a_loss_is_seen_by_using_menu_icon_or_notification_and_by_nothing_else() {
    let seen = Request::AcknowledgeLoss { pool: infor().pool.id };
    for origin in [Origin::Menu, Origin::Icon, Origin::Notification] {
        let mut world = World::tray(view(vec![infor().lost()]));
        assert_eq!(world.asked(), []);
        assert_eq!(world.act(Action::OpenWindow, origin), [Done::WindowOpened]);
        assert_eq!(world.asked(), std::slice::from_ref(&seen));
        world.act(Action::OpenWindow, origin);
        assert_eq!(world.asked(), [], "asked twice");
    }
}

#[test]
fn quit_waits_for_the_goodbye_to_be_acknowledged() {
    let mut world = World::tray(view(vec![infor().held()]));
    assert_eq!(world.act(Action::Quit, Origin::Menu), [Done::WindowClosed]);
    assert_eq!(world.asked(), [Request::Goodbye]);
    assert_eq!(world.act(Action::Quit, Origin::System), []);
    assert_eq!(world.asked(), []);
    assert!(world.answer(Reply::Done).contains(&Done::Exited(0)));
}

#[test]
fn quit_waits_no_longer_than_two_seconds() {
    let mut world = World::tray(view(vec![infor()]));
    world.act(Action::Quit, Origin::System);
    assert_eq!(world.controller.due_in_ms(NOW), Some(GOODBYE_WAIT_MS));
    assert_eq!(world.at(later(1_999), Event::TimePassed), []);
    assert_eq!(world.at(later(2_000), Event::TimePassed), [Done::Exited(0)]);
}

#[test]
fn quit_while_connecting_still_says_goodbye() {
    let mut world = World::new(Part::Tray);
    assert_eq!(world.act(Action::Quit, Origin::System), [Done::WindowClosed]);
    assert_eq!(world.asked(), [Request::Goodbye]);
    world.broker(LinkEvent::Connected);
    assert!(world.answer(Reply::Done).contains(&Done::Exited(0)));
}

#[test]
fn quit_does_not_wait_for_a_broker_that_is_not_there() {
    let mut world = World::new(Part::Tray);
    world.broker(LinkEvent::NoBroker { why: "nobody".to_owned() });
    world.done();
    assert_eq!(world.act(Action::Quit, Origin::Menu), [Done::WindowClosed, Done::Exited(0)]);
    let mut world = World::tray(view(vec![infor()]));
    world.act(Action::Quit, Origin::Menu);
    let done = world.broker(LinkEvent::NoBroker { why: "gone".to_owned() });
    assert!(done.contains(&Done::Exited(0)));
}

#[test]
fn a_second_tray_ends() {
    let mut world = World::new(Part::Tray);
    assert_eq!(world.broker(LinkEvent::AlreadyRunning), [Done::Exited(0)]);
}

#[test]
fn a_full_pool_is_told_with_the_truth_and_the_next_step() {
    let mut world = World::tray(view(vec![infor()]));
    world.press(Verb::TakeSeat);
    let mut problem = Problem::new(Code::PoolFull, "All seats are in use.", "Wait.");
    problem.facts = Some(Box::new(RefusalFacts {
        legacy_message: None,
        seats: 2,
        in_use: 2,
        waiting: 0,
        usually_waits_s: None,
        holders: vec![],
    }));
    let outcome = Outcome::Refused { problem };
    let done = world.answer(Reply::Outcome { outcome, deadline_boot_ms: None, resume: None });
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.body, "All seats are in use. You would be next.");
    assert_eq!(labels(note), ["Wait for a seat"]);
}

#[test]
fn a_change_of_a_newer_version_asks_for_the_whole_view() {
    let mut world = World::tray(view(vec![infor()]));
    world.broker(LinkEvent::Changed(vec![Change::Unknown]));
    assert_eq!(world.asked(), [Request::View]);
    let done = world.answer(Reply::View { view: view(vec![infor().held()]) });
    assert!(done.contains(&Done::Icon(Icon::Holding)));
}

#[test]
fn a_desktop_without_a_panel_is_told_how_to_see_hotseat() {
    let mut world = World::tray(view(vec![infor()]));
    let done = world.at(NOW, Event::NoPanel);
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.title, "Your desktop shows no tray icons.");
    assert_eq!(labels(note), ["Open Hotseat"]);
}
