//! The store of the real program on bad disks, after bad ends and put back from backups.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backups;
mod damage;
mod full;
mod kills;
mod odd_places;
mod owners;
mod platform;
mod quarantine;
mod read_only;
mod rolled_back;
mod rows;
mod side_by_side;
mod world;
