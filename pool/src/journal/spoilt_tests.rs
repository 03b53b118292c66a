//! The list of columns against the tables that there are.

use super::*;
use crate::journal::columns::LATEST_MS;
use crate::journal::store::newest_version;

#[test]
fn every_column_of_every_table_is_judged() {
    let version = newest_version();
    let new = made_new(version).unwrap();
    let select = "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
                  WHERE m.type = 'table' ORDER BY 1";
    let mut select = new.prepare(select).unwrap();
    let there: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let columns = |table: &'static Table| {
        table.columns.iter().map(|(column, _)| format!("{}.{column}", table.name))
    };
    let mut judged: Vec<String> = TABLES.iter().flat_map(columns).collect();
    judged.sort();
    assert_eq!(judged, there, "say in columns.rs what each column must hold");
    // And each is there from the version on that is said.
    for table in TABLES {
        let before = made_new(table.since - 1).unwrap();
        assert!(shape(&before, table.name).unwrap().is_empty(), "{}", table.name);
        let made = made_new(table.since).unwrap();
        assert!(!shape(&made, table.name).unwrap().is_empty(), "{}", table.name);
    }
    assert!(spoilt(&new, version).unwrap().is_empty());
}

/// When the records 1 to 4 were written, one of them far ahead.
fn times(store: &Connection, own_ms: [i64; 4]) {
    for (seq, own_ms) in (1..).zip(own_ms) {
        let record = "INSERT INTO journal (seq, at_ms, generation, version, kind, payload)
                      VALUES (?1, 0, 1, 1, 'requests_aged', '{}')";
        store.execute(record, [seq]).unwrap();
        let time = "INSERT INTO journal_time (seq, own_ms) VALUES (?1, ?2)";
        store.execute(time, [i64::from(seq), own_ms]).unwrap();
    }
    store.execute("INSERT INTO own_time (id, own_ms, wall_ms) VALUES (1, 50, 50)", []).unwrap();
}

#[test]
fn a_time_that_is_far_ahead_costs_no_other_its_own() {
    let version = newest_version();
    for (own_ms, left) in [
        ([10, LATEST_MS, 30, 40], vec![1, 3, 4]),
        ([10, 20, 15, 40], vec![1, 2, 4]),
        ([10, 20, 30, 40], vec![1, 2, 3, 4]),
    ] {
        let mut store = made_new(version).unwrap();
        times(&store, own_ms);
        make_again(&mut store, version).unwrap();
        let mut select = store.prepare("SELECT seq FROM journal_time ORDER BY seq").unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        assert_eq!(rows.collect::<Result<Vec<u32>, _>>().unwrap(), left, "{own_ms:?}");
    }
}
