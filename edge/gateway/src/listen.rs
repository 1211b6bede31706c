//! Listening sockets, and the loop that accepts connections and places them on workers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use marquis_config::Environment;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::conn::{Accepted, Slot};
use crate::error::GatewayError;
use crate::gate::Gate;
use crate::runtime::Workers;

const BACKLOG: i32 = 4_096;

/// A bound listener.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) address: SocketAddr,
    tls: bool,
}

/// Which of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Tls,
}

/// The addresses a setting stands for, in the order in which they are tried; none for "".
pub(crate) fn addresses(
    setting: &str,
    kind: Kind,
    environment: Environment,
) -> Result<Vec<SocketAddr>, String> {
    let port = match (kind, environment == Environment::Prod) {
        (Kind::Plain, true) => 80,
        (Kind::Tls, true) => 443,
        (Kind::Plain, false) => 8080,
        (Kind::Tls, false) => 8443,
    };
    match setting {
        "" => Ok(Vec::new()),
        // IPv6 sockets take IPv4 too, where there is IPv6 at all.
        "auto" => Ok(vec![
            (IpAddr::V6(Ipv6Addr::UNSPECIFIED), port).into(),
            (IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into(),
        ]),
        text => match text.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => Err(format!("{text:?} is neither \"auto\" nor an address with a port")),
        },
    }
}

/// The address of the status listener, if there is to be one.
pub(crate) fn status(setting: &str) -> Result<Option<SocketAddr>, String> {
    match setting {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| format!("gateway.status: {text:?} is not an address with a port")),
    }
}

/// Binds the first address that exists on this machine.
pub(crate) fn bind(addresses: &[SocketAddr], kind: Kind) -> Result<Option<Listener>, GatewayError> {
    let mut failed = None;
    for &address in addresses {
        match bind_one(address, kind) {
            Ok(listener) => return Ok(Some(listener)),
            Err(source) => {
                let unsupported = matches!(source.raw_os_error(), Some(AFNOSUPPORT | ADDRNOTAVAIL));
                let error = GatewayError::Listen { address, source };
                if !unsupported {
                    return Err(error);
                }
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(None), Err)
}

/// `EAFNOSUPPORT` and `EADDRNOTAVAIL` of Linux: there is no IPv6 here.
const AFNOSUPPORT: i32 = 97;
const ADDRNOTAVAIL: i32 = 99;

fn bind_one(address: SocketAddr, kind: Kind) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from_std(socket.into())?;
    let address = socket.local_addr()?;
    Ok(Listener { socket, address, tls: kind == Kind::Tls })
}

/// Accepts until the gateway drains.
pub(crate) async fn accept(listener: Listener, gate: Arc<Gate>, workers: Arc<Workers>) {
    let mut pause = Duration::from_millis(5);
    loop {
        let accepted = tokio::select! {
            biased;
            () = gate.draining.cancelled() => return,
            accepted = listener.socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = Duration::from_millis(5);
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                let worker = workers.choose(&gate);
                gate.counters[worker].accepted.fetch_add(1, Ordering::Relaxed);
                // Over a limit the connection is closed at once: answering would cost what
                // the limit is there to save.
                let Some(slot) = Slot::take(&gate, worker, peer.ip()) else { continue };
                // The socket leaves this runtime for its worker's.
                let stream = match stream.into_std() {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "connection lost"
                        );
                        continue;
                    }
                };
                let accepted = Accepted { stream, peer, tls: listener.tls, slot };
                workers.serve(&gate, worker, accepted);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: trying again at once would only burn the processor.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot accept connections, waiting"
                );
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
