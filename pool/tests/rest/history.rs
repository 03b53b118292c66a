//! The journal as an administrator reads it.

use serde_json::{Value, json};

use crate::world::{POOL, Server, seat_path};

fn told(records: &[Value]) -> Vec<(&str, &str, &str)> {
    let records = records.iter().filter(|record| record.get("user").is_some());
    let told = records.map(|record| {
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        (text("what"), text("user"), text("reason"))
    });
    told.collect()
}

#[test]
fn it_names_who_what_and_why() {
    let server = Server::start(1);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("network").expect(201);
    bill.sign_on("web").expect(409);
    bill.check("mobile").expect(409);
    bill.check("mobile").expect(409);
    lucy.delete(&seat_path(&seat)).expect(204);
    let records = server.history();
    assert_eq!(
        told(&records),
        [
            ("user_added", "Lucy", ""),
            ("user_added", "Bill", ""),
            ("seat_granted", "Lucy", ""),
            ("sign_on_refused", "Bill", "pool_full"),
            ("checks_refused", "Bill", "pool_full"),
            ("seat_released", "Lucy", "signed_off_by_the_user"),
        ]
    );
    let released = records.last().unwrap();
    assert_eq!(released["pool"], POOL);
    assert_eq!(released["client"], "network");
    assert_eq!(released["seat"], seat["id"]);
    assert_eq!(released["by"], "Lucy");
    // Numbers without a gap.
    let numbers: Vec<u64> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn it_comes_in_pages_and_by_pool() {
    let server = Server::start(1);
    server.person("Lucy");
    let admin = server.admin();
    let all = server.history();
    let mut after = Value::from(0);
    let mut paged = Vec::new();
    loop {
        let page = admin.get(&format!("/api/v1/history?limit=1&after={after}")).expect(200);
        paged.extend(page["records"].as_array().unwrap().clone());
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!(paged, all);
    let of_pool = admin.get(&format!("/api/v1/history?pool={POOL}")).expect(200);
    let of_pool = of_pool["records"].as_array().unwrap();
    assert_eq!(of_pool.len(), 1);
    assert_eq!(of_pool[0]["what"], "pool_defined");
    assert_eq!(admin.get("/api/v1/history?pool=none").expect(200)["records"], json!([]));
    server.log_in("Lucy").get("/api/v1/history").expect(403);
}
