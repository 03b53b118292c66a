//! The directory over a real store.

mod costs;
mod forms;
mod time;

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::bounded_text::NewPassword;
use hotseat_protocol::ids::{MachineId, PoolId, ServiceId, UserId, WallTime};

use super::*;
use crate::clock::FakeClock;
use crate::journal::store::{Open, Store};

const NOW: WallTime = WallTime { unix_ms: 1_700_000_000_000 };
const DAY: Duration = Duration::from_hours(24);

struct World {
    directory: Directory,
    clock: Arc<FakeClock>,
    folder: tempfile::TempDir,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::at(NOW));
    World { directory: start(&folder, &clock), clock, folder }
}

/// Opens the store in the folder, as a server does at its start.
fn start(folder: &tempfile::TempDir, clock: &Arc<FakeClock>) -> Directory {
    let store = Store::open(&folder.path().join("pool.db"), Open::OrCreate).unwrap();
    Directory::start(&store.split().1, clock.clone()).unwrap()
}

fn person(number: u128, email: &str) -> NewPerson {
    NewPerson {
        id: UserId::from_random(number),
        email: Email::parse(email).unwrap(),
        name: "Lucy".to_owned(),
        password_hash: "none".to_owned(),
        created: NOW,
    }
}

fn shown(secret: &hotseat_protocol::ids::Secret) -> Token {
    Token::shown(secret.expose())
}

#[tokio::test]
async fn an_address_belongs_to_one_person_whatever_its_case() {
    let World { directory, .. } = &world();
    directory.add_person(person(1, "Lucy@Finance.example")).await.unwrap();
    let again = directory.add_person(person(2, "lucy@finance.example ")).await.unwrap_err();
    assert!(matches!(again, DirectoryError::EmailTaken(_)), "{again}");
    let names = directory.names();
    assert_eq!(names.by_email("lucy@finance.example"), Some(UserId::from_random(1)));
    assert_eq!(names.user(UserId::from_random(2)), "somebody who was removed");
}

#[tokio::test]
async fn what_is_no_address_or_no_name_is_refused() {
    let World { directory, .. } = &world();
    for email in ["", "lucy", "@finance.example", "lucy@", "a b@c", "a@b\n"] {
        let read = Email::parse(email);
        if email == "a@b\n" {
            // Only what stands around an address is cut off.
            read.unwrap();
        } else {
            assert!(read.unwrap_err().to_string().contains("email"), "{email:?}");
        }
    }
    let nameless = NewPerson { name: "\u{7}".to_owned(), ..person(3, "x@y") };
    assert!(directory.add_person(nameless).await.unwrap_err().to_string().contains("name"));
}

#[tokio::test]
async fn a_token_is_good_for_its_scope_until_it_ends_and_is_renewed_by_use() {
    let World { directory, clock, .. } = &world();
    let (user, machine) = (UserId::from_random(1), MachineId::from_random(7));
    directory.add_person(person(1, "lucy@x")).await.unwrap();
    let rest = directory.issue_token(user, None).await.unwrap();
    let bound = directory.issue_token(user, Some(machine)).await.unwrap();
    assert_eq!(rest.expires_at.unix_ms, NOW.unix_ms + 30 * 24 * 3600 * 1000);

    let principal = directory.principal(shown(&rest.token)).await.unwrap();
    assert_eq!(principal, Some(Principal::User(user)));
    assert_eq!(directory.principal(shown(&bound.token)).await.unwrap(), None);
    let on = |token, machine| directory.user_on_machine(token, machine);
    assert_eq!(on(shown(&bound.token), machine).await.unwrap(), Some(user));
    let other = MachineId::from_random(8);
    assert_eq!(on(shown(&bound.token), other).await.unwrap(), None);
    assert_eq!(on(shown(&rest.token), machine).await.unwrap(), None);

    // Used on the 20th day, it is good for 30 more; unused, it is over.
    clock.advance(20 * DAY);
    assert!(directory.principal(shown(&rest.token)).await.unwrap().is_some());
    clock.advance(29 * DAY);
    assert!(directory.principal(shown(&rest.token)).await.unwrap().is_some());
    assert_eq!(on(shown(&bound.token), machine).await.unwrap(), None);

    directory.end_token(shown(&rest.token)).await.unwrap();
    assert_eq!(directory.principal(shown(&rest.token)).await.unwrap(), None);
}

