//! Parts that events and snapshots share.

use std::time::Duration;

use hotseat_protocol::ids::{
    ClientName, Generation, MachineId, Operation, PoolId, RequestId, Seq, ServiceId, UserId,
    WallTime,
};
use hotseat_protocol::reason::ReleaseReason;
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use hotseat_rules::{
    Accept, Asked, BodyHash, Caller, Keeper, MAX_DURATION, NewGeneration, Position, RefusalCode,
    Release, RequestKey, UserKind, Wait, WarningAnswer,
};

use super::definition::ms;

/// Two enums with the same variants, converted both ways.
macro_rules! mirrored {
    ($stored:ident, $rules:ident { $($variant:ident),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $stored {
            $($variant,)+
        }

        impl From<$rules> for $stored {
            fn from(value: $rules) -> Self {
                match value { $($rules::$variant => Self::$variant,)+ }
            }
        }

        impl From<$stored> for $rules {
            fn from(value: $stored) -> Self {
                match value { $($stored::$variant => Self::$variant,)+ }
            }
        }
    };
}
pub(super) use mirrored;

mirrored!(StoredAccept, Accept { Auto, Ask });
mirrored!(StoredNewGeneration, NewGeneration { Restored, Recovered, Quarantined });
mirrored!(StoredUserKind, UserKind { Named, Concurrent });
mirrored!(StoredWarningAnswer, WarningAnswer { Kept, Active, Withdrawn, SignedOff, Unanswered });
mirrored!(
    StoredRefusalCode,
    RefusalCode {
        PoolFull,
        OthersWait,
        ClientCannotHold,
        ClientCannotWait,
        UserDisabled,
        MachineRevoked,
        PoolRecovering,
    }
);

/// A wait as it is stored: the whole, and what of it was stated where that is less.
pub(super) fn stored_wait(wait: Wait) -> (u64, Option<u64>) {
    (ms(wait.whole()), (wait.stated() != wait.whole()).then(|| ms(wait.stated())))
}

/// A wait as it was stored. Earlier versions took whatever an administrator said, and did not tell
/// what was stated: longer than the longest lease is nobody's.
pub(super) fn read_wait(wait_ms: u64, stated_ms: Option<u64>) -> Wait {
    let stated = Duration::from_millis(stated_ms.unwrap_or(wait_ms));
    Wait::new(Duration::from_millis(wait_ms), stated)
}

/// A lease as it was stored: none is longer than what a definition can state.
pub(super) fn read_lease(lease_ms: u64) -> Duration {
    Duration::from_millis(lease_ms).min(MAX_DURATION)
}

/// A generation as the eight hexadecimal digits that it has everywhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredGeneration(pub(super) Generation);

impl Serialize for StoredGeneration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StoredGeneration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u32::from_str_radix(&text, 16).map_err(D::Error::custom)?;
        Ok(Self(Generation(number)))
    }
}

/// What earlier versions wrote for a time that no text has: the beginning of an idleness or the
/// end of work without a seat, of a length that nobody had checked.
const NO_TEXT: &str = "an impossible time";

/// A time that cannot have been later than this server's: the earliest where there was no text.
pub(super) fn early_time<'de, D: Deserializer<'de>>(from: D) -> Result<WallTime, D::Error> {
    time_or(WallTime::MIN, from)
}

/// The same where there may be none.
pub(super) fn early_time_or_none<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<WallTime>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| read_time(WallTime::MIN, text)).transpose()
}

/// A time that was counted from another one: the latest where there was no text.
pub(super) fn late_time<'de, D: Deserializer<'de>>(from: D) -> Result<WallTime, D::Error> {
    time_or(WallTime::MAX, from)
}

fn time_or<'de, D: Deserializer<'de>>(without: WallTime, from: D) -> Result<WallTime, D::Error> {
    read_time(without, String::deserialize(from)?)
}

fn read_time<E: serde::de::Error>(without: WallTime, text: String) -> Result<WallTime, E> {
    if text == NO_TEXT {
        return Ok(without);
    }
    WallTime::deserialize(text.into_deserializer())
}

