//! The real desktop: Tauri's tray, the window's process, notifications.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuBuilder, MenuItem, PredefinedMenuItem, SubmenuBuilder};
use tauri::tray::{MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Emitter, Wry};
use tokio::sync::{mpsc, watch};

use super::notes::Notes;
use super::window_child::WindowChild;
use super::{Desktop, Note, NoteKey};
use crate::action::Action;
use crate::app_state::Pace;
use crate::controller::{Event, Origin};
use crate::lifecycle::Tasks;
use crate::platform;
use crate::tray::icon::{Icon, Ink, paint, side_for};
use crate::tray::menu::{Entry, Look};
use crate::views::{VIEW_EVENT, WindowView};

/// What the panel calls the icon.
const TRAY_ID: &str = "hotseat";

/// Between attempts to place the icon where a panel is there and refuses it.
const PANEL_RETRY: Duration = Duration::from_secs(5);

/// At log-in the tray often starts before the panel; only later is it worth a word.
const PANEL_PATIENCE: Duration = Duration::from_secs(30);

/// What the tray program owns of the desktop.
pub struct TrayDesktop {
    app: AppHandle,
    tasks: Tasks,
    panel: Arc<Panel>,
    notes: Notes,
    window: WindowChild,
    pace: watch::Sender<Pace>,
    /// True once the program may end without another goodbye.
    leaving: watch::Sender<bool>,
}

/// What a [`TrayDesktop`] is made of.
pub struct Parts {
    /// The running program.
    pub app: AppHandle,
    /// Its tasks.
    pub tasks: Tasks,
    /// Where clicks and answers go.
    pub events: mpsc::Sender<Event>,
    /// The socket that was named on the command line, for the window.
    pub socket: Option<std::path::PathBuf>,
    /// Tells the idle watch how closely to look.
    pub pace: watch::Sender<Pace>,
    /// Becomes true when the program ends by itself.
    pub leaving: watch::Sender<bool>,
}

impl TrayDesktop {
    /// Nothing is shown yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { app, tasks, events, socket, pace, leaving } = parts;
        let (window, owner) = WindowChild::new(socket);
        tasks.spawn(owner);
        Self {
            panel: Arc::new(Panel::new(app.clone(), tasks.clone(), events.clone())),
            notes: Notes::new(tasks.clone(), events),
            app,
            tasks,
            window,
            pace,
            leaving,
        }
    }
}

impl Desktop for TrayDesktop {
    fn set_icon(&mut self, icon: Icon) {
        Panel::paint(&self.panel, |wanted| wanted.icon = Some(icon));
    }

    fn set_menu(&mut self, look: &Look) {
        let look = look.clone();
        Panel::paint(&self.panel, |wanted| wanted.menu = Some(look));
    }

    fn notify(&mut self, note: Note) {
        self.notes.show(note);
    }

    fn withdraw(&mut self, key: &NoteKey) {
        self.notes.withdraw(key);
    }

    fn open_window(&mut self) {
        self.window.show();
    }

    fn set_view(&mut self, _: WindowView) {
        // The window is another process, which has its own connection to the broker.
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace.send_replace(pace);
    }

    fn exit(&mut self, code: i32) {
        if self.leaving.send_replace(true) {
            return;
        }
        let (app, window) = (self.app.clone(), self.window.clone());
        self.tasks.spawn(async move {
            window.close().await;
            app.exit(code);
        });
    }
}

/// What the panel is to show, and what it shows.
struct Panel {
    app: AppHandle,
    tasks: Tasks,
    events: mpsc::Sender<Event>,
    wanted: Mutex<Wanted>,
    icon: Mutex<Placed>,
}

/// What the controller said last.
#[derive(Default, Clone)]
struct Wanted {
    icon: Option<Icon>,
    menu: Option<Look>,
}

enum Placed {
    /// To be tried; `retrying` while a task of ours looks after it.
    No { retrying: bool },
    /// No panel takes it; a task waits for one.
    Waiting,
    /// In the panel, and what it shows.
    Yes(Box<Shown>),
}

