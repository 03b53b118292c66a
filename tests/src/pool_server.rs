//! A real pool server with its own store: started, killed, frozen and started again at will.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::children::{Child, Children, Finished};
use crate::http::Client;
use crate::launch::Launch;
use crate::paths::Programs;
use crate::people::Person;
use crate::ports::Port;
use crate::waiting::PATIENCE;

/// The pool that the preset makes.
pub const POOL: &str = "infor-crm";

/// A pool server, running unless it was killed.
#[derive(Debug)]
pub struct PoolServer {
    /// Its process.
    pub child: Child,
    children: Children,
    files: Files,
    port: Port,
}

/// Which server it is, and where its files are.
#[derive(Debug)]
struct Files {
    programs: Programs,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

impl PoolServer {
    /// Makes a store with the preset and starts a server on it. Its files go into `folder`; `settings` are
    /// further environment variables (`HOTSEAT_POOL_...`).
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn start(
        children: &Children,
        folder: &Path,
        seats: u32,
        people: &[Person],
        settings: &[(&str, &str)],
    ) -> Result<PoolServer> {
        PoolServer::start_of(Programs::built()?, children, folder, seats, people, settings)
    }

    /// The same with the server of any release.
    ///
    /// # Errors
    /// If a step fails, with what the program said.
    pub fn start_of(
        programs: Programs,
        children: &Children,
        folder: &Path,
        seats: u32,
        people: &[Person],
        settings: &[(&str, &str)],
    ) -> Result<PoolServer> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let files = Files { programs, folder: folder.to_path_buf(), settings };
        let port = Port::reserve()?;
        let init = ["init", "--preset", POOL, "--yes"];
        let launch = launch(&files, port.address(), "pool-init", &init)?
            .args(["--seats", &seats.to_string()]);
        expect_success(&children.run(launch)?, "hotseat-pool init")?;
        let child = children.start(launch_serve(&files, port.address())?)?;
        let mut server = PoolServer { child, children: children.clone(), files, port };
        server.wait_until_ready()?;
        for person in people {
            server.add_user(person)?;
        }
        Ok(server)
    }

    /// Starts the server again on the same store and port, after it ended.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn restart(&mut self) -> Result<()> {
        self.child = self.children.start(launch_serve(&self.files, self.address())?)?;
        self.wait_until_ready()
    }

    /// Stops the server in good order and starts it again with these variables beside its own.
    ///
    /// # Errors
    /// If it does not end well or does not become ready.
    pub fn restart_with(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        if self.child.status()?.is_none() {
            self.child.terminate();
        }
        let ended = self.child.wait()?;
        if !ended.success() {
            bail!("the pool server ended with {ended}:\n{}", self.child.log());
        }
        let launch = launch_serve(&self.files, self.address())?;
        let launch = variables.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
        self.child = self.children.start(launch)?;
        self.wait_until_ready()
    }

    /// Waits until it serves; it may grant nothing yet.
    ///
    /// # Errors
    /// If it ends first or does not become ready.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let client = self.client();
        self.child.wait_until("the pool server is ready", || {
            // Nobody listens yet while it starts.
            Ok(client.get("/healthz").is_ok_and(|answer| answer.status == 200).then_some(()))
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where it listens, as brokers are told.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The folder of its store.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.files.folder)
    }

    /// A client without a token.
    pub fn client(&self) -> Client {
        Client::new(self.address()).with_timeout(PATIENCE)
    }

    /// A client with the administrator's token that `init` wrote.
    ///
    /// # Errors
    /// If there is no such token.
    pub fn admin(&self) -> Result<Client> {
        let file = self.data_dir().join("admin.token");
        let token =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(self.client().with_token(token.trim()))
    }

    /// A client that acts for a person who logged in.
    ///
    /// # Errors
    /// If the log-in is refused.
    pub fn log_in(&self, person: &Person) -> Result<Client> {
        let body = json!({"email": person.email, "password": person.password});
        let answer = self.client().post("/api/v1/login", &body)?;
        let token = answer.body["token"].as_str();
        let token = token.with_context(|| format!("{} cannot log in: {answer:?}", person.name))?;
        Ok(self.client().with_token(token))
    }

    /// Runs a verb of `hotseat-pool` beside the server.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn command(&self, arguments: &[&str], input: &str) -> Result<Finished> {
        let name = format!("pool-{}", arguments.first().unwrap_or(&"help"));
        let launch = launch(&self.files, self.address(), &name, arguments)?;
        self.children.run(launch.stdin(input))
    }

    /// Gives a person a log-in.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn add_user(&self, person: &Person) -> Result<()> {
        let finished = self.command(
            &["user", "add", person.email, "--name", person.name],
            &format!("{}\n", person.password),
        )?;
        expect_success(&finished, "hotseat-pool user add")
    }

    /// Invites a machine and returns the token that enrols it, once.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn invite_machine(&self) -> Result<String> {
        let finished = self.command(&["machine", "invite"], "")?;
        expect_success(&finished, "hotseat-pool machine invite")?;
        let token = finished.stdout.lines().next().unwrap_or_default().trim();
        if token.is_empty() {
            bail!("`hotseat-pool machine invite` printed no token");
        }
        Ok(token.to_owned())
    }
}

/// Fails with what the program said unless it succeeded.
///
/// # Errors
/// If it did not succeed.
pub fn expect_success(finished: &Finished, what: &str) -> Result<()> {
    if finished.status.success() {
        return Ok(());
    }
    bail!("`{what}` failed ({}):\n{}{}", finished.status, finished.stdout, finished.stderr)
}

fn data_dir(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn launch_serve(files: &Files, address: SocketAddr) -> Result<Launch> {
    launch(files, address, "pool", &["serve"])
}

fn launch(files: &Files, address: SocketAddr, name: &str, arguments: &[&str]) -> Result<Launch> {
    let Files { programs, folder, settings } = files;
    let launch = Launch::new(name, programs.program("hotseat-pool")?)
        .args(arguments)
        .env("HOME", folder)
        .env_remove("RUNTIME_DIRECTORY")
        .env("HOTSEAT_POOL_DATA_DIR", data_dir(folder))
        .env("HOTSEAT_POOL_LISTEN", address.to_string());
    Ok(settings.iter().fold(launch, |launch, (name, value)| launch.env(name, value)))
}
