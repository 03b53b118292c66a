//! An invitation that stands in no file.

use std::fs::File;
use std::io::Write as _;

use nix::sys::stat::Mode;

use crate::enrolment::{MACHINE, answering, body_of, enroll, said};

#[test]
fn an_invitation_may_come_out_of_a_named_pipe_or_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let body = format!(r#"{{"machine":"{MACHINE}","credential":"c"}}"#);
    for (named, typed, expected) in
        [(pipe.to_str().unwrap(), "", "by a pipe"), ("/dev/stdin", "by stdin\n", "by stdin")]
    {
        let (address, asked) = answering("201 Created", &body);
        if typed.is_empty() {
            let pipe = pipe.clone();
            // It waits for the reader, as what a shell starts for `<(…)` may have to.
            std::thread::spawn(move || {
                let pipe = File::options().write(true).open(pipe);
                let _ = pipe.and_then(|mut pipe| pipe.write_all(b"by a pipe\n"));
            });
        }
        let more = ["--token-file", named, "--force"];
        let output = enroll(dir.path(), &format!("http://{address}"), typed, &more);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(body_of(&asked.join().unwrap())["invitation"], expected);
    }
}

#[test]
fn what_never_ends_or_is_a_directory_is_no_invitation() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    for (named, words) in
        [("/dev/zero", "longer than 4096 bytes"), (folder, "it is a directory, and must be a file")]
    {
        let output = enroll(dir.path(), "http://127.0.0.1:1", "", &["--token-file", named]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}
