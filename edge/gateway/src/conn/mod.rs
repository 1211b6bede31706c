//! One client connection from the accept to its end: TLS, the choice of protocol, and the
//! driving of hyper, including the graceful stop.

pub(crate) mod activity;
mod attended;
mod sending;
mod vetted;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::answer;
use crate::filters;
use crate::gate::Gate;
use crate::wire::Violation;
use crate::wire::request::{HeaderLimits, Scanner};
use activity::{Activity, Counted};
use attended::Attended;
use sending::Sending;
use vetted::{ReadTimeouts, Vetted};

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) gate: Arc<Gate>,
    pub(crate) worker: usize,
    pub(crate) peer: SocketAddr,
    /// The peer's address, rendered.
    pub(crate) address: HeaderValue,
    /// What rate limits count, rendered.
    pub(crate) network: String,
    pub(crate) tls: bool,
    /// HTTP/1 only: what the reader needs to know.
    pub(crate) activity: Option<Arc<Activity>>,
}

/// An accepted connection that counts as long as it lives.
pub(crate) struct Accepted {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) tls: bool,
    pub(crate) slot: Slot,
}

/// A place among the allowed connections.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
    address: IpAddr,
    _active: Counted,
}

impl Slot {
    /// A place for a connection from this address, if there is one.
    pub(crate) fn take(gate: &Arc<Gate>, worker: usize, address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        let limits = gate.live.load().limits.clone();
        let mut peers = gate.peers.lock();
        if peers.total >= limits.connections {
            return None;
        }
        let mine = peers.by_address.entry(address).or_default();
        if *mine >= limits.connections_per_address {
            return None;
        }
        *mine += 1;
        peers.total += 1;
        drop(peers);
        let active = Counted::new(&gate.counters, worker, |counters| &counters.active);
        Some(Self { gate: Arc::clone(gate), address, _active: active })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut peers = self.gate.peers.lock();
        peers.total = peers.total.saturating_sub(1);
        if let Some(mine) = peers.by_address.get_mut(&self.address) {
            *mine -= 1;
            if *mine == 0 {
                peers.by_address.remove(&self.address);
            }
        }
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(gate: Arc<Gate>, worker: usize, accepted: Accepted) {
    let Accepted { stream, peer, tls, slot } = accepted;
    gate.counters[worker].handled.fetch_add(1, Ordering::Relaxed);
    let served = async {
        stream.set_nodelay(true)?;
        let stream = TcpStream::from_std(stream)?;
        if tls {
            serve_tls(gate, worker, peer, stream, slot).await
        } else {
            http1_connection(gate, worker, peer, false, stream, slot).await
        }
    };
    if let Err(error) = served.await {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "connection ended with an error");
    }
}

async fn serve_tls(
    gate: Arc<Gate>,
    worker: usize,
    peer: SocketAddr,
    stream: TcpStream,
    slot: Slot,
) -> io::Result<()> {
    let (config, patience) = {
        let live = gate.live.load();
        (Arc::clone(&live.tls), live.handshake_timeout)
    };
    let handshaken = tokio::time::timeout(patience, async {
        let mut first = [0];
        // Somebody speaking plain HTTP to this port deserves an explanation; a TLS record
        // never begins with a letter.
        if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
            return explain(stream, &gate).await.map(|()| None);
        }
        TlsAcceptor::from(config).accept(stream).await.map(Some)
    })
    .await
    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    match handshaken {
        Ok(Some(stream)) => {
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2_connection(gate, worker, peer, stream, slot).await
            } else {
                http1_connection(gate, worker, peer, true, stream, slot).await
            }
        }
        Ok(None) => Ok(()),
        Err(error) => {
            gate.metrics.handshakes_failed.inc();
            Err(error)
        }
    }
}