#[tokio::test]
async fn a_new_password_and_a_removal_end_the_tokens() {
    let World { directory, .. } = &world();
    let user = UserId::from_random(1);
    directory.add_person(person(1, "lucy@x")).await.unwrap();
    let first = directory.issue_token(user, None).await.unwrap();
    let desk = MachineId::from_random(7);
    directory.issue_token(user, Some(desk)).await.unwrap();
    assert_eq!(directory.logged_in_on(desk).await.unwrap(), [user]);
    let changed = directory.change_person(user, None, Some("other".to_owned())).await.unwrap();
    assert_eq!(changed, Changed { found: true, logged_out: vec![desk] });
    assert_eq!(directory.logged_in_on(desk).await.unwrap(), []);
    assert_eq!(directory.principal(shown(&first.token)).await.unwrap(), None);
    let second = directory.issue_token(user, None).await.unwrap();
    assert!(directory.remove_person(user).await.unwrap().found);
    assert!(!directory.remove_person(user).await.unwrap().found);
    assert_eq!(directory.principal(shown(&second.token)).await.unwrap(), None);
}

#[tokio::test]
async fn the_oldest_log_in_makes_room() {
    let World { directory, clock, .. } = &world();
    let user = UserId::from_random(1);
    directory.add_person(person(1, "lucy@x")).await.unwrap();
    let first = directory.issue_token(user, None).await.unwrap();
    for _ in 1..=99 {
        clock.advance(Duration::from_millis(1));
        directory.issue_token(user, None).await.unwrap();
    }
    assert!(directory.principal(shown(&first.token)).await.unwrap().is_some());
    directory.issue_token(user, None).await.unwrap();
    assert_eq!(directory.principal(shown(&first.token)).await.unwrap(), None);
}

#[tokio::test]
async fn log_ins_in_a_loop_leave_a_number_and_end_none_elsewhere() {
    let World { directory, clock, .. } = &world();
    let (user, desk, other) =
        (UserId::from_random(1), MachineId::from_random(7), MachineId::from_random(8));
    directory.add_person(person(1, "lucy@x")).await.unwrap();
    let rest = directory.issue_token(user, None).await.unwrap();
    let at_desk = directory.issue_token(user, Some(desk)).await.unwrap();
    let mut newest = Vec::new();
    for _ in 0..150 {
        clock.advance(Duration::from_millis(1));
        for place in [None, Some(other)] {
            newest.push((place, directory.issue_token(user, place).await.unwrap()));
        }
    }
    let count = "SELECT count(*) FROM user_token";
    let rows: u32 = directory
        .read(move |connection| Ok(connection.query_row(count, [], |row| row.get(0))?))
        .await
        .unwrap();
    assert_eq!(rows, 100 + 20 + 1);
    let found = directory.user_on_machine(shown(&at_desk.token), desk).await.unwrap();
    assert_eq!(found, Some(user), "her desk stays logged in");
    assert_eq!(directory.principal(shown(&rest.token)).await.unwrap(), None);
    for (place, token) in &newest[newest.len() - 2..] {
        let token = shown(&token.token);
        let there = match place {
            Some(machine) => directory.user_on_machine(token, *machine).await.unwrap().is_some(),
            None => directory.principal(token).await.unwrap().is_some(),
        };
        assert!(there, "the newest is good at {place:?}");
    }
}

#[tokio::test]
async fn services_are_many_but_not_without_end() {
    let World { directory, .. } = &world();
    let record = |n: u128| ServiceRecord {
        service: Service {
            id: ServiceId::from_random(n),
            act_for: true,
            pools: None,
            clients: None,
        },
        name: format!("crm {n}"),
        created: NOW,
    };
    for n in 0..1_000 {
        directory.add_service(record(n)).await.unwrap();
    }
    let refused = directory.add_service(record(1_000)).await.unwrap_err().to_string();
    assert!(refused.contains("1000 services"), "{refused}");
    assert!(directory.remove_service(ServiceId::from_random(5)).await.unwrap());
    directory.add_service(record(1_000)).await.unwrap();
}

