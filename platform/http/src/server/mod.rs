//! Serving a router on a TCP listener: HTTP/1.1, and HTTP/2 by prior knowledge (RFC 9113,
//! section 3.3).
//!
//! What always holds: every wait on a client ends (for the first byte, for a request head,
//! between requests), heads are bounded in bytes and count, connections are bounded in
//! number, an accept error never ends the server, and a shutdown lets running requests
//! finish until a deadline.

mod pace;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use crate::PeerAddr;
use pace::{Pace, PacedBody, PacedIo, Preface};

/// What one connection and all of them may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// From the first byte of a request to the end of its head; also the wait for the very
    /// first byte of a connection.
    pub header_timeout: Duration,
    /// How long a connection may idle between requests. Keep it above the idle time of the
    /// gateway's pool, so that the gateway closes first.
    pub keep_alive_timeout: Duration,
    /// Bytes of a request head; more is answered with 431. At least 8,192.
    pub header_bytes: usize,
    /// Header fields of a request; more is answered with 431.
    pub header_count: usize,
    /// Connections at a time; more wait in the listener's backlog.
    pub connections: usize,
    /// Streams at a time within one HTTP/2 connection.
    pub streams: u32,
    /// How long running requests may go on after the shutdown began.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(75),
            header_bytes: 32 * 1024,
            header_count: 100,
            connections: 10_000,
            streams: 128,
            drain: Duration::from_secs(25),
        }
    }
}

/// Serves until `shutdown` is cancelled and the running requests are answered or the
/// drain time is over.
///
/// # Errors
///
/// The listener's address cannot be read. Accept errors are logged and retried.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let slots = Arc::new(Semaphore::new(limits.connections));
    let tasks = TaskTracker::new();
    let abort = CancellationToken::new();
    loop {
        let slot = tokio::select! {
            () = shutdown.cancelled() => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let connection =
            Connection { peer, router: router.clone(), limits, shutdown: shutdown.clone() };
        let abort = abort.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = connection.serve(stream) => {}
            }
            drop(slot);
        });
    }
    // The port is free for a successor while the last requests are answered.
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain, tasks.wait()).await.is_err() {
        tracing::warn!(%address, connections = tasks.len(), "drain time is over, closing connections");
        abort.cancel();
        tasks.wait().await;
    }
    tracing::info!(%address, "stopped listening");
    Ok(())
}

/// The next connection. Errors of one connection are skipped; when the process runs out of
/// descriptors or memory, trying again at once would only burn the processor.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, waiting");
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

struct Connection {
    peer: SocketAddr,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
}

impl Connection {
    async fn serve(self, mut stream: TcpStream) {
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let preface = tokio::select! {
            () = self.shutdown.cancelled() => return,
            preface = tokio::time::timeout(self.limits.header_timeout, pace::preface(&mut stream)) => preface,
        };
        match preface {
            Ok(Ok(Some(Preface::Http1(read)))) => self.serve_http1(stream, read).await,
            Ok(Ok(Some(Preface::Http2(read)))) => self.serve_http2(stream, read).await,
            // Closed, broken or silent.
            Ok(Ok(None) | Err(_)) | Err(_) => {}
        }
    }

    async fn serve_http1(self, stream: TcpStream, read: Vec<u8>) {
        let limits = self.limits;
        let pace = Pace::new(self.limits.header_timeout, self.limits.keep_alive_timeout);
        let io = TokioIo::new(PacedIo::new(stream, read, Arc::clone(&pace)));
        let shutdown = self.shutdown.clone();
        let service = {
            let pace = Arc::clone(&pace);
            service_fn(move |request| self.answer(request, &pace))
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // The pace below tells heads from idling, which hyper's own timeout does not.
            .header_read_timeout(None)
            .max_headers(limits.header_count)
            .max_header_size(limits.header_bytes)
            .max_buf_size(limits.header_bytes.max(64 * 1024))
            .serve_connection(io, service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let mut draining = false;
        loop {
            tokio::select! {
                // An error here is the client's: it went away or spoke no HTTP.
                _ = connection.as_mut() => return,
                () = shutdown.cancelled(), if !draining => {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = pace.overdue() => return,
            }
        }
    }

    async fn serve_http2(self, stream: TcpStream, read: Vec<u8>) {
        let limits = self.limits;
        let idle = limits.keep_alive_timeout;
        let pace = Pace::new(idle, idle);
        let io = TokioIo::new(PacedIo::unpaced(stream, read));
        let shutdown = self.shutdown.clone();
        let service = {
            let pace = Arc::clone(&pace);
            service_fn(move |request| self.answer(request, &pace))
        };
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        let mut closing = false;
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                () = shutdown.cancelled(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = pace.overdue(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    fn answer(
        &self,
        request: http::Request<Incoming>,
        pace: &Arc<Pace>,
    ) -> impl Future<Output = Result<http::Response<PacedBody>, Infallible>> + use<> {
        let busy = pace.busy();
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(PeerAddr(self.peer));
        let mut router = self.router.clone();
        async move {
            let response: Response = router.call(request).await?;
            Ok(response.map(|body| PacedBody::new(body, busy)))
        }
    }
}

#[cfg(test)]
mod tests;
