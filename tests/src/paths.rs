//! Where the built programs and the workspace are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The workspace: where `Cargo.toml` and `Cargo.lock` are.
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests is a folder of the workspace").to_path_buf()
}

/// The folder with the built programs, the one that this test or demo was itself built into.
///
/// # Errors
/// If the running program cannot be located.
pub fn programs_dir() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = own.parent().context("this program is in no folder")?;
    // Test programs are one folder deeper than the others.
    let is_deps = folder.file_name().is_some_and(|name| name == "deps");
    let programs = if is_deps { folder.parent() } else { Some(folder) };
    Ok(programs.context("this program is not in a target directory")?.to_path_buf())
}

/// A program of ours, by the name of its binary.
///
/// # Errors
/// If it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    Programs::built()?.program(name)
}

/// The programs of one release.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those that were built with this test.
    ///
    /// # Errors
    /// If the running program cannot be located.
    pub fn built() -> Result<Programs> {
        Ok(Programs::at(programs_dir()?))
    }

    /// Those in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Programs {
        Programs { folder: folder.into() }
    }

    /// One of them, by the name of its binary.
    ///
    /// # Errors
    /// If it was not built.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
        bail!("{} was not built: run `cargo build --workspace --bins` first", path.display())
    }
}

/// The folder for what a person may want to look at after a run, such as screenshots.
///
/// # Errors
/// If the running program cannot be located.
pub fn target_dir() -> Result<PathBuf> {
    let programs = programs_dir()?;
    Ok(programs.parent().context("the programs are in no target directory")?.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_holds_the_lock_file() {
        assert!(workspace().join("Cargo.lock").is_file());
    }

    #[test]
    fn a_program_that_was_not_built_is_named_with_the_way_to_build_it() {
        let error = program("hotseat-no-such").expect_err("there is no such program");
        assert!(error.to_string().contains("cargo build --workspace --bins"), "{error}");
    }
}
