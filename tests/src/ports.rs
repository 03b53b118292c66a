//! Free loopback ports that stay ours: also while the server that used one is dead and about to come back.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, bail};

/// Below the range from which the kernel picks ports for outgoing connections (32768 and up).
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A loopback port, reserved among all tests of this user until it is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked while the port is reserved; the kernel unlocks it however the test ends.
    _reservation: File,
}

impl Port {
    /// Reserves a port on which nobody listens.
    ///
    /// # Errors
    /// If none is left, or the reservations cannot be written.
    pub fn reserve() -> Result<Port> {
        let folder = std::env::temp_dir()
            .join(format!("hotseat-ports-{}", rustix::process::geteuid().as_raw()));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        // Each test program begins elsewhere, so that they seldom meet.
        let spread =
            u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start)).unwrap_or(0);
        for number in (PORTS.start + spread..PORTS.end).chain(PORTS.start..PORTS.start + spread) {
            let file = folder.join(number.to_string());
            let reservation =
                File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
            match reservation.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", file.display()));
                }
            }
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Port { number, _reservation: reservation });
            }
        }
        bail!("no free loopback port between {} and {}", PORTS.start, PORTS.end)
    }

    /// The port with the loopback address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_given_to_nobody_else() {
        let first = Port::reserve().expect("a port is free");
        let second = Port::reserve().expect("another port is free");
        assert_ne!(first.address(), second.address());
        TcpListener::bind(first.address()).expect("the first is still free for its server");
    }
}
