//! The icon in the panel: Tauri's tray, placed as soon as a panel takes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuBuilder, MenuItem, PredefinedMenuItem, SubmenuBuilder};
use tauri::tray::{MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};
use tokio::sync::mpsc;

use crate::action::Action;
use crate::controller::{Event, Origin};
use crate::lifecycle::Tasks;
use crate::platform;
use crate::tray::icon::{Icon, Ink, paint, side_for};
use crate::tray::menu::{Entry, Look};

/// What the panel calls the icon.
const TRAY_ID: &str = "hotseat";

/// Between attempts to place the icon where a panel is there and refuses it.
const PANEL_RETRY: Duration = Duration::from_secs(5);

/// At log-in the tray often starts before the panel; only later is it worth a word.
const PANEL_PATIENCE: Duration = Duration::from_secs(30);

/// What the panel is to show, and what it shows.
pub(super) struct Panel {
    app: AppHandle,
    tasks: Tasks,
    events: mpsc::Sender<Event>,
    wanted: Mutex<Wanted>,
    icon: Mutex<Placed>,
    /// How much larger than usual text is, as it was last measured.
    text_scale: Mutex<Option<f64>>,
    /// Whether it is being measured: a display that does not answer is asked once.
    measuring: AtomicBool,
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
    /// Of the picture, in pixels.
    side: u32,
    look: Look,
}

impl Panel {
    pub(super) fn new(app: AppHandle, tasks: Tasks, events: mpsc::Sender<Event>) -> Self {
        Self {
            app,
            tasks,
            events,
            wanted: Mutex::default(),
            icon: Mutex::new(Placed::No { retrying: false }),
            text_scale: Mutex::new(None),
            measuring: AtomicBool::new(false),
        }
    }

    /// Draws the icon, in the size that the desktop has now.
    pub(super) fn set_icon(panel: &Arc<Self>, icon: Icon) {
        Self::paint(panel, |wanted| wanted.icon = Some(icon));
        Self::measure(panel);
    }

    /// Sets tooltip and menu.
    pub(super) fn set_menu(panel: &Arc<Self>, look: Look) {
        Self::paint(panel, |wanted| wanted.menu = Some(look));
    }

    /// Notes what is wanted, and paints it where Tauri wants that done.
    fn paint(panel: &Arc<Self>, change: impl FnOnce(&mut Wanted)) {
        change(&mut panel.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        Self::schedule(panel);
    }

    /// Asks the display for its text's size, and paints again where that makes a difference.
    fn measure(panel: &Arc<Self>) {
        if panel.measuring.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = Arc::clone(panel);
        panel.tasks.spawn(async move {
            // A panic in it leaves what was known.
            if let Ok(scale) = tokio::task::spawn_blocking(platform::text_scale).await {
                let known = &mut *shared.text_scale.lock().unwrap_or_else(PoisonError::into_inner);
                let before = std::mem::replace(known, scale);
                if before != scale {
                    Self::schedule(&shared);
                }
            }
            shared.measuring.store(false, Ordering::Relaxed);
        });
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
        let side = panel.side();
        let mut placed = panel.icon.lock().unwrap_or_else(PoisonError::into_inner);
        let painted = match &mut *placed {
            Placed::Waiting => return,
            Placed::Yes(shown) => {
                let painted = panel.repaint(shown, icon, side, &look);
                (shown.icon, shown.side, shown.look) = (icon, side, look);
                painted
            }
            Placed::No { retrying } => {
                let retrying = *retrying;
                match panel.place(icon, side, &look) {
                    Ok(tray) => *placed = Placed::Yes(Box::new(Shown { tray, icon, side, look })),
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
    fn place(&self, icon: Icon, side: u32, look: &Look) -> tauri::Result<TrayIcon> {
        let (menu_events, clicks) = (self.events.clone(), self.events.clone());
        TrayIconBuilder::with_id(TRAY_ID)
            .icon(image(icon, side))
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

    /// How large to paint, in pixels.
    ///
    /// A status icon may offer several sizes, but Tauri's tray hands over one picture, so it is
    /// the one that the sharpest screen shows without enlarging; hosts make it smaller elsewhere.
    fn side(&self) -> u32 {
        let monitors = self.app.available_monitors().unwrap_or_default();
        let text = *self.text_scale.lock().unwrap_or_else(PoisonError::into_inner);
        side_for(monitors.iter().map(|monitor| monitor.scale_factor()).chain(text))
    }

    /// Sets what differs: a menu that is set anew closes under the person's pointer.
    fn repaint(&self, shown: &Shown, icon: Icon, side: u32, look: &Look) -> tauri::Result<()> {
        let (tray, known) = (&shown.tray, &shown.look);
        if (shown.icon, shown.side) != (icon, side) {
            tray.set_icon(Some(image(icon, side)))?;
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

fn image(icon: Icon, side: u32) -> Image<'static> {
    let painted = paint(icon, side, Ink::Halo);
    Image::new_owned(painted.pixels, painted.width, painted.height)
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
