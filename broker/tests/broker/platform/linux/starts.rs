//! What `hotseat run` can start, and its exit codes where it cannot: those of a shell.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::run::Machine;
use crate::soon;

/// Runs a program under a seat. Its exit code, and what was printed by it and by `hotseat`.
async fn run(machine: &mut Machine, program: &str, folder: &Path) -> (Option<i32>, String, String) {
    run_by(Command::new(env!("CARGO_BIN_EXE_hotseat")), machine, program, folder).await
}

/// The same by a command that becomes `hotseat`.
async fn run_by(
    mut command: Command,
    machine: &mut Machine,
    program: &str,
    folder: &Path,
) -> (Option<i32>, String, String) {
    command
        .args(["run", "infor-crm", "--", program, "an argument"])
        .current_dir(folder)
        .env("HOTSEAT_SOCKET", machine.desktop.socket())
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut run = machine.start(command).await;
    let (mut out, mut err) = (String::new(), String::new());
    soon("its output", run.out.read_to_string(&mut out)).await.unwrap();
    soon("its remarks", run.err.read_to_string(&mut err)).await.unwrap();
    let code = run.code().await;
    machine.exited().await;
    (code, out, err)
}

/// Makes a file with a mode.
fn file(folder: &Path, name: &str, content: &[u8], mode: u32) {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_script_without_a_first_line_for_the_system_is_run_by_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "script", b"echo \"$0 says $1\"; exit 9\n", 0o755);
    let found = folder.path().join("script").display().to_string();
    // For the shell it is no option.
    fs::create_dir(folder.path().join("-x")).unwrap();
    file(folder.path(), "-x/script", b"echo \"$0 says $1\"; exit 9\n", 0o755);
    for (program, shown) in
        [("./script", "./script"), ("script", &found), (&found, &found), ("-x/script", "-x/script")]
    {
        let mut machine = Machine::new().await;
        let (code, out, err) = run(&mut machine, program, folder.path()).await;
        assert_eq!((code, out), (Some(9), format!("{shown} says an argument\n")), "{err}");
        machine.broker.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_told_with_a_shells_code_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "plain", b"echo no\n", 0o644);
    file(folder.path(), "foreign", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf7\0", 0o755);
    file(folder.path(), "lost", b"#!/no/such/interpreter -x\n", 0o755);
    let first_line = format!("#!{}\n", folder.path().join("plain").display());
    file(folder.path(), "barred", first_line.as_bytes(), 0o755);
    fs::create_dir(folder.path().join("directory")).unwrap();
    for (program, expected, words) in [
        ("./none", 127, "there is no such file: check the path."),
        ("no-such-program", 127, "there is no such program in PATH: install it"),
        ("./plain", 126, "it is not executable: make it so with chmod +x"),
        ("plain", 126, "it is not executable: make it so with chmod +x"),
        ("./directory", 126, "it is a directory: name a program in it."),
        ("./plain/deep", 126, "./plain, in which it lies, is a file"),
        ("./foreign", 126, "it is no program for this kind of computer"),
        ("./lost", 126, "names /no/such/interpreter, which is not there"),
        ("./barred", 126, "plain, which is not executable: make that so with chmod +x, or correct"),
    ] {
        let mut machine = Machine::new().await;
        let (code, out, err) = run(&mut machine, program, folder.path()).await;
        assert_eq!((code, out.as_str()), (Some(expected), ""), "{program}: {err}");
        let begins = format!("hotseat: cannot run {program}: ");
        assert!(err.starts_with(&begins) && err.contains(words), "{program}: {err}");
        machine.broker.stop().await;
    }
}

#[tokio::test]
async fn a_file_system_that_runs_nothing_is_named_and_no_mode_is_blamed() {
    if !rustix::process::geteuid().is_root() {
        // Only the administrator may mount anything.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o noexec none . && cd \"$PWD\" && echo 'exit 0' > script && \
                  chmod 0755 script && exec \"$@\"";
    let mut machine = Machine::new().await;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", script, "sh", env!("CARGO_BIN_EXE_hotseat")]);
    let (code, _, err) = run_by(command, &mut machine, "./script", folder.path()).await;
    assert_eq!(code, Some(126), "{err}");
    assert!(err.contains("mounted noexec): copy it to another"), "{err}");
    machine.broker.stop().await;
}
