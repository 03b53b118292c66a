//! A machine with its own broker: enrolled, started, killed and started again at will.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::children::{Child, Children, Finished};
use crate::launch::Launch;
use crate::paths::Programs;
use crate::people::Person;
use crate::pool_server::{PoolServer, expect_success};

/// A machine, its broker running unless it was killed.
#[derive(Debug)]
pub struct BrokerHost {
    /// The broker's process.
    pub child: Child,
    children: Children,
    files: Files,
}

/// Which broker it is, and where its files are.
#[derive(Debug)]
struct Files {
    programs: Programs,
    folder: PathBuf,
    settings: Settings,
}

impl BrokerHost {
    /// Enrols a machine with a pool server and starts its broker. Its files go into `folder` (a short path: the
    /// socket is in it); `settings` are further environment variables, such as `DBUS_SYSTEM_BUS_ADDRESS`.
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn start(
        children: &Children,
        folder: &Path,
        pool: &PoolServer,
        settings: &[(&str, &str)],
    ) -> Result<BrokerHost> {
        BrokerHost::start_of(Programs::built()?, children, folder, pool, settings)
    }

    /// The same with the broker and the command line of any release.
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn start_of(
        programs: Programs,
        children: &Children,
        folder: &Path,
        pool: &PoolServer,
        settings: &[(&str, &str)],
    ) -> Result<BrokerHost> {
        let files = prepare(programs, folder, settings)?;
        let enroll = launch_enroll(&files, pool, &pool.url())?;
        expect_success(&children.run(enroll)?, "hotseat-broker enroll")?;
        BrokerHost::run(children, files)
    }

    /// Starts the broker of a machine that no pool server knows, with files and settings as in [`BrokerHost::start`].
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start_unenrolled(
        children: &Children,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<BrokerHost> {
        BrokerHost::run(children, prepare(Programs::built()?, folder, settings)?)
    }

    /// Enrols the machine with a pool server; its broker is restarted for that.
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn enroll(&mut self, pool: &PoolServer) -> Result<()> {
        self.enroll_at(pool, &pool.url())
    }

    /// The same for a machine that reaches the pool server elsewhere, such as through a relay.
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn enroll_at(&mut self, pool: &PoolServer, url: &str) -> Result<()> {
        self.child.terminate();
        self.child.wait()?;
        let enroll = launch_enroll(&self.files, pool, url)?;
        expect_success(&self.children.run(enroll)?, "hotseat-broker enroll")?;
        self.restart()
    }

    fn run(children: &Children, files: Files) -> Result<BrokerHost> {
        let child = children.start(launch_run(&files)?)?;
        let mut host = BrokerHost { child, children: children.clone(), files };
        host.wait_until_up()?;
        Ok(host)
    }

    /// Starts the broker again in the same boot, after it ended.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        self.child = self.children.start(launch_run(&self.files)?)?;
        self.wait_until_up()
    }

    /// Writes the broker's configuration file, which its next start reads.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn configure(&self, text: &str) -> Result<()> {
        let file = config_file(&self.files.folder);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Makes the next start of the broker look like one after another boot of the machine.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn next_boot(&self, number: u32) -> Result<()> {
        write_boot_id(&self.files.folder, number)
    }

    /// Waits until the broker takes connections.
    ///
    /// # Errors
    /// If it ends first or does not come up.
    pub fn wait_until_up(&mut self) -> Result<()> {
        let socket = self.socket();
        self.child.wait_until("the broker takes connections", || {
            // A socket file may be left of a broker that was killed.
            Ok(std::os::unix::net::UnixStream::connect(&socket).ok().map(drop))
        })
    }

    /// The broker's socket.
    pub fn socket(&self) -> PathBuf {
        socket(&self.files.folder)
    }

    /// The broker's state directory.
    pub fn state_dir(&self) -> PathBuf {
        state_dir(&self.files.folder)
    }

    /// The command line on this machine, ready for more arguments, input, or a desktop to run on.
    ///
    /// # Errors
    /// If it was not built.
    pub fn hotseat(&self, name: &str, arguments: &[&str]) -> Result<Launch> {
        self.hotseat_of(&self.files.programs, name, arguments)
    }

    /// The command line of any release on this machine.
    ///
    /// # Errors
    /// If it was not built.
    pub fn hotseat_of(
        &self,
        programs: &Programs,
        name: &str,
        arguments: &[&str],
    ) -> Result<Launch> {
        let launch = Launch::new(name, programs.program("hotseat")?).args(arguments);
        Ok(launch.env("HOME", &self.files.folder).env("HOTSEAT_SOCKET", self.socket()))
    }

    /// Runs a verb of the command line to its end.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn run_hotseat(&self, arguments: &[&str]) -> Result<Finished> {
        let name = format!("hotseat-{}", arguments.first().unwrap_or(&"help"));
        self.children.run(self.hotseat(&name, arguments)?)
    }

    /// Logs a person in on this machine.
    ///
    /// # Errors
    /// If the log-in is refused.
    pub fn log_in(&self, person: &Person) -> Result<()> {
        let launch = self.hotseat("hotseat-login", &["login", person.email, "--yes"])?;
        let finished = self.children.run(launch.stdin(format!("{}\n", person.password)))?;
        expect_success(&finished, "hotseat login")
    }
}

type Settings = Vec<(String, String)>;

fn state_dir(folder: &Path) -> PathBuf {
    folder.join("state")
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("broker.sock")
}

fn boot_id_file(folder: &Path) -> PathBuf {
    folder.join("boot_id")
}

fn config_file(folder: &Path) -> PathBuf {
    folder.join("broker.toml")
}

fn write_boot_id(folder: &Path, number: u32) -> Result<()> {
    let file = boot_id_file(folder);
    let text = format!("00000000-0000-4000-8000-{number:012}\n");
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Makes the machine's folder and what is in it from the beginning.
fn prepare(programs: Programs, folder: &Path, settings: &[(&str, &str)]) -> Result<Files> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A configuration of its own, so that none of this computer's is read.
    let config = config_file(folder);
    fs::write(&config, "").with_context(|| format!("cannot write {}", config.display()))?;
    // The machine's boot id is a file of the test's own, so that a test can "reboot" it.
    write_boot_id(folder, 1)?;
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let settings = settings.iter().map(owned).collect();
    Ok(Files { programs, folder: folder.to_path_buf(), settings })
}

fn launch_enroll(files: &Files, pool: &PoolServer, url: &str) -> Result<Launch> {
    let enroll = launch(files, "broker-enroll", &["enroll", "--server", url])?;
    Ok(enroll
        .args([Path::new("--state-dir"), &state_dir(&files.folder)])
        .stdin(format!("{}\n", pool.invite_machine()?)))
}

fn launch_run(files: &Files) -> Result<Launch> {
    Ok(launch(files, "broker", &["run"])?
        .args([Path::new("--state-dir"), &state_dir(&files.folder)])
        .args([Path::new("--socket"), &socket(&files.folder)]))
}

fn launch(files: &Files, name: &str, arguments: &[&str]) -> Result<Launch> {
    let Files { programs, folder, settings } = files;
    let launch = Launch::new(name, programs.program("hotseat-broker")?)
        .args(arguments)
        .env("HOME", folder)
        .args([Path::new("--config"), &config_file(folder)])
        .env("HOTSEAT_BROKER_BOOT_ID_FILE", boot_id_file(folder));
    Ok(settings.iter().fold(launch, |launch, (name, value)| launch.env(name, value)))
}
