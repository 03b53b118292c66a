//! The window, which is a process of its own: when it ends, all memory of the web view is given
//! back. At most one runs; a second request brings it to the front.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};

use crate::platform;

/// What the tray writes to its window, one a line.
pub const TO_THE_FRONT: &str = "front";
/// The tray quits, and its window with it. When the tray dies in any other way the window stays.
pub const CLOSE: &str = "close";

/// Wishes that wait; more of the same add nothing.
const WISHES_MAX: usize = 8;

/// Writing a word to a window that does not read must not keep Quit waiting.
const WRITE_WITHIN: Duration = Duration::from_millis(500);

/// A window that was told to close and has not ended within this is ended: a toolkit can hang
/// at its own exit. It is told when the goodbye is sent, so both together end within the 2 s that
/// Quit may take.
const END_WITHIN: Duration = Duration::from_millis(1_500);

enum Wish {
    Show,
    Close(oneshot::Sender<()>),
}

/// Asks for the window.
#[derive(Clone)]
pub(super) struct WindowChild {
    wishes: mpsc::Sender<Wish>,
}

impl WindowChild {
    /// A handle, and the task that owns the process.
    pub(super) fn new(socket: Option<PathBuf>) -> (Self, impl Future<Output = ()>) {
        let (wishes, receiver) = mpsc::channel(WISHES_MAX);
        (Self { wishes }, own(receiver, socket))
    }

    /// Shows it, or brings it to the front.
    pub(super) fn show(&self) {
        // A full queue already asks for the same.
        let _ = self.wishes.try_send(Wish::Show);
    }

    /// Closes it and returns when it has ended.
    pub(super) async fn close(&self) {
        let (ended, wait) = oneshot::channel();
        if self.wishes.send(Wish::Close(ended)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn own(mut wishes: mpsc::Receiver<Wish>, socket: Option<PathBuf>) {
    let mut window: Option<Window> = None;
    loop {
        let wish = tokio::select! {
            wish = wishes.recv() => wish,
            () = ended(&mut window) => {
                window = None;
                continue;
            }
        };
        match wish {
            None => return,
            Some(Wish::Show) => match &mut window {
                Some(window) => window.tell(TO_THE_FRONT).await,
                None => window = start(socket.as_ref()),
            },
            Some(Wish::Close(ended)) => {
                if let Some(window) = window.take() {
                    window.close().await;
                }
                // Nobody waits when the program is ending in another way.
                let _ = ended.send(());
            }
        }
    }
}

/// The process, and the pipe that it reads: waiting for a child closes what is left in it.
struct Window {
    child: Child,
    input: ChildStdin,
}

async fn ended(window: &mut Option<Window>) {
    match window {
        Some(window) => match window.child.wait().await {
            Ok(status) => tracing::info!(%status, "the window was closed"),
            Err(error) => tracing::warn!(%error, "the window cannot be watched"),
        },
        None => std::future::pending().await,
    }
}

fn start(socket: Option<&PathBuf>) -> Option<Window> {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            tracing::error!(%error, "this program cannot find itself to start its window");
            return None;
        }
    };
    let mut command = std::process::Command::new(program);
    command.arg("--window").stdin(Stdio::piped());
    if let Some(socket) = socket {
        command.arg("--socket").arg(socket);
    }
    platform::without_preparation(&mut command);
    match Command::from(command).spawn() {
        Ok(mut child) => {
            let input = child.stdin.take()?;
            Some(Window { child, input })
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be started");
            None
        }
    }
}

impl Window {
    async fn close(mut self) {
        self.tell(CLOSE).await;
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            tracing::warn!("the window does not close and is ended");
            if let Err(error) = self.child.kill().await {
                tracing::error!(%error, "the window cannot be ended");
            }
        }
    }

    async fn tell(&mut self, word: &str) {
        let line = format!("{word}\n");
        let writing = self.input.write_all(line.as_bytes());
        if !matches!(tokio::time::timeout(WRITE_WITHIN, writing).await, Ok(Ok(()))) {
            tracing::warn!(word, "the window does not listen");
        }
    }
}
