//! The list of columns against the tables that there are.

use super::*;
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
