//! The parts of a server, put together: store, directory, engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotseat_protocol::ids::{Generation, MachineId, Seq, UserId};
use hotseat_rules::{Command, PoolDefinition};
use thiserror::Error;

use crate::admin_socket::AdminSocketError;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::{Attempts, Directory, DirectoryError, Passwords, Refusals, Token};
use crate::engine::{self, EngineError, StartError};
use crate::fresh;
use crate::history::Reader;
use crate::http::App;
use crate::journal::lock::StoreLock;
use crate::journal::read_only::ReadOnlyJournal;
use crate::journal::store::{Halted, Open, Opened, Store};
use crate::journal::{JournalError, Poison, Stopper};
use crate::lifecycle::{HARD_STOP, SOFT_STOP, Shutdown, Tasks};
use crate::links::Links;
use crate::platform;
use crate::upkeep::left_over;

/// Why a server cannot run.
#[derive(Debug, Error)]
pub enum RunError {
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// The engine cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The directory cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The engine did not do what a start needs.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no administration socket.
    #[error(transparent)]
    AdminSocket(#[from] AdminSocketError),
    /// There is a store already.
    #[error(
        "there is a pool server's store at {} already; it is left as it is. \
         Give another --data-dir, or use `hotseat-pool pool` and `hotseat-pool user` to change it",
        .0.display()
    )]
    AlreadyThere(PathBuf),
    /// There is no store, and something has the name of its token.
    #[error(
        "there is no pool server's store there, but there is {}, which is left as it is: move it \
         away, or give another --data-dir",
        .0.display()
    )]
    TokenThere(PathBuf),
    /// A file or directory cannot be made.
    #[error("cannot make {}: {cause}", .path.display())]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The engine ended although nobody asked it to.
    #[error("the engine has ended by itself; the log above says why. Start the server again")]
    EngineEnded,
}

/// A server without its listener.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What handlers work with.
    pub(crate) app: App,
    engine_task: Tasks,
}

impl Parts {
    /// Opens the store, replays the journal and starts the engine.
    pub(crate) async fn start(
        config: &Config,
        open: Open,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) -> Result<Self, RunError> {
        let began = clock.mono();
        let opened = Store::open_or_read(&config.store_file(), open)?;
        let token = config.admin_token_file();
        hotseat_host::secrets::keep(&token).map_err(|error| {
            let why = error.to_string();
            JournalError::Exposed { path: token, why }
        })?;
        left_over::put_in_order(config);
        let passwords = Passwords::new()?;
        let (directory, reader, (engine, task)) = match opened {
            Opened::Whole(mut store) => {
                let replayed = store.replayed();
                tracing::info!(
                    took_ms = clock.mono().since(began).as_millis(),
                    snapshot_at = replayed.snapshot_at.0,
                    records = replayed.records,
                    newest = replayed.state.seq().0,
                    "journal replayed"
                );
                let (journal, tables) = store.split();
                let directory = Directory::start(&tables, Arc::clone(&clock))?;
                let journal = journal.timed_by(directory.own_clock());
                let (names, random) = (Arc::new(directory.clone()), Box::new(fresh::bits));
                let (journal, clock) = (Box::new(journal), Arc::clone(&clock));
                let engine = engine::start_from(replayed, journal, names, clock, random)?;
                (directory, Reader::open(&tables, None)?, engine)
            }
            Opened::Halted(halted) => {
                let Halted { tables, replayed, poison } = *halted;
                tell_halted(&poison);
                let directory = Directory::start(&tables, Arc::clone(&clock))?;
                let reader = Reader::open(&tables, Some(poison.clone()))?;
                let journal = Box::new(ReadOnlyJournal::new(poison.clone(), tables));
                let (names, clock) = (Arc::new(directory.clone()), Arc::clone(&clock));
                (directory, reader, engine::halt(replayed, poison, journal, names, clock)?)
            }
        };
        let engine_task = Tasks::default();
        engine_task.spawn(task.run());
        let links = Arc::new(Links::new(clock.mono()));
        let app = App {
            engine,
            directory,
            passwords,
            attempts: Arc::new(Attempts::default()),
            refusals: Arc::new(Refusals::default()),
            user_changes: Arc::default(),
            clock,
            reader,
            shutdown,
            tasks: Tasks::default(),
            links,
        };
        let parts = Self { app, engine_task };
        if !parts.only_reads() {
            parts.forget_orphans().await?;
        }
        Ok(parts)
    }

    /// Whether a record of the journal stops it, and nothing may be written.
    pub(crate) fn only_reads(&self) -> bool {
        self.app.engine.halted().is_some()
    }

    /// Ends what a crash left half done: somebody whom the journal knows and the directory does
    /// not was never told a password or a credential.
    async fn forget_orphans(&self) -> Result<(), RunError> {
        let names = self.app.directory.names();
        let orphans = self
            .app
            .engine
            .read(move |view| {
                let contents = view.state.contents();
                let users = contents.users.keys().filter(|id| names.person(**id).is_none());
                let machines = contents.machines.iter().filter(|(_, machine)| !machine.revoked);
                let machines = machines.map(|(id, _)| id);
                let machines = machines.filter(|id| names.machine(**id).is_none());
                let users: Vec<UserId> = users.copied().collect();
                let machines: Vec<MachineId> = machines.copied().collect();
                (users, machines)
            })
            .await?;
        for user in orphans.0 {
            tracing::info!(%user, "a user was left without a name by a crash; removed");
            self.app.engine.submit(Command::RemoveUser { user }).await?;
        }
        for machine in orphans.1 {
            tracing::info!(%machine, "a machine was left without a credential by a crash; revoked");
            self.app.engine.submit(Command::RevokeMachine { machine }).await?;
        }
        Ok(())
    }

