//! The inputs that are kept for a target: thousands of small files, in one archive.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, HeaderMode};

/// Unpacks an archive into an empty folder, which is made. A target without an archive has no
/// inputs yet.
///
/// # Errors
///
/// If the archive has anything but plain files, or cannot be read.
pub(super) fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let cannot = || format!("cannot unpack {} into {}", archive.display(), folder.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(cannot);
        }
        _ => fs::create_dir_all(folder).with_context(cannot)?,
    }
    let packed = match File::open(archive) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        packed => packed.with_context(cannot)?,
    };
    for entry in Archive::new(GzDecoder::new(packed)).entries().with_context(cannot)? {
        let mut entry = entry.with_context(cannot)?;
        let plain = entry.header().entry_type() == EntryType::Regular;
        if !plain || !entry.unpack_in(folder).with_context(cannot)? {
            bail!("{} has something else than files: make it again", archive.display());
        }
    }
    Ok(())
}

/// Packs the files of a folder. The same files make the same archive, whenever and by whomever.
///
/// # Errors
///
/// If a file cannot be read, or the archive cannot be written; the one before is there then.
pub(super) fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let cannot = || format!("cannot pack {} into {}", folder.display(), archive.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        names.push(entry.with_context(cannot)?.file_name());
    }
    names.sort();
    let unfinished = archive.with_extension("unfinished");
    let packed = File::create(&unfinished).with_context(cannot)?;
    let mut builder = Builder::new(GzEncoder::new(packed, Compression::best()));
    builder.mode(HeaderMode::Deterministic);
    for name in names {
        builder.append_path_with_name(folder.join(&name), &name).with_context(cannot)?;
    }
    let packed = builder.into_inner().and_then(GzEncoder::finish).with_context(cannot)?;
    packed.sync_all().with_context(cannot)?;
    fs::rename(&unfinished, archive).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_the_same_files_make_the_same_archive() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("first")).expect("a folder");
        for (name, bytes) in [("b", &b"\0\xff"[..]), ("a", b""), ("c", &[7; 5_000])] {
            fs::write(at("first").join(name), bytes).expect("it can be written");
        }
        pack(&at("first"), &at("1.tar.gz")).expect("it is packed");
        unpack(&at("1.tar.gz"), &at("second")).expect("it is unpacked");
        assert_eq!(fs::read(at("second").join("b")).expect("it is there"), b"\0\xff");
        assert_eq!(fs::read_dir(at("second")).expect("it is there").count(), 3);
        fs::write(at("second").join("d"), "new").expect("it can be written");
        fs::remove_file(at("second").join("d")).expect("it is there");
        pack(&at("second"), &at("2.tar.gz")).expect("it is packed");
        let read = |name: &str| fs::read(at(name)).expect("it is there");
        assert_eq!(read("1.tar.gz"), read("2.tar.gz"));
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 4);
    }

    #[test]
    fn what_was_in_the_folder_before_is_gone_and_a_new_target_has_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = folder.path().join("kept");
        fs::create_dir(&kept).expect("a folder");
        fs::write(kept.join("of another day"), "x").expect("it can be written");
        unpack(&folder.path().join("none.tar.gz"), &kept).expect("nothing is unpacked");
        assert_eq!(fs::read_dir(&kept).expect("it is there").count(), 0);
    }

    #[test]
    fn an_archive_with_anything_but_files_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = folder.path().join("odd.tar.gz");
        let packed = File::create(&archive).expect("it can be written");
        let mut builder = Builder::new(GzEncoder::new(packed, Compression::fast()));
        builder.append_dir("below", folder.path()).expect("it is packed");
        builder.into_inner().and_then(GzEncoder::finish).expect("it is packed");
        let refused = unpack(&archive, &folder.path().join("kept"));
        assert!(refused.expect_err("a folder").to_string().contains("something else than files"));
    }
}
