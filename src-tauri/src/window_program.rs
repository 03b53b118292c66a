//! The window: a process of its own that ends when it is closed. The seat does not hang on it.

use anyhow::Context;
use tauri::{AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::{mpsc, watch};

use crate::broker_link::{self, LinkOptions};
use crate::commands::{self, Bridge};
use crate::config::{Options, Session};
use crate::controller::{Controller, Event, OUTBOX_MAX, Part};
use crate::desktop::tauri::WindowDesktop;
use crate::desktop::{CLOSE, TO_THE_FRONT};
use crate::event_loop;
use crate::lifecycle::Tasks;

/// Events that wait.
const EVENTS_MAX: usize = 256;

/// The one window's name in Tauri.
const MAIN: &str = "main";

/// The page that Vite builds for it.
const PAGE: &str = "tray.html";

/// Inner size in logical pixels, and the smallest that shows everything.
const SIZE: (f64, f64) = (420.0, 640.0);
const SIZE_MIN: (f64, f64) = (320.0, 400.0);

/// Runs the window until it is closed.
///
/// # Errors
/// If the desktop's toolkit does not start or has no web view.
pub fn run(options: &Options, session: &Session, tasks: Tasks) -> anyhow::Result<u8> {
    let (events, receiver) = mpsc::channel(EVENTS_MAX);
    let (view, views) = watch::channel(None);
    let app = tauri::Builder::default()
        .manage(Bridge { events: events.clone(), view: views })
        .invoke_handler(tauri::generate_handler![
            commands::get_view,
            commands::take_seat,
            commands::wait_for_seat,
            commands::take_offered,
            commands::pass,
            commands::leave_line,
            commands::sign_off,
            commands::keep,
            commands::log_in,
            commands::log_out,
            commands::copy_details,
            commands::close,
        ])
        .build(tauri::generate_context!())
        .context("the desktop's toolkit does not start")?;
    WebviewWindowBuilder::new(&app, MAIN, WebviewUrl::App(PAGE.into()))
        .title("Hotseat")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(SIZE_MIN.0, SIZE_MIN.1)
        .build()
        .context("the window cannot be made")?;

    let (outbox, calls) = mpsc::channel(OUTBOX_MAX);
    let desktop = WindowDesktop { app: app.handle().clone(), view, to_front };
    let texts = event_loop::texts();
    let controller = Controller::new(Part::Window, texts, desktop, outbox, event_loop::random_bits);
    let link = broker_link::run(LinkOptions::window(options, session), calls, events.clone());
    let tray = listen_to_the_tray(app.handle().clone());

    // Not before the event loop runs: it would not hear of an exit.
    let mut start = Some((event_loop::run(controller, receiver), link, tray));
    let code = app.run_return(move |_, event| {
        if let RunEvent::Ready = event
            && let Some((controller, link, tray)) = start.take()
        {
            tasks.spawn(controller);
            tasks.spawn(link);
            tasks.spawn(tray);
        } else if let RunEvent::WindowEvent { event: WindowEvent::Focused(focused), .. } = event {
            // Lost only when very many wait; the next change of focus corrects it.
            let _ = events.try_send(Event::Focused(focused));
        }
    });
    Ok(u8::try_from(code).unwrap_or(crate::FAILED))
}

/// The tray that started this window speaks through standard input. Its end means that the tray
/// is gone, which does not concern the window.
async fn listen_to_the_tray(app: AppHandle) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.as_str() {
            TO_THE_FRONT => to_front(&app),
            CLOSE => app.exit(0),
            other => tracing::warn!(line = other, "the tray said something unknown"),
        }
    }
}

fn to_front(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let raised = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::warn!(%error, "the window does not come to the front");
    }
}
