//! What the pool's journal says, read as an administrator reads it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hotseat_protocol::api::{History, HistoryRecord, PoolDetail};
use hotseat_protocol::view::HolderView;
use serde_json::{Value, json};

use crate::http::Client;
use crate::pool_server::POOL;
use crate::waiting::{Stopwatch, wait_for_within};

/// Most records that one question is answered with.
const RECORDS_MAX: u32 = 1_000;

/// The journal, and the pool as it stands, over REST.
#[derive(Clone, Debug)]
pub struct Journal {
    admin: Client,
}

/// A place in the journal: what is read later came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bookmark(u64);

impl Bookmark {
    /// The place of a record.
    pub fn at(record: &HistoryRecord) -> Bookmark {
        Bookmark(record.seq.0)
    }
}

/// The end of a seat.
#[derive(Clone, Debug)]
pub struct Released {
    /// How long it took, on the monotonic clock of whoever watched.
    pub after: Duration,
    /// Why, in the journal's word.
    pub reason: String,
}

impl Journal {
    /// The journal that an administrator's token opens.
    pub fn new(admin: Client) -> Journal {
        Journal { admin }
    }

    /// The pool as it stands.
    ///
    /// # Errors
    /// If the pool server does not answer.
    pub fn pool(&self) -> Result<PoolDetail> {
        self.get(&format!("/api/v1/pools/{POOL}"))
    }

    /// The seats that somebody holds, and what is said of each.
    ///
    /// # Errors
    /// If the pool server does not answer.
    pub fn held_by(&self, name: &str) -> Result<Vec<HolderView>> {
        let holders = self.pool()?.pool.holders;
        Ok(holders.into_iter().filter(|holder| holder.user.as_deref() == Some(name)).collect())
    }

    /// Takes somebody's seat back, with a word to them.
    ///
    /// # Errors
    /// If they hold none, or the pool server refuses.
    pub fn reclaim(&self, name: &str, note: &str) -> Result<()> {
        let held = self.held_by(name)?.into_iter().find_map(|holder| holder.seat);
        let seat = held.with_context(|| format!("{name} holds no seat"))?;
        let body = json!({ "note": note });
        let answer = self.admin.post(&format!("/api/v1/seats/{seat}/reclaim"), &body)?;
        if !(200..300).contains(&answer.status) {
            bail!("the seat was not taken back: {answer:?}");
        }
        Ok(())
    }

    /// The end of the journal as it is now.
    ///
    /// # Errors
    /// If the pool server does not answer.
    pub fn bookmark(&self) -> Result<Bookmark> {
        let mut mark = Bookmark(0);
        loop {
            let records = self.after(mark)?;
            match records.last() {
                Some(record) => mark = Bookmark::at(record),
                None => return Ok(mark),
            }
        }
    }

    /// What was written after a bookmark, at most a thousand records.
    ///
    /// # Errors
    /// If the pool server does not answer.
    pub fn after(&self, mark: Bookmark) -> Result<Vec<HistoryRecord>> {
        let path = format!("/api/v1/history?after={}&limit={RECORDS_MAX}", mark.0);
        Ok(self.get::<History>(&path)?.records.into_vec())
    }

    /// Waits for a record about somebody after a bookmark.
    ///
    /// # Errors
    /// If it does not come in time.
    pub async fn wait_for(
        &self,
        mark: Bookmark,
        what: &str,
        name: &str,
        patience: Duration,
    ) -> Result<HistoryRecord> {
        let told = format!("the journal says {what} of {name}");
        wait_for_within(patience, &told, async || {
            let records = self.after(mark)?;
            let about = |record: &HistoryRecord| {
                record.what == what && record.user.as_deref() == Some(name)
            };
            Ok(records.into_iter().find(about))
        })
        .await
    }

    /// Waits until somebody's seat has been released.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn wait_for_release(
        &self,
        mark: Bookmark,
        name: &str,
        watch: Stopwatch,
        patience: Duration,
    ) -> Result<Released> {
        let record = self.wait_for(mark, "seat_released", name, patience).await?;
        let after = watch.elapsed();
        let reason = record.reason.context("a release without a reason")?;
        Ok(Released { after, reason: reason.to_string() })
    }

    /// Fails if a seat of somebody was released after a bookmark.
    ///
    /// # Errors
    /// If it was, or the pool server does not answer.
    pub fn expect_kept(&self, mark: Bookmark, name: &str) -> Result<()> {
        match self.released(mark, name)? {
            None => Ok(()),
            Some(reason) => bail!("{name}'s seat was released: {reason}"),
        }
    }

    /// The reason for which a seat of somebody was released after a bookmark, if one was.
    ///
    /// # Errors
    /// If the pool server does not answer.
    pub fn released(&self, mark: Bookmark, name: &str) -> Result<Option<String>> {
        let records = self.after(mark)?;
        let ended = records
            .into_iter()
            .find(|record| record.what == "seat_released" && record.user.as_deref() == Some(name));
        let Some(record) = ended else { return Ok(None) };
        let reason = record.reason.context("a release without a reason")?;
        Ok(Some(reason.to_string()))
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.admin.get(path)?;
        if answer.status != 200 {
            bail!("GET {path} was answered {}: {}", answer.status, answer.body);
        }
        read(answer.body).with_context(|| format!("the answer to GET {path} is not understood"))
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> Result<T> {
    Ok(serde_json::from_value(body)?)
}
