//! Turns the controller: one event after the other, and time when it is due.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::clock;
use crate::controller::{Controller, Event};
use crate::desktop::Desktop;
use crate::texts::Texts;

/// Runs until nobody can send events any more.
pub async fn run<D: Desktop>(mut controller: Controller<D>, mut events: mpsc::Receiver<Event>) {
    loop {
        let due = controller.due_in_ms(clock::now());
        let event = tokio::select! {
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
            () = after(due) => Event::TimePassed,
        };
        controller.handle(event, clock::now());
    }
}

async fn after(ms: Option<u64>) {
    match ms {
        Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        None => std::future::pending().await,
    }
}

/// The texts of this desktop's language and time zone.
pub fn texts() -> Texts {
    Texts::english(TimeZone::system())
}

/// 128 random bits for a request id.
#[expect(clippy::disallowed_methods, reason = "this is the outermost edge, where ids are made")]
pub fn random_bits() -> u128 {
    rand::random()
}
