//! One person's desk: a desktop with a panel, a machine with its broker, a tray.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hotseat_protocol::ipc::View;
use zbus::Connection;

use crate::broker_host::BrokerHost;
use crate::children::{Child, Children, Finished};
use crate::desktop::Desktop;
use crate::input::Input;
use crate::launch::Launch;
use crate::logind::Logind;
use crate::notification_server::{NotificationServer, Shown};
use crate::panel::Panel;
use crate::paths;
use crate::people::Person;
use crate::pool_server::PoolServer;
use crate::tray_item::{self, TrayItem};
use crate::waiting::wait_for;

/// Somebody's desk.
#[derive(Debug)]
pub struct Desk {
    /// Whose.
    pub person: Person,
    /// The machine.
    pub host: BrokerHost,
    /// What the person looks at.
    pub screen: Screen,
    children: Children,
    bus: Connection,
    tray: Option<Tray>,
    log: Option<String>,
}

/// The desktop that this program was started on.
#[derive(Clone, Debug)]
pub struct ThisDesktop {
    /// The variables that lead to it.
    pub variables: Vec<(&'static str, OsString)>,
    /// The address of its session bus.
    pub bus: String,
}

/// What a person looks at.
#[derive(Debug)]
pub enum Screen {
    /// A private desktop.
    Private(Box<Private>),
    /// The desktop that this program was started on.
    This(ThisDesktop),
}

/// A desktop that nobody else sees.
#[derive(Debug)]
pub struct Private {
    /// X server and buses.
    pub desktop: Desktop,
    /// Where notifications are shown.
    pub notes: NotificationServer,
    /// Who logs the person out, and puts the machine to sleep.
    pub logind: Logind,
    _manager: Child,
    _panel: Panel,
}

#[derive(Debug)]
struct Tray {
    child: Child,
    item: TrayItem,
}

impl Desk {
    /// Sets up a desk with files in `folder`: a machine that no pool server knows yet, and a tray.
    ///
    /// # Errors
    /// If one of its programs is missing or ends.
    pub async fn set_up(person: Person, folder: &Path, here: Option<ThisDesktop>) -> Result<Desk> {
        Self::set_up_logging(person, folder, here, None).await
    }

    /// The same, with a filter for the logs of broker and tray.
    ///
    /// # Errors
    /// If one of its programs is missing or ends.
    pub async fn set_up_logging(
        person: Person,
        folder: &Path,
        here: Option<ThisDesktop>,
        log: Option<&str>,
    ) -> Result<Desk> {
        let children = Children::new(&folder.join("logs"))?;
        let (screen, bus) = match here {
            Some(desktop) => {
                let bus = connect(&desktop.bus).await?;
                (Screen::This(desktop), bus)
            }
            None => {
                let private = Private::start(&children, folder).await?;
                let bus = private.desktop.session_bus.connect().await?;
                (Screen::Private(Box::new(private)), bus)
            }
        };
        let system_bus = match &screen {
            Screen::Private(private) => Some(private.desktop.system_bus.address().to_owned()),
            Screen::This(_) => None,
        };
        let bus_of = system_bus.iter().map(|bus| ("DBUS_SYSTEM_BUS_ADDRESS", bus.as_str()));
        let log_to = log.map(|log| ("HOTSEAT_BROKER_LOG", log));
        let settings: Vec<(&str, &str)> = bus_of.chain(log_to).collect();
        let host = BrokerHost::start_unenrolled(&children, folder, &settings)?;
        let mut desk = Desk {
            person,
            host,
            screen,
            children,
            bus,
            tray: None,
            log: log.map(ToOwned::to_owned),
        };
        desk.start_tray().await?;
        Ok(desk)
    }

    /// Makes the machine known to the pool server.
    ///
    /// # Errors
    /// If it is refused.
    pub fn enroll(&mut self, pool: &PoolServer) -> Result<()> {
        self.host.enroll(pool)
    }

