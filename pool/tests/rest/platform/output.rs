//! Unix: output that cannot be written. Every verb ends as a shell's user expects, and a server
//! serves on and obeys.

use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use hotseat_canary::REDIRECTIONS;
use rustix::process::{Pid, Signal, kill_process};

use crate::command_line::Program;
use crate::world::{Client, PATIENCE, password};

/// How each verb is called; `serve` is tried for itself. A new verb needs a line here.
const CALLS: [&str; 25] = [
    "init --seats 2 --yes",
    "user add lucy@finance.example --name Lucy",
    "user list",
    "user disable lucy@finance.example",
    "user enable lucy@finance.example",
    "user confirm lucy@finance.example",
    "user password lucy@finance.example",
    "user remove lucy@finance.example",
    "pool list",
    "pool show infor-crm",
    "pool set infor-crm --seats 3",
    "pool remove elsewhere",
    "machine invite",
    "machine list --json",
    "machine revoke desk-1",
    "machine confirm desk-1",
    "service add crm",
    "service list",
    "service revoke crm",
    "verify",
    "backup copy.db",
    "restore nothing.db",
    "recover",
    "recover --quarantine 2",
    "help",
];

/// Verbs that change something, in an order in which each of them can, and what they say then.
/// Those that show a secret once and those of a whole store are tried for themselves.
const ACTS: [(&str, &str); 11] = [
    ("user add lucy@finance.example --name Lucy", "Lucy can log in as lucy@finance.example."),
    ("user disable lucy@finance.example", "lucy@finance.example is disabled"),
    ("user enable lucy@finance.example", "lucy@finance.example is enabled."),
    ("user password lucy@finance.example", "lucy@finance.example has a new password"),
    ("user remove lucy@finance.example", "lucy@finance.example was forgotten."),
    ("pool set elsewhere --preset infor-crm --seats 3", "Pool elsewhere has 3 seats"),
    ("pool set elsewhere --seats 2 --json", "\"seats\": 2"),
    ("pool remove elsewhere", "Pool elsewhere is removed"),
    ("service revoke crm", "crm is revoked"),
    ("machine revoke desk-1", "desk-1 is revoked"),
    ("init --seats 2 --yes --data-dir another", "Made a store in "),
];
/// What changes something and says so in another way, or changes something only where a record
/// was set aside.
const TOLD_OTHERWISE: [&str; 8] = [
    "serve",
    "service add",
    "machine invite",
    "user confirm",
    "machine confirm",
    "backup",
    "restore",
    "recover",
];
/// What changes nothing.
const READS: [&str; 7] =
    ["user list", "pool list", "pool show", "machine list", "service list", "verify", "help"];

/// Runs the program behind a redirection. Standard input is a pipe whose reader has gone where
/// that is what it is redirected to, else a password.
fn redirected(program: &Program, words: &str, redirection: &str) -> Output {
    reading(program, words, redirection, Path::new("/dev/null"))
}

/// The same, with a file as its input then.
fn reading(program: &Program, words: &str, redirection: &str, input: &Path) -> Output {
    let script = format!("exec \"$0\" {words} {redirection} <\"$1\"");
    let arguments = ["-c", &script, env!("CARGO_BIN_EXE_hotseat-pool"), input.to_str().unwrap()];
    let mut command = program.command_of("sh", &arguments);
    command.stdin(Stdio::from(closed())).current_dir(input.parent().unwrap());
    command.output().unwrap()
}

fn closed() -> PipeWriter {
    let (_, writer) = std::io::pipe().unwrap();
    writer
}

#[track_caller]
fn sane(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), None, "{what}: {said}");
    assert_ne!(output.status.code(), Some(101), "{what}: {said}");
    assert!(!said.contains("panicked"), "{what}: {said}");
}

