//! What is said between pushes is said again to whom it may have missed; what is taken back says
//! since when.

use hotseat_protocol::ids::SeatRef;
use hotseat_protocol::quantity::AgoMs;
use hotseat_rules::WarningAnswer;

use super::*;

/// Person 1 holds the only seat and has been idle for long; person 2 waits.
fn wanted() -> (World, SeatRef) {
    let mut world = World::new(definition(1), 3);
    world.submit(sign_on(1, 1, false));
    let seat = world.engine.view(world.turn()).state.seats().next().unwrap().seat_ref();
    world.step(vec![Input::Connected(machine(1)), Input::Connected(machine(2))]);
    let idle = vec![(seat.id, Idle::For(Duration::from_secs(26 * 60)))];
    let renewal = Renewal { seats: vec![seat], idle, ..Renewal::default() };
    let work = Work::Renew { machine: machine(1), renewal };
    world.step(vec![Input::Job(Job { to: Some(()), work })]);
    world.submit(sign_on(2, 2, true));
    (world, seat)
}

fn between(link: &mut Subscription) -> Vec<FromPool> {
    let frames = std::iter::from_fn(|| link.try_next());
    let said =
        |frame: &FromPool| matches!(frame, FromPool::WarnIdle { .. } | FromPool::Kept { .. });
    frames.filter(said).collect()
}

fn keeps(world: &mut World, seat: SeatRef) {
    let answer = WarningAnswer::Kept;
    world.submit(Command::AnswerWarning { by: Caller::User(user(1)), seat, answer });
    world.feed.kept(seat.id, world.engine.view(world.turn()));
}

#[test]
fn a_warning_that_a_slow_link_missed_comes_with_its_snapshot() {
    let (mut world, seat) = wanted();
    let mut link = world.feed.follow(machine(1), world.engine.view(world.turn()));
    let warned = [FromPool::WarnIdle { seat, waiter: Some("person 2".to_owned()) }];
    assert_eq!(between(&mut link), warned);
    // Nobody reads until nothing more fits; then the snapshot brings what still holds.
    let view = world.engine.view(world.turn());
    let pick = idle_picks(view.state, view.presence, view.now).remove(0);
    for _ in 0..=PUSHES_WAITING_MAX {
        world.feed.wanted(&pick, world.engine.view(world.turn()));
    }
    assert_eq!(between(&mut link).len(), PUSHES_WAITING_MAX);
    world.tick(Duration::from_secs(1));
    assert_eq!(between(&mut link), warned);
}

#[test]
fn a_seat_kept_over_rest_is_told_to_its_machine_at_once_and_to_a_new_link() {
    let (mut world, seat) = wanted();
    let mut link = world.feed.follow(machine(1), world.engine.view(world.turn()));
    between(&mut link);
    keeps(&mut world, seat);
    assert_eq!(between(&mut link), [FromPool::Kept { seat, ago_ms: AgoMs::clamped(0) }]);
    world.now = world.now + Duration::from_secs(3);
    let mut newer = world.feed.follow(machine(1), world.engine.view(world.turn()));
    assert_eq!(between(&mut newer), [FromPool::Kept { seat, ago_ms: AgoMs::clamped(3_000) }]);
}

#[test]
fn a_seat_that_is_taken_back_says_since_when_however_late_it_is_told() {
    let (mut world, seat) = wanted();
    let began = world.turn().wall;
    world.submit(Command::Reclaim { by: Caller::Admin, seat: seat.id, why: None });
    world.now = world.now + Duration::from_secs(40);
    let mut link = world.feed.follow(machine(1), world.engine.view(world.turn()));
    let told = read(&mut link, &mut 0);
    assert_eq!(seats_of(&told)[0].leaving.as_ref().unwrap().at, began);
}

/// Whether each frame that waits is a warning, or how many it shows to be waiting.
fn told(link: &mut Subscription) -> Vec<Option<u32>> {
    let mut told = Vec::new();
    while let Some(frame) = link.try_next() {
        if let FromPool::WarnIdle { .. } = frame {
            told.push(None);
        } else if let FromPool::Changed { items, .. } | FromPool::Snapshot { items, .. } = frame {
            told.extend(pool_of(&items).map(|pool| Some(pool.waiting)));
        } else {
            panic!("{frame:?}");
        }
    }
    told
}

fn leaves(world: &mut World, n: u128) {
    world.submit(Command::LeaveLine { by: Caller::User(user(n)), place: PlaceId::from_random(n) });
}

#[test]
fn whoever_is_asked_for_a_seat_sees_first_that_somebody_waits_for_it() {
    let (mut world, _) = wanted();
    leaves(&mut world, 2);
    world.tick(POOLS_EVERY);
    let mut link = world.feed.follow(machine(1), world.engine.view(world.turn()));
    let mut other = world.feed.follow(machine(2), world.engine.view(world.turn()));
    assert_eq!(told(&mut link), [Some(0)]);
    assert_eq!(told(&mut other), [Some(0)]);
    world.submit(sign_on(3, 3, true));
    // Sooner than pools are shown.
    world.now = world.now + POOLS_EVERY / 2;
    world.step(vec![Input::Connected(machine(1))]);
    assert_eq!(told(&mut link), [Some(1), None]);
    assert_eq!(told(&mut other), []);
    leaves(&mut world, 3);
    world.tick(POOLS_EVERY);
    assert_eq!(told(&mut link), [Some(0)]);
}

#[test]
fn whoever_came_between_two_pictures_of_a_pool_sees_the_second_though_nothing_changed() {
    let mut world = World::new(definition(1), 2);
    world.submit(sign_on(1, 1, false));
    let mut other = world.follow(1);
    world.tick(POOLS_EVERY);
    assert_eq!(told(&mut other), [Some(0)]);
    world.submit(sign_on(2, 2, true));
    let mut link = world.follow(2);
    assert_eq!(told(&mut link), [Some(1)]);
    leaves(&mut world, 2);
    world.tick(POOLS_EVERY);
    assert_eq!(told(&mut link), [Some(0)]);
    assert_eq!(told(&mut other), [], "to whom it is as it was");
}

#[test]
fn a_pool_that_came_and_went_between_two_pictures_is_gone_for_whoever_has_seen_it() {
    let mut world = World::new(definition(1), 1);
    // Pools are shown now, and not again for a while.
    world.submit(sign_on(1, 1, false));
    let another = PoolId::new("another").unwrap();
    let definition = PoolDefinition { id: another.clone(), ..definition(1) };
    world.submit(Command::DefinePool { definition: Box::new(definition) });
    let (mut link, mut last) = (world.follow(1), 0);
    read(&mut link, &mut last);
    world.submit(Command::RemovePool { pool: another.clone() });
    world.tick(POOLS_EVERY);
    let told = read(&mut link, &mut last);
    let removed = Projected::PoolRemoved { pool: another };
    assert!(told.contains(&removed), "{told:?}");
}
