//! The window's TypeScript types are those of `views.rs`.

use std::{fs, path::Path};

use ts_rs::{Config, TS};

use super::{Idle, UiError, WindowView};

/// Writes the bindings anew when they differ, and fails so that the change is seen and committed.
#[test]
fn the_bindings_of_the_window_are_up_to_date() {
    let fresh = tempfile::tempdir().unwrap();
    let config = Config::new().with_out_dir(fresh.path());
    WindowView::export_all(&config).unwrap();
    UiError::export_all(&config).unwrap();
    let generated = fs::read_to_string(fresh.path().join("view.ts")).unwrap();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings/view.ts");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    // A checkout on Windows may have other line ends.
    if kept.replace('\r', "") != generated {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, generated).unwrap();
        panic!("ui/src/bindings/view.ts was stale and has been written anew: commit it");
    }
}

#[test]
fn idle_times_below_a_minute_are_activity_and_unknown_stays_unknown() {
    assert_eq!(Idle::from_seconds(None), Idle::Unknown);
    assert_eq!(Idle::from_seconds(Some(0)), Idle::Active);
    assert_eq!(Idle::from_seconds(Some(59)), Idle::Active);
    assert_eq!(Idle::from_seconds(Some(60)), Idle::Idle { seconds: 60 });
    assert_eq!(Idle::from_seconds(Some(u64::MAX)), Idle::Idle { seconds: u32::MAX });
}

#[test]
fn the_window_reads_camel_case_with_kinds() {
    let idle = serde_json::to_value(Idle::Idle { seconds: 720 }).unwrap();
    assert_eq!(idle, serde_json::json!({ "kind": "idle", "seconds": 720 }));
}