/// The verbs below these words, as the program itself lists them.
fn verbs(program: &Program, above: &str) -> Vec<String> {
    let words: Vec<&str> = above.split_whitespace().chain(["--help"]).collect();
    let help = program.ok(&words, "");
    let Some((_, list)) = help.split_once("Commands:\n") else { return vec![above.to_owned()] };
    let list = list.split("\n\n").next().unwrap();
    // What a verb is for stands further in than its name.
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let names = names.filter(|name| *name != "help" || above.is_empty());
    names
        .flat_map(|name| {
            let verb = format!("{above} {name}").trim().to_owned();
            if name == "help" { vec![verb] } else { verbs(program, &verb) }
        })
        .collect()
}

#[test]
fn every_verb_survives_an_output_that_cannot_be_written() {
    let program = Program::new();
    for verb in verbs(&program, "") {
        let known = CALLS.iter().any(|call| format!("{call} ").starts_with(&format!("{verb} ")));
        assert!(known || verb == "serve", "{verb} is not called here");
    }
    program.ok(&["init", "--seats", "2", "--yes"], "");
    program.ok(
        &["user", "add", "sue@finance.example", "--name", "Sue"],
        &format!("{}\n", password("Sue")),
    );
    let server = program.serve();
    for call in CALLS {
        for redirection in REDIRECTIONS {
            sane(&format!("{call} {redirection}"), &redirected(&program, call, redirection));
            let help = call.split(" --").next().unwrap().split(' ').take(1).collect::<String>();
            let help = format!("{help} --help");
            sane(&help, &redirected(&program, &help, redirection));
        }
    }
    server.stop();
}

#[test]
fn a_full_disk_is_a_failure_and_a_reader_who_has_gone_is_an_end() {
    let program = Program::new();
    program.ok(&["init", "--seats", "2", "--yes"], "");
    for words in ["pool list", "pool show infor-crm", "verify", "--help", "--version"] {
        let full = redirected(&program, words, ">/dev/full");
        let said = String::from_utf8(full.stderr).unwrap();
        assert_eq!(full.status.code(), Some(1), "{words}: {said}");
        let expected = "hotseat-pool: cannot write the output: no space left on device\n";
        assert_eq!(said, expected, "{words}");
        let gone = redirected(&program, words, ">&0");
        assert_eq!((gone.status.code(), gone.stderr), (Some(141), vec![]), "{words}");
    }
}

#[test]
fn a_secret_that_is_shown_once_is_shown_or_there_is_none() {
    let program = Program::new();
    program.ok(&["init", "--seats", "2", "--yes"], "");
    let server = program.serve();
    for words in
        ["service add crm", "service add crm --json", "machine invite", "machine invite --json"]
    {
        for redirection in [">/dev/full", ">&0", ">&-", ">/dev/null"] {
            let told = redirected(&program, words, redirection);
            assert_eq!(told.status.code(), Some(1), "{words} {redirection}: {told:?}");
            let said = String::from_utf8(told.stderr).unwrap();
            let undone =
                said.contains("so nothing has changed") || said.contains("nothing was made");
            assert!(undone, "{words} {redirection}: {said}");
        }
    }
    assert_eq!(program.ok(&["service", "list", "--json"], "").trim(), "[]");
    server.stop();
    let store = rusqlite::Connection::open(program.data_dir().join("pool.db")).unwrap();
    let count = "SELECT count(*) FROM invitation";
    let invitations: u32 = store.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(invitations, 0);
}

#[test]
fn a_secret_that_no_file_may_take_or_that_nobody_reads_in_time_is_withdrawn() {
    let program = Program::new();
    program.ok(&["init", "--seats", "2", "--yes"], "");
    let server = program.serve();
    // A file that has reached the size that this program may write.
    let script = "ulimit -f 0; exec \"$0\" service add crm >told";
    let mut limited = program.command_of("sh", &["-c", script, env!("CARGO_BIN_EXE_hotseat-pool")]);
    let told = limited.current_dir(program.data_dir()).output().unwrap();
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("so nothing has changed"), "{said}");

    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (_reader, writer) = std::io::pipe().unwrap();
        fill(&writer);
        let mut waiting =
            program.command_of(env!("CARGO_BIN_EXE_hotseat-pool"), &["service", "add", "crm"]);
        let child = waiting.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let listed = || program.ok(&["service", "list", "--json"], "");
        let mut waited = Duration::ZERO;
        while !listed().contains("crm") {
            assert!(waited < PATIENCE, "the service is not there");
            std::thread::sleep(Duration::from_millis(20));
            waited += Duration::from_millis(20);
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let told = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{signal:?}: {said}");
        assert!(said.contains("so nothing has changed"), "{signal:?}: {said}");
        assert_eq!(listed().trim(), "[]", "{signal:?}");
    }
    server.stop();
}