/// The icon in the panel.
struct Shown {
    tray: TrayIcon,
    icon: Icon,
    look: Look,
}

impl Panel {
    fn new(app: AppHandle, tasks: Tasks, events: mpsc::Sender<Event>) -> Self {
        Self {
            app,
            tasks,
            events,
            wanted: Mutex::default(),
            icon: Mutex::new(Placed::No { retrying: false }),
        }
    }

    /// Notes what is wanted, and paints it where Tauri wants that done.
    fn paint(panel: &Arc<Self>, change: impl FnOnce(&mut Wanted)) {
        change(&mut panel.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        Self::schedule(panel);
    }

    fn schedule(panel: &Arc<Self>) {
        let shared = Arc::clone(panel);
        let scheduled = panel.app.run_on_main_thread(move || Self::paint_now(&shared));
        if let Err(error) = scheduled {
            tracing::error!(%error, "the icon cannot be painted");
        }
    }

    fn paint_now(panel: &Arc<Self>) {
        let wanted = panel.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Icon and menu come in one turn of the controller; half of them is nothing to show.
        let (Some(icon), Some(look)) = (wanted.icon, wanted.menu) else { return };
        let mut placed = panel.icon.lock().unwrap_or_else(PoisonError::into_inner);
        let painted = match &mut *placed {
            Placed::Waiting => return,
            Placed::Yes(shown) => {
                let painted = panel.repaint(shown, icon, &look);
                (shown.icon, shown.look) = (icon, look);
                painted
            }
            Placed::No { retrying } => {
                let retrying = *retrying;
                match panel.place(icon, &look) {
                    Ok(tray) => *placed = Placed::Yes(Box::new(Shown { tray, icon, look })),
                    Err(error) => {
                        tracing::info!(%error, "no panel shows icons; notifications still come");
                        *placed = Placed::Waiting;
                        if !retrying {
                            Self::place_later(panel);
                        }
                    }
                }
                Ok(())
            }
        };
        if let Err(error) = painted {
            tracing::error!(%error, "the panel does not show what is true");
        }
    }

    /// Tries again whenever a panel is there, until one has taken the icon.
    fn place_later(panel: &Arc<Self>) {
        let shared = Arc::clone(panel);
        panel.tasks.spawn(async move {
            if tokio::time::timeout(PANEL_PATIENCE, platform::panel_appears()).await.is_err() {
                // Fails only when the program ends.
                let _ = shared.events.send(Event::NoPanel).await;
            }
            loop {
                platform::panel_appears().await;
                if !shared.try_again() {
                    return;
                }
                Self::schedule(&shared);
                tokio::time::sleep(PANEL_RETRY).await;
            }
        });
    }

    /// False when the icon is in the panel by now.
    fn try_again(&self) -> bool {
        let mut placed = self.icon.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = !matches!(*placed, Placed::Yes(_));
        if wanted {
            *placed = Placed::No { retrying: true };
        }
        wanted
    }

    /// Puts the icon into the panel.
    ///
    /// That a person opens the menu is not to be heard of: the host says it (`AboutToShow`), ksni
    /// has a hook for it, and Tauri's tray leaves that hook empty. So a loss counts as seen when
    /// something in the menu is pressed, not when the menu is looked at.
    fn place(&self, icon: Icon, look: &Look) -> tauri::Result<TrayIcon> {
        let (menu_events, clicks) = (self.events.clone(), self.events.clone());
        TrayIconBuilder::with_id(TRAY_ID)
            .icon(self.image(icon))
            .title("Hotseat")
            .tooltip(&look.line)
            .menu(&menu(&self.app, look)?)
            .show_menu_on_left_click(false)
            .on_menu_event(move |_, event| {
                if let Some(action) = Action::from_id(event.id().as_ref()) {
                    send(&menu_events, action, Origin::Menu);
                }
            })
            .on_tray_icon_event(move |_, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, .. } = event {
                    send(&clicks, Action::OpenWindow, Origin::Icon);
                }
            })
            .build(&self.app)
    }

    /// The drawing in the size that the desktop's scale asks for.
    ///
    /// A status icon may offer several sizes, but Tauri's tray hands over one picture, so it is
    /// the one that the sharpest screen shows without enlarging; hosts make it smaller elsewhere.
    /// The scale is read again with every new drawing.
    fn image(&self, icon: Icon) -> Image<'static> {
        let monitors = self.app.available_monitors().unwrap_or_default();
        let scales = monitors.iter().map(|monitor| monitor.scale_factor());
        let side = side_for(scales.chain(platform::text_scale()));
        let painted = paint(icon, side, Ink::Halo);
        Image::new_owned(painted.pixels, painted.width, painted.height)
    }

    /// Sets what differs: a menu that is set anew closes under the person's pointer.
    fn repaint(&self, shown: &Shown, icon: Icon, look: &Look) -> tauri::Result<()> {
        let (tray, known) = (&shown.tray, &shown.look);
        if shown.icon != icon {
            tray.set_icon(Some(self.image(icon)))?;
        }
        if known.line != look.line {
            tray.set_tooltip(Some(&look.line))?;
        }
        if known.line != look.line || known.entries != look.entries {
            tray.set_menu(Some(menu(&self.app, look)?))?;
        }
        Ok(())
    }
}

