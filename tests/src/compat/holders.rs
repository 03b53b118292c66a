//! Programs on the machine: those that hold a seat, and one that listens.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use hotseat_ipc::client::{Client, Pushes};
use hotseat_protocol::ipc::{FromBroker, Hello, Notice, Reply, Request, Role};
use hotseat_protocol::version::PROTOCOL_VERSION;

use crate::children::{Child, Children};
use crate::launch::Launch;
use crate::waiting::{PATIENCE, wait_until};

/// A program under `hotseat run`, which ends when a file appears.
pub(super) struct Holding {
    pub(super) child: Child,
    begun: PathBuf,
    end: PathBuf,
}

impl Holding {
    /// Starts `hotseat run` with the script of such a program.
    pub(super) fn start(
        children: &Children,
        folder: &Path,
        number: u32,
        run: impl FnOnce(&str) -> Result<Launch>,
    ) -> Result<Holding> {
        let begun = folder.join(format!("begun-{number}"));
        let end = folder.join(format!("end-{number}"));
        let script = format!(
            "touch '{}'; while ! test -e '{}'; do sleep 0.1; done",
            begun.display(),
            end.display()
        );
        Ok(Holding { child: children.start(run(&script)?)?, begun, end })
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.exists()
    }

    /// Waits until the program runs, so that its seat is held.
    pub(super) fn begins(&mut self) -> Result<()> {
        let begun = self.begun.clone();
        let begins =
            self.child.wait_until("the program begins", || Ok(begun.exists().then_some(())));
        begins.map_err(|error| error.context(self.child.log()))
    }

    /// Ends the program; `hotseat run` must end with this code.
    pub(super) fn end(&mut self, code: i32) -> Result<()> {
        std::fs::write(&self.end, "")?;
        self.end_of_its_own(code)
    }

    /// Waits for the end of `hotseat run`, with this code.
    pub(super) fn end_of_its_own(&mut self, code: i32) -> Result<()> {
        let status = wait_until("`hotseat run` ends", || self.child.status())?;
        ensure!(status.code() == Some(code), "not {code} but {status}: {}", self.child.log());
        Ok(())
    }
}

/// A program of this release that is told what a tray is told.
pub(super) struct Listener {
    _client: Client,
    pushes: Pushes,
}

impl Listener {
    pub(super) async fn connect(socket: &Path) -> Result<Listener> {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            program: "hotseat-compat".to_owned(),
            role: Role::Window,
            display: None,
            resume: Vec::new(),
        };
        let (client, pushes) = Client::connect(&[socket.to_path_buf()], hello).await?;
        let reply = client.ask(Request::Subscribe).await?;
        ensure!(reply == Reply::Done, "no pushes: {reply:?}");
        Ok(Listener { _client: client, pushes })
    }

    /// Waits for a notice.
    pub(super) async fn hears<T>(
        &mut self,
        what: &str,
        found: impl Fn(&Notice) -> Option<T>,
    ) -> Result<T> {
        let hearing = async {
            while let Some(push) = self.pushes.next().await {
                if let FromBroker::Notice { notice } = push
                    && let Some(found) = found(&notice)
                {
                    return Ok(found);
                }
            }
            bail!("the connection to the broker ended before it told {what}")
        };
        tokio::time::timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| bail!("nobody told {what}"))
    }
}
