//! Hashes that name their own cost: one that costs too much is refused, never worked out.

use hotseat_protocol::ids::Secret;

use super::*;

/// A hash with these costs, of a password that nobody knows.
fn hash(costs: &str) -> String {
    let rest = "$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    format!("$argon2id$v=19${costs}{rest}")
}

#[tokio::test]
async fn a_stored_hash_that_costs_too_much_is_unusable_and_never_worked_out() {
    let World { directory, clock, folder } = world();
    let passwords = Passwords::new().unwrap();
    let costs = ["m=64,t=2,p=5", "m=64,t=100000,p=1", "m=65537,t=1,p=1", "m=4194304,t=99,p=1"];
    for (number, costs) in (1..).zip(costs) {
        let password_hash = hash(costs);
        let email = format!("person-{number}@x");
        directory.add_person(NewPerson { password_hash, ..person(number, &email) }).await.unwrap();
        let typed = Secret::new("whatever it is");
        let refused = passwords.matching_person(&directory, &email, &typed, Source::Administrator);
        let refused = refused.await.unwrap_err();
        assert!(matches!(refused, DirectoryError::UnusablePassword), "{costs}: {refused}");
    }
    // The next start says so, and starts.
    drop(directory);
    let directory = start(&folder, &clock);
    let new = NewPassword::new(Secret::new("a new password")).unwrap();
    let better = Some(passwords.hash(&new).await.unwrap());
    let first = UserId::from_random(1);
    assert!(directory.change_person(first, None, better).await.unwrap().found);
    let found =
        passwords.matching_person(&directory, "person-1@x", new.secret(), Source::Administrator);
    assert_eq!(found.await.unwrap(), Some(first), "a new password mends it");
}