async fn http1_connection<IO>(
    gate: Arc<Gate>,
    worker: usize,
    peer: SocketAddr,
    tls: bool,
    stream: IO,
    slot: Slot,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let live = gate.live.load_full();
    let limits = &live.limits;
    let scanner = Scanner::new(HeaderLimits {
        target: limits.uri,
        bytes: limits.header_bytes,
        count: limits.header_count,
    });
    let timeouts = ReadTimeouts {
        header: limits.header_timeout.duration(),
        keep_alive: limits.keep_alive.duration(),
    };
    let refusal = {
        let gate = Arc::clone(&gate);
        Box::new(move |violation: Violation| {
            let status = violation.answer().0;
            gate.metrics.refused.with_label_values(&[status.to_string().as_str()]).inc();
            tracing::info!(client = %peer.ip(), status, reason = %violation, "request refused");
            let date = httpdate(gate.clock.now());
            answer::refusal(violation, &gate.live.load().security, tls, &date)
        })
    };
    let counters = (Arc::clone(&gate.counters), worker);
    let stream = Sending::new(stream, limits.send_timeout.duration());
    let io = Vetted::new(stream, scanner, Arc::clone(&activity), counters, timeouts, refusal);
    let io = Attended::new(io, Arc::clone(&activity), slot);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(limits.header_count + 1)
        .max_buf_size((limits.header_bytes + 8 * 1024).max(64 * 1024));
    drop(live);
    let draining = gate.draining.clone();
    let stopping = Arc::clone(&gate);
    let client = Arc::new(Client {
        gate,
        worker,
        peer,
        address: rendered(peer.ip()),
        network: filters::network(peer.ip()).to_string(),
        tls,
        activity: Some(Arc::clone(&activity)),
    });
    let service = service_fn(move |request: Request<Incoming>| {
        activity.set_busy(true);
        let client = Arc::clone(&client);
        async move { Ok::<_, Infallible>(filters::serve(client, request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
    let mut connection = pin!(connection);
    let mut drained = pin!(draining.cancelled());
    let (mut registered, mut leaving) = (false, false);
    std::future::poll_fn(|cx| {
        // Registered once, a stop wakes this task; polling that future every time costs a lock.
        if !registered {
            registered = true;
            let _ = drained.as_mut().poll(cx);
        }
        if !leaving && stopping.stopping.load(Ordering::Acquire) {
            leaving = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await
    .map_err(io::Error::other)
}

async fn http2_connection<IO>(
    gate: Arc<Gate>,
    worker: usize,
    peer: SocketAddr,
    stream: IO,
    _slot: Slot,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let live = gate.live.load_full();
    let limits = &live.limits;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let header_list = limits.header_bytes + limits.header_count * 32;
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(u32::try_from(header_list).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.keep_alive.duration() / 2)
        .keep_alive_timeout(limits.header_timeout.duration());
    let idle = limits.keep_alive.duration();
    let stream = Sending::new(stream, limits.send_timeout.duration());
    drop(live);
    let draining = gate.draining.clone();
    let running = Arc::new(Running::default());
    let client = Arc::new(Client {
        gate,
        worker,
        peer,
        address: rendered(peer.ip()),
        network: filters::network(peer.ip()).to_string(),
        tls: true,
        activity: None,
    });
    let service = {
        let running = Arc::clone(&running);
        service_fn(move |request: Request<Incoming>| {
            let client = Arc::clone(&client);
            let guard = running.begin();
            async move {
                let response = filters::serve(client, request).await;
                drop(guard);
                Ok::<_, Infallible>(response)
            }
        })
    };
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut drained = pin!(draining.cancelled());
    let mut idled = pin!(running.idle_for(idle));
    let mut leaving = false;
    std::future::poll_fn(|cx| {
        // Pings keep a connection alive; a client that only answers pings is idle.
        if !leaving && (drained.as_mut().poll(cx).is_ready() || idled.as_mut().poll(cx).is_ready())
        {
            leaving = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await
    .map_err(io::Error::other)
}

/// Requests running on an HTTP/2 connection.
#[derive(Debug, Default)]
struct Running {
    count: std::sync::atomic::AtomicUsize,
    begun: std::sync::atomic::AtomicU64,
}

struct RunningGuard(Arc<Running>);

impl Running {
    fn begin(self: &Arc<Self>) -> RunningGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        RunningGuard(Arc::clone(self))
    }

    /// Returns when nothing has begun and nothing was running for at least `idle`.
    async fn idle_for(&self, idle: std::time::Duration) {
        let mut seen = self.begun.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(idle).await;
            let now = self.begun.load(Ordering::Relaxed);
            if now == seen && self.count.load(Ordering::Relaxed) == 0 {
                return;
            }
            seen = now;
        }
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

fn rendered(address: IpAddr) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(address.to_canonical().to_string()))
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// IMF-fixdate (RFC 9110, section 5.6.7).
fn httpdate(at: time::OffsetDateTime) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        DAYS[usize::from(at.weekday().number_days_from_monday())],
        at.day(),
        MONTHS[usize::from(u8::from(at.month())) - 1],
        at.year(),
        at.hour(),
        at.minute(),
        at.second(),
    )
}

/// Explains plain HTTP on the TLS port.
async fn explain(mut stream: TcpStream, gate: &Gate) -> io::Result<()> {
    const WHAT: Violation = Violation::Malformed("This port speaks HTTPS only.");
    let date = httpdate(gate.clock.now());
    let answer = answer::refusal(WHAT, &gate.live.load().security, false, &date);
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_fixed_form() {
        let at = time::OffsetDateTime::from_unix_timestamp(784_111_777).expect("time");
        assert_eq!(httpdate(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