fn send(events: &mpsc::Sender<Event>, action: Action, origin: Origin) {
    if let Err(error) = events.try_send(Event::Action { action, origin }) {
        tracing::warn!(%error, "a click was lost: too many are waiting");
    }
}

fn menu(app: &AppHandle, look: &Look) -> tauri::Result<Menu<Wry>> {
    let line = MenuItem::new(app, escaped(&look.line), false, None::<&str>)?;
    let menu = MenuBuilder::new(app).item(&line).separator().build()?;
    for entry in &look.entries {
        menu.append(item(app, entry)?.as_ref())?;
    }
    Ok(menu)
}

fn item(app: &AppHandle, entry: &Entry) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    Ok(match entry {
        Entry::Separator => Box::new(PredefinedMenuItem::separator(app)?),
        Entry::Text(text) => Box::new(MenuItem::new(app, escaped(text), false, None::<&str>)?),
        Entry::Item { label, action, enabled } => {
            Box::new(MenuItem::with_id(app, action.id(), label, *enabled, None::<&str>)?)
        }
        Entry::Submenu { label, entries } => {
            let submenu = SubmenuBuilder::new(app, escaped(label)).build()?;
            for entry in entries {
                submenu.append(item(app, entry)?.as_ref())?;
            }
            Box::new(submenu)
        }
    })
}

/// A single `&` would mark a letter as a shortcut.
fn escaped(text: &str) -> String {
    text.replace('&', "&&")
}

/// What the window program owns of the desktop.
pub struct WindowDesktop {
    /// The running program.
    pub app: AppHandle,
    /// What the page asks for when it is ready.
    pub view: watch::Sender<Option<WindowView>>,
    /// Asked to come to the front.
    pub to_front: fn(&AppHandle),
}

impl Desktop for WindowDesktop {
    fn set_icon(&mut self, _: Icon) {}

    fn set_menu(&mut self, _: &Look) {}

    fn notify(&mut self, _: Note) {}

    fn withdraw(&mut self, _: &NoteKey) {}

    fn open_window(&mut self) {
        (self.to_front)(&self.app);
    }

    fn set_view(&mut self, view: WindowView) {
        self.view.send_replace(Some(view.clone()));
        if let Err(error) = self.app.emit(VIEW_EVENT, view) {
            tracing::error!(%error, "the page was not told what changed");
        }
    }

    fn set_pace(&mut self, _: Pace) {}

    fn exit(&mut self, code: i32) {
        self.app.exit(code);
    }
}
