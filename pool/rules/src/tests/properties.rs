//! Promises that hold whatever happens, over random walks. [`model`](super::model) judges every
//! step of them: the number is kept, first come first served, one release each, leases as told.

use proptest::prelude::*;

use super::steps::steps;
use super::walk::Walk;
use super::world::secs;
use crate::State;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_walk_keeps_the_promises(steps in steps()) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.step(step);
        }
        walk.world.restarts();
        let kept = walk.world.state.contents().clone();
        let back = State::from_contents(kept);
        prop_assert_eq!(back.as_ref(), Ok(&walk.world.state));
    }

    /// Once nobody renews any more, every seat and place has its end within its time.
    #[test]
    fn everything_ends_when_nobody_renews(steps in steps()) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.step(step);
        }
        let world = &mut walk.world;
        // What was lost may have told somebody a longer lease.
        world.pass(secs(91).max(world.state.waits().whole() + secs(1)));
        let machine_kept = world.state.seats().filter(|seat| {
            seat.keeper != crate::Keeper::Calls
        });
        prop_assert_eq!(machine_kept.count(), 0);
        world.pass(secs(60));
        prop_assert_eq!(world.state.places().count(), 0);
        world.pass(secs(20 * 60));
        prop_assert_eq!(world.state.seats().count(), 0);
        walk.world.model.everything_has_ended();
    }
}
