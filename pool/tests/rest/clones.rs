//! Cloned machines, restored disks, and machines that have seen more than the journal has.

use std::path::PathBuf;
use std::time::Duration;

use hotseat_protocol::ids::{Seq, WallTime};
use hotseat_protocol::link::{FromPool, JournalPosition, Projected, Renewal};
use hotseat_protocol::problem::Code;

use crate::socket::{Disk, Link, Machine, sign_on};
use crate::world::Server;

/// The greeting was accepted: the new secret, and whether what was left is void.
fn welcomed(answer: FromPool) -> (Disk, bool) {
    match answer {
        FromPool::Welcome { secret, void, position, seal, .. } => {
            (Disk { secret, mark: seal.map(|seal| (position, seal)) }, void)
        }
        other => panic!("{other:?}"),
    }
}

fn refused(answer: &FromPool) -> Code {
    match answer {
        FromPool::Refused { problem } => {
            assert!(problem.next.contains("enroll --force"), "{problem}");
            problem.code
        }
        other => panic!("{other:?}"),
    }
}

fn clone_seen(server: &Server) -> bool {
    let machines = server.admin().get("/api/v1/machines").expect(200);
    !machines[0]["clone_seen_at"].is_null()
}

#[test]
fn a_clone_is_refused_while_the_other_renews_and_both_hear_of_it() {
    let server = Server::with_own_time(2);
    let machine = Machine::enrol(&server, "desk-1");
    drop(Link::up(&server, &machine));
    let image = machine.disk.borrow().clone();
    let mut original = Link::up(&server, &machine);
    assert!(!clone_seen(&server));

    let (_, answer) = Link::knock(&server, &machine, &image, "boot");
    assert_eq!(refused(&answer), Code::MachineCloned);
    let (_, answer) = Link::knock(&server, &machine, &Disk::default(), "boot");
    assert_eq!(refused(&answer), Code::MachineCloned, "a wiped disk has no newer secret either");
    assert!(clone_seen(&server));
    let told = original.wait_for(|frame| matches!(frame, FromPool::CloneSeen { .. }));
    let FromPool::CloneSeen { at } = told else { unreachable!() };
    assert!(at > WallTime { unix_ms: 0 });
    // The original works on, also over a new link.
    original.renew(Renewal::default());
    Link::up(&server, &machine);

    // It falls silent for longer than a lease: the image is taken, without what it was left.
    server.advance(Duration::from_secs(91));
    let (mut clone, answer) = Link::knock(&server, &machine, &image, "boot 2");
    let (newer, void) = welcomed(answer);
    assert!(void);
    clone.renew(Renewal::default());
    let (_, answer) = Link::knock(&server, &machine, &machine.disk.borrow(), "boot");
    assert_eq!(refused(&answer), Code::MachineCloned, "now the original is the older one");
    let (_, answer) = Link::knock(&server, &machine, &newer, "boot 2");
    assert!(!welcomed(answer).1);
}

#[test]
fn the_same_secret_is_answered_until_it_was_used_and_a_link_counts_from_its_first_message() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let mut first = Link::up(&server, &machine);
    let disk = machine.disk.borrow().clone();
    let (unused, answer) = Link::knock(&server, &machine, &disk, "boot");
    let (next, _) = welcomed(answer);
    assert_ne!(next.secret, disk.secret);
    // It has said nothing, so it closes nothing.
    first.renew(Renewal::default());
    let (_, answer) = Link::knock(&server, &machine, &disk, "boot");
    assert_eq!(welcomed(answer).0.secret, next.secret);
    drop(unused);
    // What was made durable without being said is as good, and makes the one before it old.
    let (mut second, answer) = Link::knock(&server, &machine, &next, "boot");
    assert!(!welcomed(answer).1);
    second.renew(Renewal::default());
    assert_eq!(first.closed(), "a newer link of this machine came");
    let (_, answer) = Link::knock(&server, &machine, &disk, "boot");
    assert_eq!(refused(&answer), Code::MachineCloned);
}

#[test]
fn two_that_start_from_one_image_are_told_apart_by_the_first_message() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    drop(Link::up(&server, &machine));
    let image = machine.disk.borrow().clone();
    let (mut one, answer) = Link::knock(&server, &machine, &image, "boot 1");
    let (shared, _) = welcomed(answer);
    let (mut other, answer) = Link::knock(&server, &machine, &image, "boot 2");
    assert_eq!(welcomed(answer).0.secret, shared.secret);
    one.renew(Renewal::default());
    other.say(hotseat_protocol::link::MachineMessage::Resync);
    assert_eq!(other.closed(), "another link of this machine came first");
}

#[test]
fn another_boot_is_believed_only_when_the_old_link_is_dead() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let mut alive = Link::up(&server, &machine);
    let disk = machine.disk.borrow().clone();
    let knock = std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let mut link = Link::open(&server, &machine.credential).unwrap();
            link.hello(machine.id, &disk, "another boot");
            link.next().unwrap()
        });
        while !asked.is_finished() {
            // Whoever reads answers pings.
            alive.renew(Renewal::default());
        }
        asked.join().unwrap()
    });
    assert_eq!(refused(&knock), Code::MachineCloned);
    // Power fails: nobody answers, and the machine comes back with another boot.
    let dead = alive;
    let (mut booted, answer) = Link::knock(&server, &machine, &disk, "another boot");
    assert!(!welcomed(answer).1);
    booted.renew(Renewal::default());
    drop(dead);
}

/// Every file of a store, by name.
fn files(server: &Server) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(&server.config.data_dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn a_machine_that_has_seen_more_than_the_journal_has_halts_the_pool() {
    let mut server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    drop(Link::up(&server, &machine));
    server.add_person("Lucy", "concurrent");
    server.add_person("Bill", "concurrent");
    server.stop();
    let older = files(&server);
    let mut server = server.restart();

    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    link.sign_on(sign_on(&token, "session 1"));
    // What the machine is told of its own comes with a seal.
    link.wait_for_item(|item| matches!(item, Projected::Seat { .. }));
    let sealed = link.wait_for(|frame| matches!(frame, FromPool::Sealed { .. }));
    let FromPool::Sealed { position, seal } = sealed else { unreachable!() };
    drop(link);
    server.stop();
    for (path, _) in files(&server) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, content) in older {
        std::fs::write(path, content).unwrap();
    }
    let server = server.restart();
    let bill = server.log_in("Bill");
    let disk = Disk { mark: Some((position, seal)), ..machine.disk.borrow().clone() };
    let (_, answer) = Link::knock(&server, &machine, &disk, "boot");
    welcomed(answer);
    assert_eq!(bill.sign_on("network").expect(409)["code"], "pool_recovering");
}

#[test]
fn a_made_up_position_counts_as_none() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let machine = Machine::enrol(&server, "desk-1");
    drop(Link::up(&server, &machine));
    let (_, answer) = Link::knock(&server, &machine, &machine.disk.borrow(), "boot");
    let (disk, _) = welcomed(answer);
    let (position, seal) = disk.mark.clone().unwrap();
    let ahead = JournalPosition { seq: Seq(position.seq.0 + 1_000), ..position };
    for seal in [seal, String::new(), "?".to_owned()] {
        let made_up = Disk { mark: Some((ahead, seal)), ..disk.clone() };
        let (_, answer) = Link::knock(&server, &machine, &made_up, "boot");
        welcomed(answer);
    }
    lucy.sign_on("network").expect(201);
}
