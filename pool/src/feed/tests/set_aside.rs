//! What checks set aside is no fact of the journal, and is told all the same.

use hotseat_rules::Check;

use super::*;

/// How many the newest picture of the pool shows as set aside; none where none came.
fn told(link: &mut Subscription, last: &mut u64) -> Option<u32> {
    pool_of(&read(link, last)).map(|pool| pool.set_aside)
}

#[test]
fn a_seat_that_a_check_sets_aside_is_told_and_that_it_is_so_no_more() {
    let mut holding = definition(3);
    holding.options.provisional_hold = Some(Duration::from_secs(5));
    let mut world = World::new(holding, 2);
    let (mut link, mut last) = (world.follow(1), 0);
    world.tick(Duration::from_secs(1));
    assert_eq!(told(&mut link, &mut last), Some(0));
    world.submit(Command::Check(Check {
        caller: Caller::Machine(machine(2)),
        request: RequestId::from_random(1),
        body: BodyHash([0; 32]),
        pool: PoolId::new("infor-crm").unwrap(),
        user: user(2),
        client: ClientName::new("mobile").unwrap(),
        operation: Operation::new("log-in").unwrap(),
    }));
    world.tick(Duration::from_secs(1));
    assert_eq!(told(&mut link, &mut last), Some(1));
    world.tick(Duration::from_secs(3));
    assert_eq!(told(&mut link, &mut last), None, "nothing has changed");
    world.tick(Duration::from_secs(1));
    assert_eq!(told(&mut link, &mut last), Some(0));
}
