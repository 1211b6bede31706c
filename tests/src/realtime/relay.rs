//! A network that can be cut: bytes between clients and the gateway pass through here.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Connections end, new ones end at once.
    Cut,
    /// Nothing passes and nobody is told, like a laptop out of reach.
    Silent,
}

/// A port of the loopback that stands for another one.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    weather: Arc<watch::Sender<Weather>>,
    accepting: AbortHandle,
}

impl Relay {
    /// Opens a port in front of `target`.
    ///
    /// # Panics
    ///
    /// When the loopback has no port left.
    pub async fn open(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let weather = Arc::new(watch::Sender::new(Weather::Fair));
        let source = Arc::clone(&weather);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, source.subscribe()));
            }
        });
        Self { port, weather, accepting: accepting.abort_handle() }
    }

    /// The port to connect to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Changes the weather for all connections, open and to come.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, target: u16, weather: watch::Receiver<Weather>) {
    // A reset instead of a farewell, as when a cable is pulled and put back later.
    let _ = client.set_zero_linger();
    if *weather.borrow() == Weather::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(from_client, to_server, weather.clone()) => {}
        () = pass(from_server, to_client, weather) => {}
    }
}

/// Until either side hangs up or the connection is cut.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let now = *weather.borrow_and_update();
        match now {
            Weather::Cut => return,
            Weather::Silent => {
                if weather.changed().await.is_err() {
                    return;
                }
            }
            Weather::Fair => tokio::select! {
                changed = weather.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                read = from.read(&mut bytes) => match read {
                    Ok(length) if length > 0 => {
                        if to.write_all(&bytes[..length]).await.is_err() {
                            return;
                        }
                    }
                    _ => return,
                },
            },
        }
    }
}
