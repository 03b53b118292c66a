//! What each column of the store's tables must hold for this program to read it.
//!
//! A test compares the list with the tables that the migrations make, so that no column is
//! forgotten.

use hotseat_protocol::ids::{ClientName, PoolId};
use rusqlite::types::ValueRef;

use self::Holds::{
    Anything, Clients, Count, Hash, Id, MaybeId, MaybeTime, Number, Pools, Record, Text, Time,
};
use self::OnStart::{Ignores, MakesAgain, OnlyReads};

/// The last moment that a stored time may be: the end of the year 9999.
pub(super) const LATEST_MS: i64 = 253_402_300_799_999;

/// What a start does about a row that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStart {
    /// It only reads: the row decides who may come in.
    OnlyReads,
    /// It removes the row, or makes the table again: nothing is lost that a start needs.
    MakesAgain,
    /// Nothing: its rows are the journal's, or nobody reads them.
    Ignores,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// 16 bytes.
    Id,
    /// 16 bytes, or nothing.
    MaybeId,
    /// 32 bytes.
    Hash,
    /// Text.
    Text,
    /// A number of 32 bits.
    Number,
    /// A number from 0.
    Count,
    /// A number of a record.
    Record,
    /// A time, in milliseconds since 1970.
    Time,
    /// A time, or nothing.
    MaybeTime,
    /// A list of pools as JSON, or nothing.
    Pools,
    /// A list of clients as JSON, or nothing.
    Clients,
    /// Whatever it is.
    Anything,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The version of the store that brought it.
    pub(super) since: u32,
    pub(super) on_start: OnStart,
    pub(super) columns: &'static [(&'static str, Holds)],
}

const fn table(
    since: u32,
    name: &'static str,
    on_start: OnStart,
    columns: &'static [(&'static str, Holds)],
) -> Table {
    Table { name, since, on_start, columns }
}

/// All of them. Rows are looked at in this order, so what others belong to comes first.
pub(super) const TABLES: &[Table] = &[
    // Its rows are read by `row`, and judged one after the other.
    table(
        1,
        "journal",
        Ignores,
        &[
            ("seq", Anything),
            ("at_ms", Anything),
            ("generation", Anything),
            ("version", Anything),
            ("kind", Anything),
            ("request", Anything),
            ("payload", Anything),
            ("checksum", Anything),
        ],
    ),
    table(
        1,
        "snapshot",
        MakesAgain,
        &[
            ("seq", Record),
            ("generation", Number),
            ("version", Number),
            ("checksum", Hash),
            ("payload", Anything),
        ],
    ),
    table(1, "probe", MakesAgain, &[("id", Anything), ("tried", Anything)]),
    table(
        2,
        "person",
        OnlyReads,
        &[
            ("id", Id),
            ("email", Text),
            ("name", Text),
            ("password_hash", Text),
            ("created_ms", Time),
        ],
    ),
    table(
        2,
        "machine",
        OnlyReads,
        &[("id", Id), ("name", Text), ("credential_hash", Hash), ("enrolled_ms", Time)],
    ),
    table(
        2,
        "user_token",
        OnlyReads,
        &[
            ("hash", Hash),
            ("person", Id),
            ("machine", MaybeId),
            ("created_ms", Time),
            ("expires_ms", Time),
        ],
    ),
    table(
        2,
        "service",
        OnlyReads,
        &[
            ("id", Id),
            ("name", Text),
            ("token_hash", Hash),
            ("act_for", Number),
            ("pools", Pools),
            ("clients", Clients),
            ("created_ms", Time),
        ],
    ),
    table(2, "invitation", OnlyReads, &[("hash", Hash), ("expires_ms", Time)]),
    table(2, "admin_token", OnlyReads, &[("hash", Hash), ("created_ms", Time)]),
    table(3, "position_key", OnlyReads, &[("id", Count), ("key", Hash)]),
    table(
        4,
        "machine_link",
        OnlyReads,
        &[
            ("machine", Id),
            ("generation", Number),
            ("counted", Count),
            ("clone_seen_ms", MaybeTime),
        ],
    ),
    table(5, "own_time", MakesAgain, &[("id", Count), ("own_ms", Time), ("wall_ms", Time)]),
    table(6, "journal_time", MakesAgain, &[("seq", Record), ("own_ms", Time)]),
    // Kept for people; nothing reads it.
    table(
        7,
        "quarantined",
        Ignores,
        &[
            ("seq", Anything),
            ("quarantined_ms", Anything),
            ("because_of", Anything),
            ("reason", Anything),
            ("at_ms", Anything),
            ("generation", Anything),
            ("version", Anything),
            ("kind", Anything),
            ("request", Anything),
            ("payload", Anything),
            ("checksum", Anything),
        ],
    ),
    table(
        8,
        "actor_address",
        MakesAgain,
        &[("seq", Record), ("address", Text), ("person", MaybeId)],
    ),
];

impl Holds {
    /// What is wrong with a value; none when it can be read.
    pub(super) fn wrong(self, value: ValueRef<'_>) -> Option<&'static str> {
        let right = match (self, value) {
            (Self::Anything, _)
            | (Self::MaybeId | Self::MaybeTime | Self::Pools | Self::Clients, ValueRef::Null) => {
                true
            }
            (Self::Id | Self::MaybeId, ValueRef::Blob(bytes)) => bytes.len() == 16,
            (Self::Hash, ValueRef::Blob(bytes)) => bytes.len() == 32,
            (Self::Text, ValueRef::Text(bytes)) => std::str::from_utf8(bytes).is_ok(),
            (Self::Number, ValueRef::Integer(number)) => u32::try_from(number).is_ok(),
            (Self::Count, ValueRef::Integer(number)) => number >= 0,
            (Self::Record, ValueRef::Integer(number)) => number > 0,
            (Self::Time | Self::MaybeTime, ValueRef::Integer(number)) => {
                (0..=LATEST_MS).contains(&number)
            }
            (Self::Pools, ValueRef::Text(bytes)) => {
                serde_json::from_slice::<Vec<PoolId>>(bytes).is_ok()
            }
            (Self::Clients, ValueRef::Text(bytes)) => {
                serde_json::from_slice::<Vec<ClientName>>(bytes).is_ok()
            }
            _ => false,
        };
        (!right).then(|| self.expected())
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Id | Self::MaybeId => "is no id",
            Self::Hash => "is not 32 bytes",
            Self::Text => "is no text",
            Self::Number => "is no number of 32 bits",
            Self::Count => "is no number from 0",
            Self::Record => "is no number of a record",
            Self::Time | Self::MaybeTime => "is no time",
            Self::Pools => "is no list of pools",
            Self::Clients => "is no list of clients",
            Self::Anything => "is odd",
        }
    }
}
