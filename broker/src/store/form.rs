//! The stored form of [`Saved`], versions 1 to 3. Frozen: a change of it is a new version, and the old
//! one is still read. A sample of each version stands in `broker/golden`.

use std::path::Path;

use hotseat_broker_core::{
    KeyHash, OsUser, Saved, SavedAccount, SavedAnchor, SavedHook, SavedIntent, SavedOverdraft,
    SavedSeat, SavedSignOff, SessionKey,
};
use hotseat_protocol::ids::{
    Anchor, ClientName, Epoch, PoolId, RequestId, SeatId, SeatRef, Secret, UserId, WallTime,
};
use hotseat_protocol::link::{Accept, AccountUser, Overdraft};
use hotseat_protocol::quantity::OverdraftMs;
use hotseat_protocol::reason::ReleaseReason;
use serde::{Deserialize, Serialize};

use super::{StoreError, parse};

/// The newest version. An older one is written while it says all, so that the broker of before an
/// upgrade can be put back.
const VERSION: u64 = 3;

/// The version that knew of no hooks and of no overdrafts that go on.
const WITHOUT_HOOKS: u64 = 2;

/// The version that knew of no overdrafts, either.
const WITHOUT_OVERDRAFTS: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u64,
    /// The boot in which this was written; null when it could not be told.
    boot_id: Option<String>,
    seats: Vec<Seat>,
    intents: Vec<Intent>,
    sign_offs: Vec<SignOff>,
    cancels: Vec<Cancel>,
    accounts: Vec<Account>,
    ending_tokens: Vec<EndingToken>,
    /// Since version 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overdrafts: Vec<NumberedOverdraft>,
    /// Since version 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hooks: Vec<Hook>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seat {
    id: SeatId,
    epoch: Epoch,
    pool: PoolId,
    owner: String,
    user: UserId,
    client: ClientName,
    request: RequestId,
    since: WallTime,
    counted: bool,
    anchor: HangsOn,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Intent {
    request: RequestId,
    owner: String,
    user: UserId,
    pool: PoolId,
    client: Option<ClientName>,
    wait: Option<Accept>,
    told: Anchor,
    anchor: HangsOn,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum HangsOn {
    Session { owner: String, name: String },
    Connection { resume_sha256: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOff {
    seat: SeatId,
    epoch: Epoch,
    reason: ReleaseReason,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    request: RequestId,
    reason: ReleaseReason,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    owner: String,
    token: Secret,
    expires_at: WallTime,
    user: UserId,
    name: String,
    email: String,
    named: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndingToken {
    number: u64,
    token: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberedOverdraft {
    number: u64,
    seat: SeatId,
    epoch: Epoch,
    pool: PoolId,
    user: UserId,
    from: WallTime,
    lasted_ms: u64,
    /// Since version 3.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
    /// Since version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_boot_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    seat: SeatId,
    owner: String,
    pool: PoolId,
    reason: ReleaseReason,
}

/// The text of the file.
pub(super) fn write(saved: &Saved, boot_id: Option<&str>) -> Vec<u8> {
    let state = State {
        version: version_of(saved),
        overdrafts: saved.overdrafts.iter().map(overdraft_form).collect(),
        hooks: saved.hooks.iter().map(hook_form).collect(),
        boot_id: boot_id.map(str::to_owned),
        seats: saved.seats.values().map(seat_form).collect(),
        intents: saved.intents.values().map(intent_form).collect(),
        sign_offs: saved.sign_offs.values().map(sign_off_form).collect(),
        cancels: saved
            .cancels
            .iter()
            .map(|(&request, &reason)| Cancel { request, reason })
            .collect(),
        accounts: saved.accounts.iter().map(account_form).collect(),
        ending_tokens: saved
            .ending_tokens
            .iter()
            .map(|(&number, token)| EndingToken { number, token: token.clone() })
            .collect(),
    };
    serde_json::to_vec_pretty(&state).expect("texts, numbers and lists of them are always JSON")
}

/// The oldest version that says all.
fn version_of(saved: &Saved) -> u64 {
    let of_version_3 =
        |overdraft: &SavedOverdraft| overdraft.report.at_least || overdraft.since_boot_ms.is_some();
    if !saved.hooks.is_empty() || saved.overdrafts.values().any(of_version_3) {
        VERSION
    } else if saved.overdrafts.is_empty() {
        WITHOUT_OVERDRAFTS
    } else {
        WITHOUT_HOOKS
    }
}

/// What the file says, and in which boot it was written.
///
/// # Errors
///
/// When it is damaged or of a newer version.
pub(super) fn read(path: &Path, text: &str) -> Result<(Saved, Option<String>), StoreError> {
    let state: State = parse(path, text, VERSION)?;
    let boot_id = state.boot_id.clone();
    let saved =
        understood(state).map_err(|cause| StoreError::Damaged { path: path.to_owned(), cause })?;
    Ok((saved, boot_id))
}

fn understood(state: State) -> Result<Saved, serde_json::Error> {
    let mut saved = Saved::default();
    for form in state.seats {
        let seat = seat(form)?;
        saved.seats.insert(seat.seat.id, seat);
    }
    for form in state.intents {
        let intent = intent(form)?;
        saved.intents.insert(intent.request, intent);
    }
    for form in state.sign_offs {
        let seat = SeatRef { id: form.seat, epoch: form.epoch };
        let reason = form.reason;
        saved.sign_offs.insert(seat.id, SavedSignOff { seat, reason });
    }
    for form in state.cancels {
        saved.cancels.insert(form.request, form.reason);
    }
    for form in state.accounts {
        let (owner, account) = account(form);
        saved.accounts.insert(owner, account);
    }
    for form in state.ending_tokens {
        saved.ending_tokens.insert(form.number, form.token);
    }
    for form in state.overdrafts {
        let (number, overdraft) = overdraft(form);
        saved.overdrafts.insert(number, overdraft);
    }
    for Hook { seat, owner, pool, reason } in state.hooks {
        saved.hooks.insert(seat, SavedHook { owner: OsUser(owner), pool, reason });
    }
    Ok(saved)
}

fn overdraft_form((&number, overdraft): (&u64, &SavedOverdraft)) -> NumberedOverdraft {
    let SavedOverdraft { report, since_boot_ms } = overdraft.clone();
    let Overdraft { seat: SeatRef { id, epoch }, pool, user, from, lasted_ms, at_least } = report;
    NumberedOverdraft {
        number,
        seat: id,
        epoch,
        pool,
        user,
        from,
        lasted_ms: lasted_ms.get(),
        at_least,
        since_boot_ms,
    }
}

fn overdraft(form: NumberedOverdraft) -> (u64, SavedOverdraft) {
    let NumberedOverdraft {
        number,
        seat,
        epoch,
        pool,
        user,
        from,
        lasted_ms,
        at_least,
        since_boot_ms,
    } = form;
    let seat = SeatRef { id: seat, epoch };
    let lasted_ms = OverdraftMs::clamped(lasted_ms);
    let report = Overdraft { seat, pool, user, from, lasted_ms, at_least };
    (number, SavedOverdraft { report, since_boot_ms })
}

fn hook_form((&seat, hook): (&SeatId, &SavedHook)) -> Hook {
    let SavedHook { owner, pool, reason } = hook.clone();
    Hook { seat, owner: owner.0, pool, reason }
}

fn seat_form(seat: &SavedSeat) -> Seat {
    Seat {
        id: seat.seat.id,
        epoch: seat.seat.epoch,
        pool: seat.pool.clone(),
        owner: seat.owner.0.clone(),
        user: seat.user,
        client: seat.client.clone(),
        request: seat.request,
        since: seat.since,
        counted: seat.counted,
        anchor: anchor_form(&seat.anchor),
    }
}

fn seat(form: Seat) -> Result<SavedSeat, serde_json::Error> {
    Ok(SavedSeat {
        seat: SeatRef { id: form.id, epoch: form.epoch },
        pool: form.pool,
        owner: OsUser(form.owner),
        user: form.user,
        client: form.client,
        request: form.request,
        since: form.since,
        counted: form.counted,
        anchor: anchor(form.anchor)?,
    })
}

fn intent_form(intent: &SavedIntent) -> Intent {
    Intent {
        request: intent.request,
        owner: intent.owner.0.clone(),
        user: intent.user,
        pool: intent.pool.clone(),
        client: intent.client.clone(),
        wait: intent.wait,
        told: intent.told.clone(),
        anchor: anchor_form(&intent.anchor),
    }
}

fn intent(form: Intent) -> Result<SavedIntent, serde_json::Error> {
    Ok(SavedIntent {
        request: form.request,
        owner: OsUser(form.owner),
        user: form.user,
        pool: form.pool,
        client: form.client,
        wait: form.wait,
        told: form.told,
        anchor: anchor(form.anchor)?,
    })
}

fn sign_off_form(sign_off: &SavedSignOff) -> SignOff {
    SignOff { seat: sign_off.seat.id, epoch: sign_off.seat.epoch, reason: sign_off.reason }
}

fn account_form((owner, account): (&OsUser, &SavedAccount)) -> Account {
    Account {
        owner: owner.0.clone(),
        token: account.token.clone(),
        expires_at: account.expires_at,
        user: account.user.id,
        name: account.user.name.clone(),
        email: account.user.email.clone(),
        named: account.user.named,
    }
}

fn account(form: Account) -> (OsUser, SavedAccount) {
    let user = AccountUser { id: form.user, name: form.name, email: form.email, named: form.named };
    let account = SavedAccount { token: form.token, user, expires_at: form.expires_at };
    (OsUser(form.owner), account)
}

fn anchor_form(anchor: &SavedAnchor) -> HangsOn {
    match anchor {
        SavedAnchor::Session(key) => {
            HangsOn::Session { owner: key.user.0.clone(), name: key.name.clone() }
        }
        SavedAnchor::Connection { resume } => HangsOn::Connection {
            resume_sha256: resume.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
    }
}

fn anchor(form: HangsOn) -> Result<SavedAnchor, serde_json::Error> {
    Ok(match form {
        HangsOn::Session { owner, name } => {
            SavedAnchor::Session(SessionKey { user: OsUser(owner), name })
        }
        HangsOn::Connection { resume_sha256 } => {
            SavedAnchor::Connection { resume: KeyHash(from_hex(&resume_sha256)?) }
        }
    })
}

fn from_hex(text: &str) -> Result<[u8; 32], serde_json::Error> {
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| serde::de::Error::custom("resume_sha256 is not 64 hexadecimal digits"))
}