#[tokio::test]
async fn an_invitation_works_once_and_for_an_hour() {
    let World { directory, clock, .. } = &world();
    let machine = |number| MachineRecord {
        clone_seen: None,
        id: MachineId::from_random(number),
        name: "desk-1".to_owned(),
        enrolled: NOW,
    };
    let (invitation, expires) = directory.invite_machine().await.unwrap();
    assert_eq!(expires.unix_ms, NOW.unix_ms + 3_600_000);
    assert!(directory.is_invited(shown(&invitation)).await.unwrap());
    let credential = directory.enroll_machine(shown(&invitation), machine(1)).await.unwrap();
    let again = directory.enroll_machine(shown(&invitation), machine(2)).await.unwrap_err();
    assert!(matches!(again, DirectoryError::InvitationOver));
    let found = directory.machine_by_credential(shown(&credential)).await.unwrap();
    assert_eq!(found, Some(MachineId::from_random(1)));

    let (late, _) = directory.invite_machine().await.unwrap();
    clock.advance(Duration::from_hours(1));
    assert!(!directory.is_invited(shown(&late)).await.unwrap());
    let over = directory.enroll_machine(shown(&late), machine(3)).await.unwrap_err();
    assert!(matches!(over, DirectoryError::InvitationOver));
}

#[tokio::test]
async fn a_service_has_its_limits() {
    let World { directory, .. } = &world();
    let service = Service {
        id: ServiceId::from_random(1),
        act_for: true,
        pools: Some(vec![PoolId::new("infor-crm").unwrap()]),
        clients: None,
    };
    let record = ServiceRecord { service: service.clone(), name: "crm".to_owned(), created: NOW };
    let token = directory.add_service(record.clone()).await.unwrap();
    let again = directory.add_service(record).await.unwrap_err();
    assert!(matches!(again, DirectoryError::ServiceTaken(_)));
    let principal = directory.principal(shown(&token)).await.unwrap();
    assert_eq!(principal, Some(Principal::Service(service.clone())));
    assert!(!service.may_use(&PoolId::new("other").unwrap()));
    assert!(directory.remove_service(service.id).await.unwrap());
    assert_eq!(directory.principal(shown(&token)).await.unwrap(), None);
}

#[tokio::test]
async fn only_the_right_password_of_the_right_person_matches() {
    let World { directory, .. } = &world();
    let passwords = Passwords::new().unwrap();
    let right = hotseat_protocol::ids::Secret::new("lucy's own password");
    let new = NewPassword::new(right.clone()).unwrap();
    let password_hash = passwords.hash(&new).await.unwrap();
    assert!(password_hash.starts_with("$argon2id$"));
    directory.add_person(NewPerson { password_hash, ..person(1, "lucy@x") }).await.unwrap();
    let matching = |email, password| {
        passwords.matching_person(directory, email, password, Source::Administrator)
    };
    assert_eq!(matching(" LUCY@x", &right).await.unwrap(), Some(UserId::from_random(1)));
    let wrong = hotseat_protocol::ids::Secret::new("lucy's old password");
    assert_eq!(matching("lucy@x", &wrong).await.unwrap(), None);
    assert_eq!(matching("bill@x", &right).await.unwrap(), None);
    assert_eq!(matching("no address", &right).await.unwrap(), None);
}

#[tokio::test]
async fn once_it_is_closed_nothing_of_it_has_the_store_open() {
    let World { directory, clock, folder } = world();
    // Whoever has another handle does not keep the store.
    let another = directory.clone();
    directory.close().await;
    let again = start(&folder, &clock);
    assert!(matches!(another.machines().await, Err(DirectoryError::Stopping)));
    // The last handle closes it, too.
    drop(again);
    drop(start(&folder, &clock));
}
