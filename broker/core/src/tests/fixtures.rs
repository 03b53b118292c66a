//! People, seats, pools and answers of the tests.

use alloc::format;
use alloc::vec;

use super::*;

pub(in crate::tests) fn pool() -> PoolId {
    PoolId::new("infor-crm").unwrap()
}

pub(in crate::tests) fn lucy() -> OsUser {
    OsUser("1000".into())
}

pub(in crate::tests) fn bill() -> OsUser {
    OsUser("1001".into())
}

pub(in crate::tests) fn account(name: &str, id: u128) -> SavedAccount {
    SavedAccount {
        token: Secret::new(format!("token of {name}")),
        user: AccountUser {
            id: UserId::from_random(id),
            name: name.into(),
            email: format!("{name}@finance.example"),
            named: false,
        },
        expires_at: WallTime { unix_ms: 0 },
    }
}

pub(in crate::tests) fn seat(id: u128, epoch: u64) -> SeatRef {
    SeatRef {
        id: SeatId::from_random(id),
        epoch: Epoch { generation: Generation(7), seq: Seq(epoch) },
    }
}

pub(in crate::tests) fn request(id: u128) -> RequestId {
    RequestId::from_random(id)
}

pub(in crate::tests) fn policy() -> PolicyView {
    PolicyView {
        warn_after_ms: WarnAfterMs::clamped(25 * 60_000),
        sign_off_after_ms: SignOffAfterMs::clamped(27 * 60_000),
        only_when_wanted: true,
        on_sleep: OnSleep::SignOff,
        tray_grace_ms: TrayGraceMs::clamped(10_000),
        offline: hotseat_protocol::view::Offline::Stop,
        lease_ms: None,
    }
}

pub(in crate::tests) fn pool_view() -> PoolView {
    PoolView {
        id: pool(),
        name: "Infor CRM".into(),
        seats: 2,
        in_use: 0,
        offered: 0,
        set_aside: 0,
        waiting: 0,
        clients: vec![],
        desktop_client: ClientName::new("network").unwrap(),
        policy: policy(),
        privacy: Privacy::Names,
        holders: vec![],
        more_holders: 0,
        line: vec![],
        usually_waits_s: None,
    }
}

pub(in crate::tests) fn granted(seat: SeatRef, left_ms: u64) -> PoolAnswer {
    PoolAnswer::Outcome {
        outcome: Outcome::Seat {
            seat,
            client: ClientName::new("network").unwrap(),
            since: WallTime { unix_ms: 5 },
            counted: true,
            left_ms: LeftMs::clamped(left_ms),
        },
    }
}

pub(in crate::tests) fn end(reason: ReleaseReason) -> SeatEnd {
    SeatEnd { reason, by: None, note: None, at: WallTime { unix_ms: 9 } }
}

pub(in crate::tests) fn failed() -> PoolAnswer {
    PoolAnswer::Problem { problem: Problem::new(Code::Unavailable, "not now", "") }
}

pub(in crate::tests) fn is_sign_on(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::SignOn(_))
}

pub(in crate::tests) fn is_renewal(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::Renew(_))
}

pub(in crate::tests) fn is_sign_off(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::SignOff { .. })
}

pub(in crate::tests) fn is_cancel(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::Cancel { .. })
}

/// A person types an address and a password.
pub(in crate::tests) fn log_in_as(email: &str) -> Request {
    let password = TypedPassword::new(Secret::new("pass")).unwrap();
    Request::LogIn { email: EmailText::new(email).unwrap(), password }
}
