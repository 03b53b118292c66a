//! What the bookkeeping of links remembers, and for how long.

use hotseat_protocol::ids::MachineId;

use super::super::greeting::Welcomed;
use super::*;

const GENERATION: Generation = Generation(7);
const LEASE: Duration = Duration::from_secs(90);

fn desk() -> MachineId {
    MachineId::from_random(1)
}

fn candidate(boot_id: &str, answered: u64) -> Candidate {
    let (machine, generation) = (desk(), GENERATION);
    let boot_id = boot_id.to_owned();
    Candidate { machine, generation, boot_id, answered, older: None, beside: None }
}

/// A server that started at 0 and knows a machine whose secret 4 counts.
fn registry() -> Registry {
    let mut registry = Registry::new(Mono(0));
    registry.learn(desk(), GENERATION, LinkRecord { counted: 4, clone_seen: None });
    registry
}

fn welcome(answered: u64, void: bool) -> Verdict {
    Verdict::Welcome(Welcomed { answered, void })
}

#[test]
fn a_link_counts_once_and_the_newest_is_up() {
    let mut registry = registry();
    let first = registry.count(candidate("boot", 5), Mono(1)).unwrap();
    assert_eq!(registry.count(candidate("boot", 5), Mono(2)), None, "its secret was used");
    let second = registry.count(candidate("boot", 6), Mono(3)).unwrap();
    assert_eq!(registry.up(desk()), Some(second.link));
    assert!(!registry.down(desk(), first.link), "it is no longer the one that counts");
    assert!(registry.down(desk(), second.link));
    assert_eq!(registry.up(desk()), None);
}

#[test]
fn who_shows_an_older_secret_waits_until_the_other_has_not_renewed_for_a_lease() {
    let mut registry = registry();
    let other = registry.count(candidate("boot", 5), Mono(1_000)).unwrap();
    registry.heard(desk(), Mono(30_000));
    let judged =
        |registry: &Registry, now| registry.judge(desk(), Some(4), "boot", (Mono(now), LEASE));
    assert_eq!(judged(&registry, 119_999), Verdict::Cloned);
    let asked = Verdict::PingFirst(Welcomed { answered: 7, void: true });
    assert_eq!(judged(&registry, 120_000), asked, "its link is up");
    assert!(registry.down(desk(), other.link));
    assert_eq!(judged(&registry, 120_000), welcome(7, true));
}

#[test]
fn who_showed_an_older_secret_does_not_count_once_the_other_is_at_work_again() {
    let older = || Candidate { older: Some(Mono(120_000)), ..candidate("boot", 7) };
    let mut known = registry();
    known.count(candidate("boot", 5), Mono(30_000)).unwrap();
    assert!(known.count(older(), Mono(120_010)).is_some());

    let mut renewed = registry();
    renewed.count(candidate("boot", 5), Mono(30_000)).unwrap();
    renewed.heard(desk(), Mono(120_005));
    assert_eq!(renewed.count(older(), Mono(120_010)), None);

    let mut linked = registry();
    linked.count(candidate("boot", 5), Mono(120_005)).unwrap();
    assert_eq!(linked.count(older(), Mono(120_010)), None);
}

#[test]
fn who_comes_from_another_boot_does_not_count_beside_a_link_that_nobody_asked() {
    let mut registry = registry();
    let up = registry.count(candidate("boot 1", 5), Mono(1)).unwrap();
    assert_eq!(registry.count(candidate("boot 2", 7), Mono(2)), None);
    assert_eq!(registry.count(candidate("", 7), Mono(2)), None, "it cannot be told");
    let asked = Candidate { beside: Some(up.link), ..candidate("boot 2", 7) };
    assert!(registry.count(asked, Mono(3)).is_some());
    assert!(registry.count(candidate("boot 2", 8), Mono(4)).is_some(), "the same boot");
}

#[test]
fn after_a_start_the_other_counts_as_renewed_for_a_lease() {
    let judged = |now| registry().judge(desk(), Some(3), "boot", (Mono(now), LEASE));
    assert_eq!(judged(89_999), Verdict::Cloned);
    assert_eq!(judged(90_000), welcome(6, true));
}

#[test]
fn secrets_of_another_generation_count_for_nothing() {
    let mut registry = registry();
    let restored = Generation(8);
    assert!(!registry.knows(desk(), restored));
    registry.learn(desk(), restored, LinkRecord::default());
    assert_eq!(registry.count(candidate("boot", 5), Mono(1)), None, "greeted before it");
    assert_eq!(registry.judge(desk(), None, "boot", (Mono(1), LEASE)), welcome(1, false));
}

#[test]
fn a_clone_that_tries_again_and_again_is_noted_once_a_minute() {
    let mut registry = registry();
    let at = WallTime { unix_ms: 5 };
    assert!(registry.clone_refused(desk(), Mono(0), at));
    assert!(!registry.clone_refused(desk(), Mono(59_999), at));
    assert!(registry.clone_refused(desk(), Mono(60_000), at));
    let counts = registry.count(candidate("boot", 5), Mono(60_001)).unwrap();
    assert_eq!(counts.clone_seen, Some(at), "whoever comes next hears of it");
    assert!(!registry.clone_refused(MachineId::from_random(2), Mono(0), at), "nobody knows it");
}
