//! What was written down about a person, as that person reads it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Server, WALL, email, seat_path};

const MINE: &str = "/api/v1/me/history";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn whats(history: &Value) -> Vec<&str> {
    let records = history["records"].as_array().unwrap().iter();
    records.map(|record| record["what"].as_str().unwrap()).collect()
}

#[test]
fn everything_about_me_is_told_and_nothing_about_others() {
    let server = Server::start(1);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("network").expect(201);
    bill.sign_on("network").expect(409);
    bill.check("mobile").expect(409);
    let waits = json!({ "request_id": crate::world::fresh(), "client": "web", "wait": "ask" });
    bill.post(&crate::world::seats(), &waits).expect(202);
    let reclaim = format!("/api/v1/seats/{}/reclaim", seat["id"].as_str().unwrap());
    server.admin().post(&reclaim, &json!({ "note": "the audit" })).expect(204);
    bill.get(&format!("/api/v1/requests/{}", waits["request_id"].as_str().unwrap())).expect(200);

    let told = lucy.get(MINE).expect(200);
    assert_eq!(whats(&told), ["user_added", "seat_granted", "seat_released"]);
    let released = &told["records"][2];
    assert_eq!(
        (&released["reason"], &released["note"]),
        (&json!("reclaimed"), &json!("the audit"))
    );
    assert_eq!(released["by"], "an administrator");
    assert!(!told.to_string().contains("Bill"), "{told}");

    let told = bill.get(MINE).expect(200);
    let expected = ["user_added", "sign_on_refused", "checks_refused", "place_taken", "offered"];
    assert_eq!(whats(&told), expected);
    assert!(!told.to_string().contains("Lucy"), "{told}");
    let all = server.history();
    let mine = told["records"].as_array().unwrap();
    // As an administrator reads them, who alone is told which administrator it was, and from where.
    let mut all = all;
    for record in &mut all {
        record.as_object_mut().unwrap().remove("address");
        if record["by"] == "admin token" {
            record["by"] = json!("an administrator");
        }
    }
    assert!(mine.iter().all(|record| all.contains(record)), "as an administrator reads them");
    assert_eq!(mine[0]["by"], "an administrator");
}

#[test]
fn it_reaches_back_as_many_days_as_asked() {
    let server = Server::with_own_time(2);
    let lucy = server.person("Lucy");
    let seat = lucy.sign_on("network").expect(201);
    lucy.delete(&seat_path(&seat)).expect(204);
    server.pause(10 * DAY);
    lucy.check("web").expect(200);
    lucy.sign_on("network").expect(201);
    assert_eq!(whats(&lucy.get(MINE).expect(200)), ["seat_granted"]);
    assert_eq!(lucy.get(&format!("{MINE}?days=7")).expect(200), lucy.get(MINE).expect(200));
    let longer = lucy.get(&format!("{MINE}?days=11")).expect(200);
    assert_eq!(whats(&longer), ["user_added", "seat_granted", "seat_released", "seat_granted"]);
    // In pages, too.
    let page = lucy.get(&format!("{MINE}?days=400&limit=3")).expect(200);
    let rest = lucy.get(&format!("{MINE}?days=400&after={}", page["next"])).expect(200);
    let paged = [page, rest].map(|page| page["records"].as_array().unwrap().clone()).concat();
    assert_eq!(json!(paged), longer["records"]);
    for query in ["?days=0", "?days=401", "?days=-1", "?days=week", "?limit=1001", "?user=Bill"] {
        lucy.get(&format!("{MINE}{query}")).expect(422);
    }
}

#[test]
fn no_setting_of_the_wall_clock_hides_a_record_or_brings_an_old_one_back() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    for jump in [YEAR_MS, -YEAR_MS, 100 * YEAR_MS, -WALL.unix_ms] {
        let server = Server::with_own_time(2);
        let lucy = server.person("Lucy");
        server.pause(10 * DAY);
        let right = WALL.unix_ms + 10 * 24 * 3_600_000;
        lucy.check("web").expect(200);
        let before = lucy.sign_on("network").expect(201);
        server.set_wall(right + jump);
        lucy.delete(&seat_path(&before)).expect(204);
        let while_wrong = lucy.get(&format!("{MINE}?days=1")).expect(200);
        assert_eq!(whats(&while_wrong), ["seat_granted", "seat_released"], "{jump}");
        server.advance(Duration::from_secs(60));
        server.set_wall(right + 60_000);
        lucy.sign_on("network").expect(201);
        let set_right = lucy.get(&format!("{MINE}?days=1")).expect(200);
        let today = ["seat_granted", "seat_released", "seat_granted"];
        assert_eq!(whats(&set_right), today, "{jump}");
        // What the wrong clock was shown on is no newer for that.
        server.pause(2 * DAY);
        lucy.check("web").expect(200);
        assert_eq!(whats(&lucy.get(&format!("{MINE}?days=1")).expect(200)), [""; 0], "{jump}");
        let server = server.restart();
        let lucy = server.log_in("Lucy");
        assert_eq!(whats(&lucy.get(&format!("{MINE}?days=7")).expect(200)), today, "{jump}");
    }
}

#[test]
fn it_is_for_people_only() {
    let server = Server::start(2);
    server.client().get(MINE).expect(401);
    for nobody in [server.admin(), server.application_server()] {
        assert_eq!(nobody.get(MINE).expect(403)["code"], "not_allowed");
    }
    // Who is disabled may still read what is known about them.
    let lucy = server.person("Lucy");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    server.admin().patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!(whats(&lucy.get(MINE).expect(200)), ["user_added", "user_changed"]);
}