/// Fills a pipe to the last byte, and leaves it waiting for a reader as pipes do.
fn fill(pipe: &PipeWriter) {
    rustix::io::ioctl_fionbio(pipe, true).unwrap();
    for size in [4096, 1] {
        while rustix::io::write(pipe, &vec![b'.'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(pipe, false).unwrap();
}

#[test]
fn what_was_done_is_told_when_its_line_cannot_be_written() {
    let program = Program::new();
    let acts = ACTS.iter().map(|(call, _)| *call);
    let calls: Vec<&str> = acts.chain(TOLD_OTHERWISE).chain(READS).collect();
    for verb in verbs(&program, "") {
        let known = calls.iter().any(|call| format!("{call} ").starts_with(&format!("{verb} ")));
        assert!(known, "does {verb} change something?");
    }
    program.ok(&["init", "--seats", "2", "--yes"], "");
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("password");
    std::fs::write(&input, format!("{}\n", password("Lucy"))).unwrap();
    let server = program.serve();
    for (redirection, code) in [(">/dev/full", 1), (">&0", 141)] {
        program.ok(&["service", "add", "crm"], "");
        let invitation = program.ok(&["machine", "invite"], "");
        let body = serde_json::json!({
            "invitation": invitation.lines().next().unwrap(), "name": "desk-1",
        });
        Client::new(program.address).post("/api/v1/machines/enroll", &body).expect(201);
        for (call, says) in ACTS {
            let done = reading(&program, call, redirection, &input);
            let said = String::from_utf8(done.stderr).unwrap();
            assert_eq!(done.status.code(), Some(code), "{call} {redirection}: {said}");
            let (why, what) =
                said.split_once(". It was done all the same:\n").unwrap_or_else(|| {
                    panic!("{call} {redirection}: {said}");
                });
            assert!(why.starts_with("hotseat-pool: cannot write the output: "), "{said}");
            assert!(what.contains(says), "{call} {redirection}: {said}");
        }
        // As it says: all of it was done, else the next round could not be.
        assert!(folder.path().join("another/pool.db").exists());
        std::fs::remove_dir_all(folder.path().join("another")).unwrap();
        assert!(!program.ok(&["user", "list"], "").contains("lucy"));
    }
    server.stop();
}

/// A server whose log goes there.
fn served(program: &Program, log: Stdio) {
    let mut command = program.command_of(env!("CARGO_BIN_EXE_hotseat-pool"), &["serve"]);
    command.args(["--log", "trace"]).stderr(log).stdout(Stdio::null());
    obeys(program, command);
}

/// Serves, says much, and ends in good order when it is asked to.
fn obeys(program: &Program, mut command: Command) {
    let mut child = command.spawn().unwrap();
    let client = Client::new(program.address);
    let mut waited = Duration::ZERO;
    while std::net::TcpStream::connect(program.address).is_err() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        assert!(waited < PATIENCE, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
        waited += Duration::from_millis(20);
    }
    for _ in 0..20 {
        client.get("/readyz").expect(200);
    }
    super::terminate(&mut child);
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn a_server_whose_log_cannot_be_written_serves_on_and_ends_when_asked() {
    let program = Program::new();
    program.ok(&["init", "--seats", "2", "--yes"], "");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    served(&program, full.into());
    served(&program, closed().into());
    let (unread, writer) = full_pipe();
    served(&program, writer.into());
    drop(unread);
    let serve = format!("exec {} serve >&- 2>&-", env!("CARGO_BIN_EXE_hotseat-pool"));
    obeys(&program, program.command_of("sh", &["-c", &serve]));
}

/// A pipe that is full and that nobody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}
