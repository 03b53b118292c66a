//! The acts of the play. Each changes something as a person or an accident would, then waits until pool, command
//! line and tray agree.

mod clients;
mod ends;
mod idle;
mod more_ends;
mod opening;
mod pictures;
mod sign_on;

use anyhow::Result;

use crate::ends_table::EndsTable;
use crate::office::Office;
use crate::output::Narrator;
use crate::pictures::Pictures;

/// The play as far as it has got.
#[derive(Debug)]
pub(crate) struct Play {
    /// Where it is set.
    pub(crate) office: Office,
    /// Who tells it.
    pub(crate) narrator: Narrator,
    /// What was photographed.
    pub(crate) pictures: Pictures,
    /// How desktops ended.
    pub(crate) ends: EndsTable,
}

impl Play {
    /// Plays all acts.
    ///
    /// # Errors
    /// If something does not happen; the message says what.
    pub(crate) async fn perform(&mut self) -> Result<()> {
        opening::perform(self).await?;
        sign_on::perform(self).await?;
        clients::perform(self).await?;
        idle::perform(self).await?;
        ends::perform(self).await?;
        pictures::perform(self).await
    }
}
