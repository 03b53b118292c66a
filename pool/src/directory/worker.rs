//! The thread that owns the tables, and the handle that sends it work.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction};
use tokio::sync::{mpsc, oneshot, watch};

use super::DirectoryError;
use super::names::Names;
use super::own_time::OwnTime;
use super::people;
use super::position_key::PositionKey;
use super::tokens::TOKEN_LIFE;
use crate::clock::Clock;
use crate::journal::JournalError;
use crate::journal::store::{TableConnection, Tables};

/// Work that may wait for the thread; more is slowed down.
const WORK_MAX: usize = 1024;

type Work = Box<dyn FnOnce(&mut TableConnection) + Send>;

/// What the thread is sent.
enum Errand {
    Do(Work),
    Close,
}

/// The thread. It has ended, and the tables are closed, once this is dropped.
#[derive(Debug)]
struct Worker {
    errands: mpsc::Sender<Errand>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    fn start(mut connection: TableConnection) -> io::Result<Self> {
        let (errands, mut waiting) = mpsc::channel::<Errand>(WORK_MAX);
        let run = move || {
            while let Some(Errand::Do(work)) = waiting.blocking_recv() {
                work(&mut connection);
            }
        };
        let thread = std::thread::Builder::new().name("directory".to_owned()).spawn(run)?;
        Ok(Self { errands, thread: Mutex::new(Some(thread)) })
    }

    fn thread(&self) -> Option<JoinHandle<()>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Whoever sends holds this, so nothing else is sent any more.
        let (closed, _) = mpsc::channel(1);
        self.errands = closed;
        let Some(thread) = self.thread() else { return };
        // The last handle may be part of a work.
        if thread.thread().id() != std::thread::current().id() {
            // A panic of it was told where it happened.
            let _ = thread.join();
        }
    }
}

/// The way to the directory. When the last handle is dropped, the thread ends.
#[derive(Debug, Clone)]
pub struct Directory {
    worker: Arc<Worker>,
    names: Arc<watch::Sender<Arc<Names>>>,
    position_key: PositionKey,
    own_time: OwnTime,
    reads_only: bool,
}

impl Directory {
    /// Opens the tables and starts the thread.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn start(tables: &Tables, clock: Arc<dyn Clock>) -> Result<Self, DirectoryError> {
        let mut connection = tables.connect()?;
        let reads_only = tables.are_read_only();
        let (own_time, position_key) = if reads_only {
            (OwnTime::read(&connection, clock), PositionKey::kept(&connection))
        } else {
            let own_time = OwnTime::open(&mut connection, clock, TOKEN_LIFE)?;
            people::normalise_addresses(&mut connection)?;
            people::warn_of_unusable_hashes(&connection)?;
            (own_time, PositionKey::of_store(&connection)?)
        };
        let names = Names::read(&connection)?;
        let worker = Worker::start(connection);
        let worker = worker.map_err(|error| JournalError::Io(error.to_string()))?;
        let names = Arc::new(watch::Sender::new(Arc::new(names)));
        Ok(Self { worker: Arc::new(worker), names, position_key, own_time, reads_only })
    }

    /// Ends the thread after what it was sent before, and waits until the tables are closed.
    pub(crate) async fn close(&self) {
        let Some(thread) = self.worker.thread() else { return };
        // One that has ended by itself hears nothing.
        let _ = self.worker.errands.send(Errand::Close).await;
        let _ = tokio::task::spawn_blocking(|| thread.join()).await;
    }

    /// Seals what machines are told of the store's history, and knows it again.
    #[must_use]
    pub fn position_key(&self) -> &PositionKey {
        &self.position_key
    }

    /// Whether nothing can be written: the journal is stopped by one of its records.
    pub(super) fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// The clock by which log-ins and invitations end.
    pub(super) fn own_time(&self) -> &OwnTime {
        &self.own_time
    }

    /// The names as they are now.
    #[must_use]
    pub fn names(&self) -> Arc<Names> {
        self.names.borrow().clone()
    }

    /// Tells when a name changes.
    #[must_use]
    pub fn watch_names(&self) -> watch::Receiver<Arc<Names>> {
        self.names.subscribe()
    }

    /// Reads.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, DirectoryError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DirectoryError> + Send + 'static,
    {
        self.call(move |connection| read(connection)).await
    }

    /// Changes something in one transaction, and publishes the names after it.
    pub(super) async fn change<T, F>(&self, change: F) -> Result<T, DirectoryError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, DirectoryError> + Send + 'static,
    {
        let names = Arc::clone(&self.names);
        self.call(move |connection| {
            let transaction = connection.begin()?;
            let result = change(&transaction)?;
            transaction.commit()?;
            names.send_replace(Arc::new(Names::read(connection)?));
            Ok(result)
        })
        .await
    }

    /// Changes something that no name depends on.
    pub(super) async fn note<T, F>(&self, change: F) -> Result<T, DirectoryError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, DirectoryError> + Send + 'static,
    {
        self.call(move |connection| {
            let transaction = connection.begin()?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
        .await
    }

    async fn call<T, F>(&self, work: F) -> Result<T, DirectoryError>
    where
        T: Send + 'static,
        F: FnOnce(&mut TableConnection) -> Result<T, DirectoryError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Whoever asked may have gone; the work is done all the same.
            let _ = reply.send(work(connection));
        });
        self.worker.errands.send(Errand::Do(work)).await.map_err(|_| DirectoryError::Stopping)?;
        answer.await.map_err(|_| DirectoryError::Stopping)?
    }
}
