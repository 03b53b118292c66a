//! A machine: one broker in this process, on a state directory and a socket of its own.

use std::path::PathBuf;
use std::sync::Arc;

use hotseat_broker::clock::{Clock, SystemClock};
use hotseat_broker::config::Config;
use hotseat_broker::lifecycle::Ending;
use hotseat_broker::pool_link::Pace;
use hotseat_broker::reach::{Proxies, Reach, SystemLookUp};
use hotseat_broker::sessions::{Limits, Listening};
use hotseat_broker::store::{Machine, Store};
use hotseat_broker::{Ended, Parts};
use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::ipc::Role;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::fake_pool::{CREDENTIAL, FakePool, Link};
use crate::platform::socket_of;
use crate::programs::Program;
use crate::soon;

pub(crate) struct Desktop {
    pub(crate) dir: TempDir,
    pub(crate) limits: Limits,
    pub(crate) pace: Pace,
    pub(crate) reach: Reach,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A broker that runs.
pub(crate) struct Running {
    endings: mpsc::Sender<Ending>,
    task: JoinHandle<Ended>,
    state_dir: PathBuf,
}

pub(crate) fn machine_id() -> MachineId {
    MachineId::from_random(1)
}

impl Desktop {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let desktop = Self {
            dir,
            limits: Limits::default(),
            pace: Pace::default(),
            reach: Reach::new(Arc::new(SystemLookUp), Proxies::none()),
            clock: Arc::new(SystemClock),
        };
        desktop.boot(1);
        desktop
    }

    pub(crate) fn enrolled(pool: &FakePool) -> Self {
        let desktop = Self::new();
        desktop.enrol(pool, CREDENTIAL);
        desktop
    }

    pub(crate) fn enrol(&self, pool: &FakePool, credential: &str) {
        self.enrol_at(pool.url(), credential);
    }

    pub(crate) fn enrol_at(&self, server_url: String, credential: &str) {
        let credential = Secret::new(credential);
        let machine = Machine { id: machine_id(), credential, server_url };
        std::fs::create_dir_all(self.state_dir()).unwrap();
        machine.write(&self.state_dir()).unwrap();
    }

    /// What the machine looks like in its n-th boot.
    pub(crate) fn boot(&self, n: u32) {
        std::fs::write(self.boot_id_file(), format!("boot-{n}\n")).unwrap();
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        socket_of(self.dir.path())
    }

    pub(crate) fn boot_id_file(&self) -> PathBuf {
        self.dir.path().join("boot_id")
    }

    pub(crate) fn start(&self) -> Running {
        let config = Config {
            server_url: None,
            socket: self.socket(),
            state_dir: self.state_dir(),
            log: "info".parse().unwrap(),
            boot_id_file: Some(self.boot_id_file()),
            hooks: std::collections::BTreeMap::new(),
        };
        let (endings, ended_by) = mpsc::channel(4);
        let parts = Parts {
            listening: Listening::bind(&config.socket).unwrap(),
            store: Store::open(&config.state_dir).unwrap(),
            clock: self.clock.clone(),
            limits: self.limits,
            reach: self.reach.clone(),
            pace: self.pace,
            endings: ended_by,
        };
        #[expect(clippy::disallowed_methods, reason = "the test waits for it itself")]
        let task = tokio::spawn(async move { hotseat_broker::run(&config, parts).await.unwrap() });
        Running { endings, task, state_dir: self.state_dir() }
    }

    /// Starts a broker that is linked, and a program on it whose user logs in.
    pub(crate) async fn logged_in(&self, pool: &FakePool, role: Role) -> (Running, Link, Program) {
        let broker = self.start();
        let mut link = pool.link().await;
        let mut program = Program::start(&self.socket(), role).await;
        program.linked().await;
        tokio::join!(program.ask(Program::log_in()), link.log_in());
        (broker, link, program)
    }
}

impl Running {
    pub(crate) async fn order(&self, ending: Ending) {
        self.endings.send(ending).await.unwrap();
    }

    /// Waits until the broker has ended by itself.
    pub(crate) async fn ended(self) -> Ended {
        soon("the broker ends", self.task).await.unwrap()
    }

    pub(crate) async fn stop(self) -> Ended {
        self.order(Ending::SignOff).await;
        self.ended().await
    }

    /// Ends it with nothing signed off, as a kill would, in the same boot or before another.
    pub(crate) async fn kill(self) {
        self.order(Ending::Upgrade).await;
        assert_eq!(soon("the broker ends", self.task).await.unwrap(), Ended::ForUpgrade);
        std::fs::remove_file(self.state_dir.join("upgrade")).unwrap();
    }
}