/// A place in a store's history.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct StoredPosition {
    generation: StoredGeneration,
    seq: Seq,
}

impl From<Position> for StoredPosition {
    fn from(position: Position) -> Self {
        Self { generation: StoredGeneration(position.generation), seq: position.seq }
    }
}

impl From<StoredPosition> for Position {
    fn from(position: StoredPosition) -> Self {
        Self { generation: position.generation.0, seq: position.seq }
    }
}

/// A hash as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredHash(BodyHash);

impl Serialize for StoredHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.0.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
        serializer.serialize_str(&digits.collect::<String>())
    }
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}

impl<'de> Deserialize<'de> for StoredHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("a hash has 64 hexadecimal digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            let pair = &text[2 * index..2 * index + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(BodyHash(hash)))
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredCaller {
    Machine(MachineId),
    Service(ServiceId),
    User(UserId),
    Admin,
}

impl From<Caller> for StoredCaller {
    fn from(caller: Caller) -> Self {
        match caller {
            Caller::Machine(id) => Self::Machine(id),
            Caller::Service(id) => Self::Service(id),
            Caller::User(id) => Self::User(id),
            Caller::Admin => Self::Admin,
        }
    }
}

impl From<StoredCaller> for Caller {
    fn from(caller: StoredCaller) -> Self {
        match caller {
            StoredCaller::Machine(id) => Self::Machine(id),
            StoredCaller::Service(id) => Self::Service(id),
            StoredCaller::User(id) => Self::User(id),
            StoredCaller::Admin => Self::Admin,
        }
    }
}

/// Who renews a seat or a place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredKeeper {
    Machine(MachineId),
    Calls,
}

impl From<Keeper> for StoredKeeper {
    fn from(keeper: Keeper) -> Self {
        match keeper {
            Keeper::Machine(id) => Self::Machine(id),
            Keeper::Calls => Self::Calls,
        }
    }
}

impl From<StoredKeeper> for Keeper {
    fn from(keeper: StoredKeeper) -> Self {
        match keeper {
            StoredKeeper::Machine(id) => Self::Machine(id),
            StoredKeeper::Calls => Self::Calls,
        }
    }
}

/// A request in the scope of its caller.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct StoredRequestKey {
    caller: StoredCaller,
    id: RequestId,
}

impl From<RequestKey> for StoredRequestKey {
    fn from(key: RequestKey) -> Self {
        Self { caller: key.caller.into(), id: key.id }
    }
}

impl From<StoredRequestKey> for RequestKey {
    fn from(key: StoredRequestKey) -> Self {
        Self { caller: key.caller.into(), id: key.id }
    }
}

/// What was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredAsked {
    request: StoredRequestKey,
    body: StoredHash,
    pool: PoolId,
    user: UserId,
    client: ClientName,
    operation: Operation,
}

impl From<&Asked> for StoredAsked {
    fn from(asked: &Asked) -> Self {
        Self {
            request: asked.request.into(),
            body: StoredHash(asked.body),
            pool: asked.pool.clone(),
            user: asked.user,
            client: asked.client.clone(),
            operation: asked.operation.clone(),
        }
    }
}

impl From<StoredAsked> for Asked {
    fn from(asked: StoredAsked) -> Self {
        Self {
            request: asked.request.into(),
            body: asked.body.0,
            pool: asked.pool,
            user: asked.user,
            client: asked.client,
            operation: asked.operation,
        }
    }
}

/// Why a seat ends, and who wanted it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredRelease {
    reason: ReleaseReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<StoredCaller>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl From<&Release> for StoredRelease {
    fn from(release: &Release) -> Self {
        Self { reason: release.reason, by: release.by.map(Into::into), why: release.why.clone() }
    }
}

impl From<StoredRelease> for Release {
    fn from(release: StoredRelease) -> Self {
        Self { reason: release.reason, by: release.by.map(Into::into), why: release.why }
    }
}
