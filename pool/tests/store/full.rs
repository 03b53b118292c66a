//! A disk that fills up under a running server: it grants and frees nothing, says so, and goes on
//! by itself once there is room.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::platform;
use crate::world::{Client, Program, Running, SEATS, fresh, request, until};

/// More sign-ons than fit into the slack of the last page of a log.
const TRIES: u32 = 500;

/// Fills the disk and makes room again.
trait Disk {
    fn fill(&self);
    fn make_room(&self);
}

/// A small disk with a file that takes the rest of it.
struct Small<'a>(&'a Path);

impl Small<'_> {
    fn filler(&self) -> std::path::PathBuf {
        self.0.join("filler")
    }
}

impl Disk for Small<'_> {
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 512]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

/// A limit on what the server may write.
struct Limit(u32);

impl Disk for Limit {
    fn fill(&self) {
        platform::let_write(self.0, false);
    }

    fn make_room(&self) {
        platform::let_write(self.0, true);
    }
}

/// The pool says that it cannot write, and for what reason.
fn says_so(program: &Program, reason: &str) {
    let ready = program.client().get("/readyz").expect(503);
    let detail = ready["detail"].as_str().unwrap();
    assert!(detail.contains("grants and frees nothing") && detail.contains(reason), "{detail}");
}

/// The first sign-on that the full disk refuses, by its request; those before it had room.
fn first_refused(crm: &Client, held: &mut Vec<Value>) -> String {
    for _ in 0..TRIES {
        let id = fresh();
        let answer = crm.post(SEATS, &request(&id, "Bill", "network"));
        if answer.status == 503 {
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("grants and frees nothing"), "{detail}");
            return id;
        }
        held.push(answer.expect(201));
    }
    panic!("the disk is not full");
}

fn play(program: &Program, disk: &dyn Disk, crm: &Client, reason: &str) {
    let kept = crm.sign_on("Lucy", "network").expect(201);
    // Ends a second after its last renewal, if the pool can write that down.
    let short = crm.sign_on("Lucy", "web").expect(201);
    let mut held = vec![kept.clone()];
    disk.fill();
    let refused = first_refused(crm, &mut held);
    says_so(program, reason);
    assert_eq!(crm.sign_off(&kept).status, 503, "nothing is freed");
    assert!(crm.holds(&kept), "but what is held is renewed");
    let refusals = crm.sign_on("Olaf", "network").status;
    assert_eq!(refusals, 503, "nor is anything granted");
    // As long as the web seat's life, and as several attempts of the pool to write.
    let mut looks = 0;
    until("its time is over", || {
        says_so(program, reason);
        looks += 1;
        looks > 50
    });
    assert!(crm.in_use() > held.len() as u64, "its end was not written down, so it counts");

    disk.make_room();
    until("the pool goes on by itself", || program.client().get("/readyz").status == 200);
    until("the seat ends that could not", || crm.in_use() == held.len() as u64);
    assert!(!crm.holds(&short));
    for seat in &held {
        assert!(crm.holds(seat), "an acknowledged seat was lost: {seat}");
    }
    held.push(crm.post(SEATS, &request(&refused, "Bill", "network")).expect(201));
    assert_eq!(crm.in_use(), held.len() as u64, "the retry was granted once");
    crm.sign_off(&kept).expect(204);
}

fn prepare(program: &Program) -> Client {
    program.ok(&["pool", "set", "infor-crm", "--seats", "1000", "--session-timeout", "web=1s"]);
    program.application_server(&["Lucy", "Bill", "Olaf"])
}

fn ends_well(program: &Program, server: Running) {
    drop(server);
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
    drop(program.serve());
}

#[test]
fn a_small_disk_that_is_full() {
    let program = Program::new();
    let Some(_mount) = platform::small_disk(program.data_dir(), 1536) else {
        println!("no disk can be mounted here: see a_server_that_may_write_no_more");
        return;
    };
    program.init();
    let server = program.serve();
    let crm = prepare(&program);
    play(&program, &Small(program.data_dir()), &crm, "full");
    ends_well(&program, server);
}

#[test]
fn a_server_that_may_write_no_more() {
    let program = Program::with_store();
    let Some(command) = platform::survives_full_disks(&program.command(&["serve"])) else {
        println!("nothing can be limited here");
        return;
    };
    let server = program.serve_as(command);
    let crm = prepare(&program);
    // The system says "file too large" here, which is no full disk to the database.
    play(&program, &Limit(server.pid()), &crm, "cannot be reached");
    ends_well(&program, server);
}

#[test]
fn a_full_disk_starts_no_server_and_takes_no_backup_and_loses_nothing() {
    let program = Program::new();
    let Some(_mount) = platform::small_disk(program.data_dir(), 1024) else {
        println!("no disk can be mounted here");
        return;
    };
    program.init();
    let disk = Small(program.data_dir());
    let to = program.data_dir().join("backup.db");
    disk.fill();
    let said = program.fails(1, &["backup", to.to_str().unwrap()]);
    assert!(said.contains("make room on its disk") || said.contains("No space"), "{said}");
    assert!(said.contains("backup.db"), "{said}");
    let said = program.fails(1, &["serve"]);
    assert!(said.contains("the disk with the store is full"), "{said}");
    let elsewhere = program.file("backup.db");
    program.ok(&["backup", elsewhere.to_str().unwrap()]);
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
    disk.make_room();
    assert!(!to.exists());
    drop(program.serve());
}
