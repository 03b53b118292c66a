//! Two programs and one store: the lock decides.

use std::process::{Child, Stdio};

use crate::world::{Program, email, free_address};

fn start(program: &Program, arguments: &[&str]) -> Child {
    let mut command = program.command(arguments);
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn without_a_server_verbs_take_the_store_one_after_the_other() {
    let program = Program::with_store();
    let names: Vec<String> = (2..8).map(|seats| seats.to_string()).collect();
    let verbs: Vec<Child> = names
        .iter()
        .map(|seats| start(&program, &["pool", "set", "infor-crm", "--seats", seats]))
        .chain([start(&program, &["machine", "invite"]), start(&program, &["user", "list"])])
        .collect();
    for verb in verbs {
        let output = verb.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
}

#[test]
fn a_server_that_runs_is_asked_and_has_the_store_alone() {
    let program = Program::with_store();
    let server = program.serve();
    let add = ["user", "add", &email("Lucy"), "--name", "Lucy"];
    let output = program.run(&add, "Lucy's own password\n");
    assert!(output.status.success(), "{output:?}");
    let people = program.admin().get("/api/v1/users").expect(200);
    assert!(people.to_string().contains(&email("Lucy")), "the server that runs knows it at once");

    let elsewhere = free_address().to_string();
    let second = program.fails(1, &["--listen", &elsewhere, "serve"]);
    assert!(second.contains("in use by another pool server"), "{second}");
    drop(server);
}

#[test]
fn of_many_who_make_a_store_at_once_one_does_and_nobody_takes_it_away() {
    for _ in 0..8 {
        let program = Program::new();
        let init = ["init", "--preset", "infor-crm", "--seats", "2", "--yes"];
        let all = [(); 4].map(|()| start(&program, &init));
        let outputs = all.map(|one| one.wait_with_output().unwrap());
        let made = outputs.iter().filter(|output| output.status.success()).count();
        assert_eq!(made, 1, "{outputs:?}");
        let (sound, told) = program.verify();
        assert!(sound, "{told}");
        assert!(program.data_dir().join("admin.token").is_file(), "{outputs:?}");
    }
}
