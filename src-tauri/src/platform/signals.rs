//! The signals by which Unix asks a program to end.

use tokio::signal::unix::{SignalKind, signal};

/// Ends when one of them has come; called again, when the next has.
pub async fn ended_by_the_system() {
    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::interrupt()) => {}
        () = received(SignalKind::hangup()) => {}
    }
}

async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::error!(?kind, %error, "this signal will end the program without a goodbye");
            std::future::pending::<()>().await;
        }
    }
}
