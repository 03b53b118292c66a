//! The broker's own socket, and those of others.

use std::os::unix::net::{UnixListener, UnixStream};

use hotseat_broker::sessions::Listening;

#[tokio::test]
async fn a_socket_at_which_another_program_listens_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broker.sock");
    let theirs = UnixListener::bind(&path).unwrap();
    let said = Listening::bind(&path).unwrap_err().to_string();
    assert!(said.contains("another program"), "{said}");
    assert!(UnixStream::connect(&path).is_ok(), "it is reached as before");

    // One that nobody answers at was left by a program that was killed.
    drop(theirs);
    let ours = Listening::bind(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let theirs = UnixListener::bind(&path).unwrap();
    drop(ours);
    assert!(UnixStream::connect(&path).is_ok(), "it is not ours to remove");
    drop(theirs);
    drop(Listening::bind(&path).unwrap());
    assert!(!path.exists());
}
