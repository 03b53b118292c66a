//! Two hold, the third is refused: over REST, by the command line and by the tray.

use hotseat_tests::people::{BILL, LUCY, OLAF};
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::world::{World, says_held, sign_on};
use serde_json::json;

const MESSAGE: &str = "there are no concurrent licenses available for use";

#[tokio::test(flavor = "multi_thread")]
async fn two_hold_and_the_third_is_refused_everywhere() {
    let world = World::new().unwrap();
    let lucy = world.desk(LUCY).await.unwrap();
    let bill = world.machine(BILL).unwrap();
    let olaf = world.desk(OLAF).await.unwrap();
    lucy.choose("Take a seat").await.unwrap();
    says_held(&lucy.host, true).await.unwrap();
    let (_program, _) = world.run_program(&bill, &BILL).await.unwrap();

    let token = world.pool.log_in(&OLAF).unwrap();
    let body = json!({
        "request_id": "7a9d9a52-6f0f-4f5e-9d6a-1f3b7f1f7a10", "client": "network",
    });
    let answer = token.post(&format!("/api/v1/pools/{POOL}/seats"), &body).unwrap();
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(answer.content_type, "application/problem+json");
    assert_eq!(answer.body["code"], "pool_full");
    assert_eq!(answer.body["legacy_message"], MESSAGE);
    assert_eq!((&answer.body["seats"], &answer.body["in_use"]), (&json!(2), &json!(2)));
    let holders = answer.body["holders"].as_array().unwrap();
    let names: Vec<_> = holders.iter().map(|holder| holder["user"].as_str().unwrap()).collect();
    assert_eq!(names, ["Lucy", "Bill"]);

    let refused = olaf.hotseat(&["sign-on", POOL]).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    for words in [MESSAGE, "Lucy", "Bill"] {
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    let item = olaf.item().unwrap();
    item.wait_for_line("Infor CRM: no seat, 2 of 2 in use").await.unwrap();
    let words = item.words().await.unwrap();
    assert!(words.contains(&"Wait for a seat".to_owned()), "{words:?}");
    assert!(!words.contains(&"Take a seat".to_owned()), "{words:?}");
    assert_eq!(world.journal.pool().unwrap().pool.in_use, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_given_back_by_the_command_line_is_free_at_once() {
    let world = World::new().unwrap();
    let lucy = world.desk(LUCY).await.unwrap();
    sign_on(&world, &lucy).unwrap();
    let item = lucy.item().unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 1 of 2 in use").await.unwrap();
    expect_success(&lucy.hotseat(&["sign-off"]).unwrap(), "hotseat sign-off").unwrap();
    says_held(&lucy.host, false).await.unwrap();
    item.wait_for_line("Infor CRM: no seat, 0 of 2 in use").await.unwrap();
    assert_eq!(world.journal.pool().unwrap().pool.in_use, 0);
}