    /// Makes another administrator's token when its file is gone: whoever lost it, or removed it
    /// because somebody had seen it, starts the server again. Who may write into the directory
    /// may write the store, too.
    pub(crate) async fn replace_lost_token(&self, config: &Config) {
        let file = config.admin_token_file();
        if self.only_reads() || !matches!(file.try_exists(), Ok(false)) {
            return;
        }
        let token = fresh::secret("hsa_");
        let now = self.app.clock.wall();
        // The store first: a token that only the file knows would never be replaced.
        if let Err(error) =
            self.app.directory.set_admin_token(Token::shown(token.expose()), now).await
        {
            tracing::warn!(%error, "the administrator's token is lost, and another cannot be made");
            return;
        }
        match write_token(config, token.expose()) {
            Ok(()) => tracing::warn!(
                file = %file.display(),
                "the administrator's token was gone; here is another, and the old one is worth nothing"
            ),
            Err(error) => tracing::warn!(
                %error,
                file = %file.display(),
                "the administrator's token is lost, and another cannot be written"
            ),
        }
    }

    /// Ends the engine, once nobody asks it anything any more. No seat is released by this.
    pub(crate) async fn stop(self) {
        let Self { app, engine_task } = self;
        let stopping = app.engine.shutdown();
        if tokio::time::timeout(SOFT_STOP, stopping).await.is_err() {
            tracing::warn!("the engine did not end in time; the journal is whole all the same");
        }
        let directory = app.directory.clone();
        drop(app);
        engine_task.finish(HARD_STOP).await;
        // Whoever comes next finds the store closed.
        if tokio::time::timeout(HARD_STOP, directory.close()).await.is_err() {
            tracing::warn!("the directory did not end in time; the store is whole all the same");
        }
    }
}

fn tell_halted(poison: &Poison) {
    let Poison { what, cause } = poison;
    let next = poison.next();
    match what {
        Stopper::Record(record) => tracing::error!(
            record = record.0,
            cause,
            next,
            "a record of the journal cannot be used; the pool only reads: nothing is granted, \
             renewed or released"
        ),
        Stopper::Rows => tracing::error!(
            cause,
            next,
            "rows of the store cannot be used; the pool only reads: nothing is granted, renewed \
             or released"
        ),
    }
}

/// Makes a store with a pool, and the administrator's token.
///
/// # Errors
///
/// When there is one already, or it cannot be made; then nothing is left behind.
pub async fn init(
    config: &Config,
    definition: PoolDefinition,
    clock: Arc<dyn Clock>,
) -> Result<(), RunError> {
    let store = config.store_file();
    let token_file = config.admin_token_file();
    if JournalError::is_there(&store)? {
        return Err(RunError::AlreadyThere(store));
    }
    if std::fs::symlink_metadata(&token_file).is_ok() {
        return Err(RunError::TokenThere(token_file));
    }
    if !left_over::kept(&store).is_empty() {
        return Err(JournalError::missing(&store).into());
    }
    let made = platform::make_private_dir(&config.data_dir);
    made.map_err(|cause| RunError::Make { path: config.data_dir.clone(), cause })?;
    let result = fill(config, definition, clock).await;
    if result.as_ref().is_err_and(is_of_our_own) {
        remove_store(config);
    }
    result
}

async fn fill(
    config: &Config,
    definition: PoolDefinition,
    clock: Arc<dyn Clock>,
) -> Result<(), RunError> {
    let now = clock.wall();
    let parts = Parts::start(config, Open::OrCreate, clock, Shutdown::default()).await?;
    let engine = parts.app.engine.clone();
    let directory = parts.app.directory.clone();
    let filled = async {
        let seq = engine.read(|view| view.state.seq()).await?;
        if seq != Seq(0) {
            return Err(RunError::AlreadyThere(config.store_file()));
        }
        let generation = Generation(fresh::generation_bits());
        engine.submit(Command::Initialise { generation }).await?;
        engine.submit(Command::DefinePool { definition: Box::new(definition) }).await?;
        let token = fresh::secret("hsa_");
        directory.set_admin_token(Token::shown(token.expose()), now).await?;
        let path = config.admin_token_file();
        write_token(config, token.expose()).map_err(|cause| RunError::Make { path, cause })
    };
    let filled = filled.await;
    drop((engine, directory));
    parts.stop().await;
    filled
}

/// Writes the administrator's token to its file, which must not be there yet.
fn write_token(config: &Config, token: &str) -> std::io::Result<()> {
    write_secret(&config.admin_token_file(), token)
}

/// Writes a secret to a file that must not be there yet, and that only its owner reads.
pub(crate) fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = platform::private_file().open(file)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

/// Whether what is in the store's place after this error was made here, and not by another `init`
/// at the same time.
fn is_of_our_own(error: &RunError) -> bool {
    !matches!(error, RunError::AlreadyThere(_) | RunError::Store(JournalError::InUse(_)))
}

/// Takes away what a failed `init` made; before it there was neither store nor token. Where somebody
/// else has the store by now, it stays.
fn remove_store(config: &Config) {
    let store = config.store_file();
    let Ok(_lock) = StoreLock::take(&store) else { return };
    for suffix in ["", "-wal", "-shm", "-journal", ".lock"] {
        let mut path = store.clone().into_os_string();
        path.push(suffix);
        // What is not there need not be removed.
        let _ = std::fs::remove_file(PathBuf::from(path));
    }
    let _ = std::fs::remove_file(config.admin_token_file());
}
