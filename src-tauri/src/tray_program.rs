//! The tray: icon, menu, notifications, idle times. It has no web view.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tauri::RunEvent;
use tokio::sync::{Notify, mpsc, watch};

use crate::action::Action;
use crate::app_state::Pace;
use crate::broker_link::{self, LinkOptions};
use crate::config::{Options, Session};
use crate::controller::{Controller, Event, GOODBYE_WAIT_MS, OUTBOX_MAX, Origin, Part};
use crate::desktop::tauri::{Parts, TrayDesktop};
use crate::idle::{self, Reading, Sources};
use crate::lifecycle::Tasks;
use crate::{event_loop, platform};

/// Events that wait; the broker's are the most, and it waits for us when we are slow.
const EVENTS_MAX: usize = 256;

/// Runs the tray until it is told to end.
///
/// # Errors
/// If the desktop's toolkit does not start.
pub fn run(options: Options, session: Session, tasks: Tasks) -> anyhow::Result<u8> {
    let (events, receiver) = mpsc::channel(EVENTS_MAX);
    let (leaving, left) = watch::channel(false);
    let app = tauri::Builder::default()
        .build(tauri::generate_context!())
        .context("the desktop's toolkit does not start")?;

    let (outbox, calls) = mpsc::channel(OUTBOX_MAX);
    let (pace, paces) = watch::channel(Pace::Slow);
    let (readings, reading) = watch::channel(Reading::default());
    let asked = Arc::new(Notify::new());
    let desktop = TrayDesktop::new(Parts {
        app: app.handle().clone(),
        tasks: tasks.clone(),
        events: events.clone(),
        socket: options.socket.clone(),
        pace,
        leaving,
    });
    let texts = event_loop::texts();
    let controller = Controller::new(Part::Tray, texts, desktop, outbox, event_loop::random_bits);
    let link = LinkOptions::tray(&options, &session, reading, Arc::clone(&asked));
    let link = broker_link::run(link, calls, events.clone());
    let idle = idle::watch(Sources::of_desktop(session), paces, asked, readings);
    tasks.spawn(quit_on_signals(events.clone()));

    // Not before the event loop runs: it would not hear of an exit.
    let mut start = Some((event_loop::run(controller, receiver), link, idle));
    let code = app.run_return(move |_, event| {
        if let RunEvent::Ready = event
            && let Some((controller, link, idle)) = start.take()
        {
            tasks.spawn(controller);
            tasks.spawn(link);
            tasks.spawn(idle);
        } else if let RunEvent::ExitRequested { code: None, api, .. } = event {
            // Nothing but our own exit ends the tray; it has no window whose closing could.
            api.prevent_exit();
        } else if let RunEvent::Exit = event {
            say_goodbye(&tasks, &events, left.clone());
        }
    });
    Ok(u8::try_from(code).unwrap_or(crate::FAILED))
}

async fn quit_on_signals(events: mpsc::Sender<Event>) {
    loop {
        platform::ended_by_the_system().await;
        let quit = Event::Action { action: Action::Quit, origin: Origin::System };
        if events.send(quit).await.is_err() {
            return;
        }
    }
}

/// The last net: some systems end the program without asking. Waits until the broker has
/// acknowledged a goodbye, or as long as it may take.
fn say_goodbye(tasks: &Tasks, events: &mpsc::Sender<Event>, mut left: watch::Receiver<bool>) {
    if *left.borrow() {
        return;
    }
    let quit = Event::Action { action: Action::Quit, origin: Origin::System };
    if events.try_send(quit).is_err() {
        return;
    }
    let acknowledged = async {
        let wait = Duration::from_millis(GOODBYE_WAIT_MS);
        tokio::time::timeout(wait, left.wait_for(|left| *left)).await.is_ok_and(|left| left.is_ok())
    };
    if !tasks.block_on(acknowledged) {
        tracing::warn!("the program ends before its goodbye was acknowledged");
    }
}
