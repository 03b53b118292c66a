//! Linux: logind, played by the tests, terminals, a second user, and addresses that swallow packets.

mod black_hole;
mod crowd;
mod fake_logind;
mod hooks;
mod output;
mod prompt;
mod run;
mod sessions_of_the_os;
mod sockets;
mod starts;
mod terminal;
mod two_users;
mod unit;
mod upgrades;

use std::path::Path;
use std::time::Duration;

use hotseat_ipc::socket::{self, ConnectError};

use crate::soon;

/// Waits until a broker of another process answers: its socket is a file before it listens.
async fn answers(socket: &Path) {
    soon("the broker listens", async {
        while let Err(error) = socket::connect(&[socket.to_path_buf()]).await {
            assert!(matches!(error, ConnectError::NoBroker(_)), "{error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
