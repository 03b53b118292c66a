//! What the window's page can ask for. Each command forwards one intent and does nothing else.

use hotseat_protocol::ids::{PoolId, Secret};
use tauri::{AppHandle, State};
use tokio::sync::{mpsc, oneshot, watch};

use crate::action::{Action, Verb};
use crate::controller::Event;
use crate::views::{UiError, WindowView};

/// Where commands go and where the view comes from.
pub struct Bridge {
    /// The controller.
    pub events: mpsc::Sender<Event>,
    /// The view that it made last.
    pub view: watch::Receiver<Option<WindowView>>,
}

/// Defines one command that acts on a pool.
macro_rules! pool_command {
    ($(#[$doc:meta])* $name:ident => $verb:expr) => {
        $(#[$doc])*
        #[tauri::command]
        pub async fn $name(bridge: State<'_, Bridge>, pool: String) -> Result<(), UiError> {
            in_pool(&bridge, &pool, $verb).await
        }
    };
}

pool_command!(
    /// Takes a free seat.
    take_seat => Verb::TakeSeat
);
pool_command!(
    /// Joins the line.
    wait_for_seat => Verb::Wait
);
pool_command!(
    /// Takes the offered seat.
    take_offered => Verb::TakeOffered
);
pool_command!(
    /// Passes the offered seat on.
    pass => Verb::Pass
);
pool_command!(
    /// Leaves the line.
    leave_line => Verb::LeaveLine
);
pool_command!(
    /// Gives the seat back.
    sign_off => Verb::SignOff
);
pool_command!(
    /// Keeps the seat.
    keep => Verb::Keep
);

/// The view as it is now; waits for the first one.
#[tauri::command]
pub async fn get_view(bridge: State<'_, Bridge>) -> Result<WindowView, UiError> {
    let mut view = bridge.view.clone();
    let ready = view.wait_for(Option::is_some).await.map_err(|_| ending())?;
    ready.clone().ok_or_else(ending)
}

/// Logs in.
#[tauri::command]
pub async fn log_in(
    bridge: State<'_, Bridge>,
    email: String,
    password: String,
) -> Result<(), UiError> {
    ask(&bridge, Action::LogInWith { email, password: Secret::new(password) }).await
}

/// Logs out.
#[tauri::command]
pub async fn log_out(bridge: State<'_, Bridge>) -> Result<(), UiError> {
    ask(&bridge, Action::LogOut).await
}

/// Puts what an administrator would want to know on the clipboard.
#[tauri::command]
pub async fn copy_details(bridge: State<'_, Bridge>) -> Result<(), UiError> {
    let view = get_view(bridge).await?;
    crate::details::copy(&view).await
}

/// Closes the window; the seat stays.
#[tauri::command]
pub fn close(app: AppHandle) {
    app.exit(0);
}

async fn in_pool(bridge: &Bridge, pool: &str, verb: Verb) -> Result<(), UiError> {
    let pool: PoolId = pool.parse().map_err(|error| UiError {
        code: "invalid".to_owned(),
        text: format!("{error}."),
        next: None,
    })?;
    ask(bridge, Action::InPool { pool, verb }).await
}

async fn ask(bridge: &Bridge, action: Action) -> Result<(), UiError> {
    let (answer, answered) = oneshot::channel();
    let command = Event::Command { action, answer };
    bridge.events.send(command).await.map_err(|_| ending())?;
    answered.await.map_err(|_| ending())?
}

fn ending() -> UiError {
    UiError {
        code: "internal".to_owned(),
        text: "The window is closing.".to_owned(),
        next: Some("Open it again.".to_owned()),
    }
}