    /// Starts the tray and waits for its icon.
    ///
    /// # Errors
    /// If it ends or shows none.
    pub async fn start_tray(&mut self) -> Result<()> {
        let launch = Launch::new("tray", paths::program("hotseat-tray")?)
            .env("HOTSEAT_SOCKET", self.host.socket());
        let launch = match &self.log {
            Some(log) => launch.env("HOTSEAT_TRAY_LOG", log),
            None => launch,
        };
        let mut child = self.children.start(self.screen.inside(launch))?;
        let id = child.id();
        let item = wait_for(&format!("{}'s tray shows an icon", self.person.name), async || {
            child.expect_running()?;
            TrayItem::find(&self.bus, id).await
        })
        .await?;
        self.tray = Some(Tray { child, item });
        Ok(())
    }

    /// The tray's process.
    ///
    /// # Errors
    /// If there is none.
    pub fn tray(&mut self) -> Result<&mut Child> {
        let name = self.person.name;
        let tray = self.tray.as_mut().with_context(|| format!("{name} has no tray"))?;
        Ok(&mut tray.child)
    }

    /// The tray's icon and menu.
    ///
    /// # Errors
    /// If there is none.
    pub fn item(&self) -> Result<&TrayItem> {
        let tray = self.tray.as_ref().with_context(|| format!("{} has no tray", self.person.name));
        Ok(&tray?.item)
    }

    /// Forgets a tray that has ended, and kills what is left of it.
    pub fn clear_tray(&mut self) {
        self.tray = None;
    }

    /// Chooses an item of the tray's menu, once it is there.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let item = self.item()?;
        item.wait_for_item(label).await.with_context(|| self.person.name.to_owned())?;
        item.press(label).await
    }

    /// Chooses Quit of the tray, which may be gone before it answers.
    ///
    /// # Errors
    /// If the menu has no such item, or there is no tray.
    pub async fn quit(&self) -> Result<()> {
        let item = self.item()?;
        item.wait_for_item(tray_item::QUIT).await.with_context(|| self.person.name.to_owned())?;
        item.quit().await
    }

    /// The tray's tooltip, once the menu's first line says the same; empty without a tray.
    ///
    /// # Errors
    /// If the tray is gone.
    pub async fn tray_says(&self) -> Result<Option<String>> {
        let item = self.item()?;
        let tooltip = item.tooltip().await?;
        let first = item.words().await?.into_iter().next().unwrap_or_default();
        // A line that cannot be pressed is in brackets.
        let first = first.trim_start_matches('[').trim_end_matches(']');
        Ok((first == tooltip).then_some(tooltip))
    }

    /// What `hotseat status --json` says, and its exit code.
    ///
    /// # Errors
    /// If it fails.
    pub fn status(&self) -> Result<(View, Option<i32>)> {
        let finished = self.host.run_hotseat(&["status", "--json"])?;
        let view = serde_json::from_str(&finished.stdout)
            .with_context(|| format!("`hotseat status --json` said {finished:?}"))?;
        Ok((view, finished.status.code()))
    }

