//! A password's prompt at a real terminal: whatever ends or stops it, the terminal shows again what
//! is typed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::run::Machine;
use super::terminal::{CTRL_BACKSLASH, CTRL_C, CTRL_Z, Terminal};
use crate::fake_pool::PASSWORD;
use crate::soon;

const PROMPT: &str = "Password of lucy@finance.example: ";

/// What a screen may show before a test looks at it: far more than a prompt.
const SCREEN_BYTES_MAX: usize = 4 * 1024;

/// Stops a program as Ctrl-Z does, and lets it go on as a shell does. Job control is on, so that the
/// program has a process group of its own.
const STOPS_AND_GOES_ON: &str = "\"$@\"; echo stopped=$?; read go; fg >/dev/null; echo ended=$?";

/// `hotseat login` that has asked for the password.
struct Login {
    machine: Machine,
    terminal: Terminal,
    child: Child,
    shown: mpsc::Receiver<u8>,
}

impl Login {
    /// Started by a shell's script, in a session of its own.
    async fn prompted(script: &str) -> Self {
        let machine = Machine::new().await;
        let terminal = Terminal::new();
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "sh", "-mc", script, "sh", env!("CARGO_BIN_EXE_hotseat")])
            .args(["login", "lucy@finance.example"])
            .env("HOTSEAT_SOCKET", machine.desktop.socket())
            .stdin(terminal.keyboard.try_clone().unwrap())
            .stdout(terminal.keyboard.try_clone().unwrap())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn().unwrap();
        let shown = all_of(terminal.screen.try_clone().unwrap());
        let mut login = Self { machine, terminal, child, shown };
        login.shows(PROMPT).await;
        login.hides().await;
        login
    }

    /// Waits until the screen shows something that it has not shown before.
    async fn shows(&mut self, text: &str) -> String {
        let mut shown = String::new();
        let showing = async {
            while !shown.contains(text) {
                shown.push(char::from(self.shown.recv().await.unwrap()));
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), showing).await.is_err() {
            panic!("{text:?} is not shown, only {shown:?}");
        }
        shown
    }

    fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.terminal.keyboard).unwrap();
        modes.local_modes.contains(LocalModes::ECHO)
    }

    async fn hides(&self) {
        let hidden = soon("what is typed is hidden", async {
            while self.echoes() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        hidden.await;
    }

    /// The program in the terminal's foreground.
    fn in_foreground(&self) -> Pid {
        rustix::termios::tcgetpgrp(&self.terminal.screen).unwrap()
    }

    fn types(&mut self, text: &str) {
        self.terminal.screen.write_all(text.as_bytes()).unwrap();
    }

    async fn ended(&mut self) -> ExitStatus {
        soon("the prompt ends", self.child.wait()).await.unwrap()
    }
}

/// What is written on a screen, a byte at a time.
fn all_of(mut screen: File) -> mpsc::Receiver<u8> {
    let (tell, told) = mpsc::channel(SCREEN_BYTES_MAX);
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        while let Ok(read @ 1..) = screen.read(&mut bytes) {
            if bytes[..read].iter().any(|byte| tell.blocking_send(*byte).is_err()) {
                return;
            }
        }
    });
    told
}

#[tokio::test]
async fn a_prompt_that_is_broken_off_leaves_a_terminal_that_shows_what_is_typed() {
    enum By {
        Key(u8),
        Signal,
    }
    for (by, signal) in [
        (By::Key(CTRL_C), Signal::INT),
        (By::Key(CTRL_BACKSLASH), Signal::QUIT),
        (By::Signal, Signal::INT),
        (By::Signal, Signal::TERM),
        (By::Signal, Signal::HUP),
        (By::Signal, Signal::QUIT),
    ] {
        let mut login = Login::prompted("exec \"$@\"").await;
        login.types("half of a");
        match by {
            By::Key(key) => login.terminal.press(key),
            By::Signal => kill_process(login.in_foreground(), signal).unwrap(),
        }
        let status = login.ended().await;
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status:?}");
        assert!(login.echoes(), "{signal:?} left the terminal without echo");
        login.machine.broker.stop().await;
    }
}

#[tokio::test]
async fn a_prompt_that_is_stopped_gives_the_terminal_back_and_asks_again() {
    for by_key in [true, false] {
        let mut login = Login::prompted(STOPS_AND_GOES_ON).await;
        login.types("half of a");
        match by_key {
            true => login.terminal.press(CTRL_Z),
            false => kill_process(login.in_foreground(), Signal::TSTP).unwrap(),
        }
        // 128 + SIGTSTP.
        login.shows("stopped=148").await;
        assert!(login.echoes(), "it left the terminal without echo");
        login.types("\n");
        login.shows(PROMPT).await;
        login.hides().await;
        login.types(&format!("{PASSWORD}\n"));
        soon("the password comes", login.machine.link.log_in()).await;
        login.shows("ended=0").await;
        assert!(login.echoes());
        login.machine.broker.stop().await;
    }
}

#[tokio::test]
async fn a_prompt_that_no_shell_could_let_go_on_is_not_stopped() {
    let mut login = Login::prompted("exec \"$@\"").await;
    login.types("half of a");
    login.terminal.press(CTRL_Z);
    login.shows(PROMPT).await;
    login.hides().await;
    login.types(&format!("{PASSWORD}\n"));
    soon("the password comes", login.machine.link.log_in()).await;
    assert!(login.ended().await.success());
    assert!(login.echoes());
    login.machine.broker.stop().await;
}
