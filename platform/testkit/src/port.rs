//! Ports for servers that must be told theirs before they start.

use std::net::{Ipv4Addr, TcpListener};

use marquis_kernel::random;

/// Below the range from which the system gives ports to outgoing connections, so that a
/// server that is stopped finds its port still free when it starts again.
const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

/// A port on 127.0.0.1 that nobody listens on. A server that can should bind port 0 instead.
///
/// # Panics
///
/// When there is no free port.
#[must_use]
pub fn free_port() -> u16 {
    for _ in 0..1_000 {
        let port = FIRST + u16::from_be_bytes(random::bytes()) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    unreachable!("no free port between {FIRST} and {}", FIRST + COUNT)
}
