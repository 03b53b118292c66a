//! Which files may name or be a hook.

use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};

use super::*;

fn write(path: &Path, mode: u32) {
    fs::write(path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_what_nobody_but_root_can_change_is_trusted() {
    if !is_administrator() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let open = dir.path().join("open");
    fs::create_dir(&open).unwrap();
    let good = dir.path().join("good");
    write(&good, 0o755);
    assert_eq!(only_root_writes(&good), Ok(()));

    let cases = [("group", 0o775, 0), ("everybody", 0o757, 0), ("foreign", 0o755, 65_534)];
    for (name, mode, uid) in cases {
        let path = dir.path().join(name);
        write(&path, mode);
        chown(&path, Some(uid), None).unwrap();
        let said = only_root_writes(&path).unwrap_err();
        assert!(said.contains(name) && said.contains("root only"), "{said}");
        // Not through a link that is root's own, either.
        let link = dir.path().join(format!("link to {name}"));
        symlink(&path, &link).unwrap();
        only_root_writes(&link).unwrap_err();
    }

    // A directory in which others can put another file in its place.
    let inside = open.join("hook");
    write(&inside, 0o755);
    assert_eq!(only_root_writes(&inside), Ok(()));
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let said = only_root_writes(&inside).unwrap_err();
    assert!(said.contains("chmod go-w"), "{said}");
    let said = only_root_writes(&dir.path().join("missing")).unwrap_err();
    assert!(said.contains("missing"), "{said}");

    // Nor the link in the middle, in a directory of others.
    symlink(&good, open.join("middle")).unwrap();
    let first = dir.path().join("first");
    symlink(open.join("middle"), &first).unwrap();
    let said = only_root_writes(&first).unwrap_err();
    assert!(said.contains("chmod go-w"), "{said}");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    assert_eq!(only_root_writes(&first), Ok(()));
    lchown(open.join("middle"), Some(65_534), None).unwrap();
    let said = only_root_writes(&first).unwrap_err();
    assert!(said.contains("a link that uid 65534 has made"), "{said}");
}
