//! A pool's definition as it is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_protocol::ids::{ClientName, Operation, PoolId};
use hotseat_rules::{
    ClientDefinition, IdlePolicy, Offline, OnSleep, Options, PoolDefinition, Privacy, Rule,
};
use serde::{Deserialize, Serialize};

use super::parts::mirrored;

mirrored!(StoredRule, Rule { Hold, Check });
mirrored!(StoredOnSleep, OnSleep { SignOff, Keep });
mirrored!(StoredOffline, Offline { Stop, Tolerate });
mirrored!(StoredPrivacy, Privacy { Names, Initials, Counts });

/// Durations are in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredDefinition {
    id: PoolId,
    name: String,
    seats: u32,
    clients: BTreeMap<ClientName, StoredClient>,
    desktop_client: ClientName,
    one_seat_per_user: bool,
    holder_passes_check: bool,
    /// Absent: nothing is set aside, as it was before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provisional_hold_ms: Option<u64>,
    lease_ms: u64,
    calls_timeout_ms: u64,
    offer_ms: u64,
    tray_grace_ms: u64,
    warn_after_ms: u64,
    sign_off_after_ms: u64,
    only_when_wanted: bool,
    on_sleep: StoredOnSleep,
    /// Absent: stop, as it was before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offline: Option<StoredOffline>,
    privacy: StoredPrivacy,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredClient {
    rule: StoredRule,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_timeout_ms: Option<u64>,
    operations: BTreeMap<Operation, Option<String>>,
}

/// Every duration is far below what 64 bits of milliseconds hold.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl From<&PoolDefinition> for StoredDefinition {
    fn from(from: &PoolDefinition) -> Self {
        let clients = from.clients.iter();
        Self {
            id: from.id.clone(),
            name: from.name.clone(),
            seats: from.seats,
            clients: clients.map(|(name, client)| (name.clone(), client.into())).collect(),
            desktop_client: from.desktop_client.clone(),
            one_seat_per_user: from.options.one_seat_per_user,
            holder_passes_check: from.options.holder_passes_check,
            provisional_hold_ms: from.options.provisional_hold.map(ms),
            lease_ms: ms(from.lease),
            calls_timeout_ms: ms(from.calls_timeout),
            offer_ms: ms(from.offer),
            tray_grace_ms: ms(from.tray_grace),
            warn_after_ms: ms(from.idle.warn_after),
            sign_off_after_ms: ms(from.idle.sign_off_after),
            only_when_wanted: from.idle.only_when_wanted,
            on_sleep: from.on_sleep.into(),
            offline: (from.offline != Offline::Stop).then(|| from.offline.into()),
            privacy: from.privacy.into(),
        }
    }
}

impl From<StoredDefinition> for PoolDefinition {
    fn from(from: StoredDefinition) -> Self {
        let clients = from.clients.into_iter();
        Self {
            id: from.id,
            name: from.name,
            seats: from.seats,
            clients: clients.map(|(name, client)| (name, client.into())).collect(),
            desktop_client: from.desktop_client,
            options: Options {
                one_seat_per_user: from.one_seat_per_user,
                holder_passes_check: from.holder_passes_check,
                provisional_hold: from.provisional_hold_ms.map(Duration::from_millis),
            },
            lease: Duration::from_millis(from.lease_ms),
            calls_timeout: Duration::from_millis(from.calls_timeout_ms),
            offer: Duration::from_millis(from.offer_ms),
            tray_grace: Duration::from_millis(from.tray_grace_ms),
            idle: IdlePolicy {
                warn_after: Duration::from_millis(from.warn_after_ms),
                sign_off_after: Duration::from_millis(from.sign_off_after_ms),
                only_when_wanted: from.only_when_wanted,
            },
            on_sleep: from.on_sleep.into(),
            offline: from.offline.map_or(Offline::Stop, Into::into),
            privacy: from.privacy.into(),
        }
    }
}

impl From<&ClientDefinition> for StoredClient {
    fn from(client: &ClientDefinition) -> Self {
        Self {
            rule: client.rule.into(),
            session_timeout_ms: client.session_timeout.map(ms),
            operations: client.operations.clone(),
        }
    }
}

impl From<StoredClient> for ClientDefinition {
    fn from(client: StoredClient) -> Self {
        Self {
            rule: client.rule.into(),
            session_timeout: client.session_timeout_ms.map(Duration::from_millis),
            operations: client.operations,
        }
    }
}
