//! The office: one pool server and three desks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hotseat_tests::children::Children;
use hotseat_tests::people::{BILL, COLLEAGUES, LUCY, OLAF};
use hotseat_tests::pool_server::PoolServer;
use hotseat_tests::waiting::wait_for;
use tempfile::TempDir;

use crate::clients::ApplicationServer;
use crate::scene::SEATS;
use hotseat_tests::desk::{Desk, ThisDesktop};
use hotseat_tests::journal::Journal;

/// The office, open.
#[derive(Debug)]
pub(crate) struct Office {
    /// The pool server.
    pub(crate) pool: PoolServer,
    /// Its journal.
    pub(crate) journal: Journal,
    /// The company's application server.
    pub(crate) crm: ApplicationServer,
    /// Lucy's desk.
    pub(crate) lucy: Desk,
    /// Bill's desk.
    pub(crate) bill: Desk,
    /// Olaf's desk.
    pub(crate) olaf: Desk,
    /// Whether Olaf's machine has power.
    pub(crate) olaf_has_power: bool,
    // Last, so that nothing runs any more when its files go.
    folder: TempDir,
}

impl Office {
    /// Opens an office: the pool server runs, three machines that it does not know yet have a tray each.
    ///
    /// # Errors
    /// If a program is missing or ends.
    pub(crate) async fn open(here: Option<ThisDesktop>) -> Result<Office> {
        let folder = tempfile::Builder::new()
            .prefix("hotseat-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let children = Children::new(&at("pool-logs"))?;
        let pool = PoolServer::start(&children, &at("pool"), SEATS, &COLLEAGUES, &[])?;
        let journal = Journal::new(pool.admin()?);
        let crm = ApplicationServer::hired(&pool)?;
        let lucy = Desk::set_up(LUCY, &at("lucy"), here).await?;
        let bill = Desk::set_up(BILL, &at("bill"), None).await?;
        let olaf = Desk::set_up(OLAF, &at("olaf"), None).await?;
        Ok(Office { pool, journal, crm, lucy, bill, olaf, olaf_has_power: true, folder })
    }

    /// The desks that have power.
    pub(crate) fn desks(&self) -> impl Iterator<Item = &Desk> {
        let olaf = self.olaf_has_power.then_some(&self.olaf);
        [&self.lucy, &self.bill].into_iter().chain(olaf)
    }

    /// The folder of everything that the office writes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Copies what the programs wrote to a folder that outlives the office.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn keep_logs(&self, to: &Path) -> Result<()> {
        for part in ["pool-logs", "lucy/logs", "bill/logs", "olaf/logs"] {
            let kept = to.join(part);
            fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
            let written = self.folder.path().join(part);
            let written = fs::read_dir(&written).context("the office kept no logs")?;
            for file in written.filter_map(Result::ok) {
                fs::copy(file.path(), kept.join(file.file_name())).context("cannot keep a log")?;
            }
        }
        Ok(())
    }

    /// Sends everybody home: trays and brokers end and sign off, then the pool server ends.
    ///
    /// # Errors
    /// If somebody does not end well, or still holds a seat in the end.
    pub(crate) async fn close(&mut self) -> Result<()> {
        self.lucy.close().await?;
        self.bill.close().await?;
        if self.olaf_has_power {
            self.olaf.close().await?;
        }
        let left = wait_for("every seat is free", async || {
            let pool = self.journal.pool()?.pool;
            // The seat of a machine without power ends with its lease, which nobody waits for here.
            let is_of_the_dark = !self.olaf_has_power && pool.in_use <= 1;
            Ok((pool.in_use == 0 || is_of_the_dark).then_some(()))
        });
        left.await?;
        self.pool.child.terminate();
        let pool = &mut self.pool.child;
        let status = wait_for("the pool server ends", async || pool.status()).await?;
        if !status.success() {
            bail!("the pool server ended with {status}:\n{}", pool.log());
        }
        Ok(())
    }
}