    /// Runs a verb of the command line on this machine.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn hotseat(&self, arguments: &[&str]) -> Result<Finished> {
        self.host.run_hotseat(arguments)
    }

    /// Starts `hotseat run POOL -- COMMAND` on this desktop.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run_program(&self, pool: &str, command: &[&str]) -> Result<Child> {
        let launch = self.host.hotseat("hotseat-run", &["run", pool, "--"])?.args(command);
        self.children.start(self.screen.inside(launch))
    }

    /// A hand on this desktop's keyboard; `None` on one that is not ours.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn input(&self) -> Result<Option<Input>> {
        match &self.screen {
            Screen::Private(private) => Ok(Some(private.desktop.input()?)),
            Screen::This(_) => Ok(None),
        }
    }

    /// A notification with this title, once it is shown; `None` on a desktop that is not ours.
    ///
    /// # Errors
    /// If it never is.
    pub async fn notification(&self, title: &str) -> Result<Option<Shown>> {
        match &self.screen {
            Screen::Private(private) => Ok(Some(private.notes.wait_for(title).await?)),
            Screen::This(_) => Ok(None),
        }
    }

    /// The titles of the notifications that are on the screen; `None` on a desktop that is not ours.
    pub fn notes_on_screen(&self) -> Option<Vec<String>> {
        match &self.screen {
            Screen::Private(private) => {
                let open = private.notes.on_screen();
                Some(open.into_iter().map(|shown| shown.summary).collect())
            }
            Screen::This(_) => None,
        }
    }

    /// Kills every process of this desk at once: X server, buses, panel, tray, broker.
    pub fn cut_power(&mut self) {
        // The broker first: nobody may find the time to tell it that a desktop is going.
        self.host.child.signal(rustix::process::Signal::KILL);
        self.children.kill_all();
        self.tray = None;
    }

    /// Boots the machine again after [`Desk::cut_power`].
    ///
    /// # Errors
    /// If one of its programs does not come up, or the desk is the desktop that this program was started on.
    pub async fn power_on(&mut self) -> Result<()> {
        self.boot().await?;
        self.host.restart()?;
        self.start_tray().await
    }

    /// Boots the machine again after [`Desk::cut_power`] as far as its desktop; neither broker nor tray run yet.
    ///
    /// # Errors
    /// As [`Desk::power_on`].
    pub async fn boot(&mut self) -> Result<()> {
        let folder = self.private()?.desktop.folder().to_path_buf();
        let private = Private::start(&self.children, &folder).await?;
        self.bus = private.desktop.session_bus.connect().await?;
        self.screen = Screen::Private(Box::new(private));
        self.host.next_boot(2)
    }

    /// The desktop, if it is ours to do with as we like.
    ///
    /// # Errors
    /// If it is the one that this program was started on.
    pub fn private(&self) -> Result<&Private> {
        match &self.screen {
            Screen::Private(private) => Ok(private),
            Screen::This(_) => bail!("that is the desktop that this program was started on"),
        }
    }

    /// Ends tray and broker as a desktop does that shuts down, and waits for both.
    ///
    /// # Errors
    /// If one of them does not end well.
    pub async fn close(&mut self) -> Result<()> {
        let name = self.person.name;
        if let Some(mut tray) = self.tray.take() {
            end(&mut tray.child, &format!("{name}'s tray")).await?;
        }
        end(&mut self.host.child, &format!("{name}'s broker")).await
    }
}

/// Asks a program to end and waits until it has, if it was still running.
///
/// # Errors
/// If it does not end, or not well.
async fn end(child: &mut Child, what: &str) -> Result<()> {
    if child.status()?.is_some() {
        return Ok(());
    }
    child.terminate();
    let status = wait_for(&format!("{what} ends"), async || child.status()).await?;
    if !status.success() {
        bail!("{what} ended with {status}:\n{}", child.log());
    }
    Ok(())
}

impl Private {
    async fn start(children: &Children, folder: &Path) -> Result<Private> {
        let desktop = Desktop::start(children, folder)?;
        let notes = NotificationServer::start(&desktop.session_bus).await?;
        let logind = Logind::start(&desktop.system_bus).await?;
        let manager = desktop.start_window_manager()?;
        let panel = desktop.start_panel().await?;
        Ok(Private { desktop, notes, logind, _manager: manager, _panel: panel })
    }
}

impl Screen {
    /// Puts a program into this desktop's session.
    pub fn inside(&self, launch: Launch) -> Launch {
        match self {
            Screen::Private(private) => private.desktop.inside(launch),
            Screen::This(desktop) => desktop
                .variables
                .iter()
                .fold(launch, |launch, (name, value)| launch.env(name, value)),
        }
    }

    /// How a person reaches it.
    pub fn name(&self) -> String {
        match self {
            Screen::Private(private) => format!("display {}", private.desktop.x.display()),
            Screen::This(_) => "your own desktop".to_owned(),
        }
    }
}

async fn connect(address: &str) -> Result<Connection> {
    let builder = zbus::connection::Builder::address(address);
    builder.build().await.with_context(|| format!("cannot connect to the session bus at {address}"))
}
