//! Addresses and passwords that look the same are the same.

use hotseat_protocol::ids::Secret;

use super::*;
use crate::directory::Source;
use crate::directory::hashing::Hashing;

const SOMEWHERE: Source = Source::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
const COMPOSED: &str = "j\u{fc}rgen@m\u{fc}nchen.example";
const DECOMPOSED: &str = "ju\u{308}rgen@mu\u{308}nchen.example";
const ASCII_DOMAIN: &str = "J\u{dc}RGEN@xn--mnchen-3ya.example";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn new(text: &str) -> NewPassword {
    NewPassword::new(secret(text)).unwrap()
}

#[tokio::test]
async fn an_account_is_found_and_taken_in_every_spelling() {
    let World { directory, .. } = &world();
    let passwords = Passwords::new().unwrap();
    let password_hash = passwords.hash(&new("p\u{e4}ssword of mine")).await.unwrap();
    directory.add_person(NewPerson { password_hash, ..person(1, COMPOSED) }).await.unwrap();
    let again = directory.add_person(person(2, DECOMPOSED)).await.unwrap_err();
    assert!(matches!(again, DirectoryError::EmailTaken(_)), "{again}");
    for email in [COMPOSED, DECOMPOSED, ASCII_DOMAIN] {
        assert_eq!(directory.names().by_email(email), Some(UserId::from_random(1)), "{email}");
        for password in ["p\u{e4}ssword of mine", "pa\u{308}ssword\u{a0}of\u{3000}mine"] {
            let found =
                passwords.matching_person(directory, email, &secret(password), SOMEWHERE).await;
            assert_eq!(found.unwrap(), Some(UserId::from_random(1)), "{email} {password}");
        }
    }
}

#[tokio::test]
async fn a_password_hashed_as_it_was_typed_goes_on_to_count_and_then_counts_in_every_spelling() {
    let World { directory, .. } = &world();
    let (passwords, user) = (Passwords::new().unwrap(), UserId::from_random(1));
    let typed = secret("pa\u{308}ssword of mine");
    let password_hash = Hashing::default().hash(typed.expose()).unwrap();
    directory.add_person(NewPerson { password_hash, ..person(1, "lucy@x") }).await.unwrap();
    let token = directory.issue_token(user, None).await.unwrap();
    let matching = |password| passwords.matching_person(directory, "lucy@x", password, SOMEWHERE);
    let composed = secret("p\u{e4}ssword of mine");
    assert_eq!(matching(&composed).await.unwrap(), None, "nobody knows that form of it");
    assert_eq!(matching(&typed).await.unwrap(), Some(user));
    assert_eq!(matching(&composed).await.unwrap(), Some(user), "it was hashed in its one form");
    assert_eq!(matching(&typed).await.unwrap(), Some(user));
    assert!(directory.principal(shown(&token.token)).await.unwrap().is_some(), "logged out");
}

#[tokio::test]
async fn the_accounts_of_an_older_store_are_all_still_found() {
    let World { directory, clock, folder } = world();
    for (number, email) in [(1, "a@x"), (2, "b@x"), (3, "c@x"), (4, "d@x")] {
        directory.add_person(person(number, email)).await.unwrap();
    }
    let stored = [(1, COMPOSED), (2, DECOMPOSED), (3, "bu\u{308}cher@x"), (4, "lu\u{ad}cy@x")];
    directory
        .change(move |transaction| {
            for (number, email) in stored {
                let id = rows::Id(UserId::from_random(number).0);
                let update = "UPDATE person SET email = ?2 WHERE id = ?1";
                transaction.execute(update, rusqlite::params![id, email])?;
            }
            Ok(())
        })
        .await
        .unwrap();
    drop(directory);
    let directory = start(&folder, &clock);
    let names = directory.names();
    let found = |typed| names.by_email(typed);
    // Both look the same: each is found as it was typed, and any other spelling is the normal one.
    assert_eq!(found(COMPOSED), Some(UserId::from_random(1)));
    assert_eq!(found(DECOMPOSED), Some(UserId::from_random(2)));
    assert_eq!(found(ASCII_DOMAIN), Some(UserId::from_random(1)));
    // What looked like nobody else's got its normal form.
    assert_eq!(found("b\u{fc}cher@x"), Some(UserId::from_random(3)));
    assert_eq!(found("bu\u{308}cher@x"), Some(UserId::from_random(3)));
    assert_eq!(names.person(UserId::from_random(3)).unwrap().email, "b\u{fc}cher@x");
    // What would not be taken today stays.
    assert_eq!(found("LU\u{ad}cy@x"), Some(UserId::from_random(4)));
}
