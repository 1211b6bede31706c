//! How long a connection may keep the server waiting.
//!
//! A connection idles (allowed for the keep-alive time), sends a request head (allowed for
//! the header time) or is being answered (bounded elsewhere). A body, an answer in
//! progress and an upgraded connection count as being answered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// The first bytes of an HTTP/2 connection (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection began with, and the bytes read to find out.
pub(super) enum Preface {
    Http1(Vec<u8>),
    Http2(Vec<u8>),
}

/// Reads until the bytes are, or cannot become, the HTTP/2 preface. `None`: closed.
pub(super) async fn preface(stream: &mut TcpStream) -> io::Result<Option<Preface>> {
    let mut read = Vec::with_capacity(HTTP2_PREFACE.len());
    loop {
        let mut chunk = [0; HTTP2_PREFACE.len()];
        let wanted = HTTP2_PREFACE.len() - read.len();
        let count = stream.read(&mut chunk[..wanted]).await?;
        if count == 0 {
            return Ok(None);
        }
        read.extend_from_slice(&chunk[..count]);
        if !HTTP2_PREFACE.starts_with(&read) {
            return Ok(Some(Preface::Http1(read)));
        }
        if read.len() == HTTP2_PREFACE.len() {
            return Ok(Some(Preface::Http2(read)));
        }
    }
}

#[derive(Clone, Copy)]
enum Phase {
    Idle(Instant),
    Head(Instant),
    Busy(usize),
}

/// The phase of one connection.
pub(super) struct Pace {
    phase: Mutex<Phase>,
    head: Duration,
    idle: Duration,
}

impl Pace {
    /// A connection that has just sent its first bytes.
    pub(super) fn new(head: Duration, idle: Duration) -> Arc<Self> {
        Arc::new(Self { phase: Mutex::new(Phase::Head(Instant::now())), head, idle })
    }

    /// A request head is complete. The answer is under way until the guard is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        let mut phase = self.phase.lock();
        *phase = match *phase {
            Phase::Busy(answers) => Phase::Busy(answers + 1),
            Phase::Idle(_) | Phase::Head(_) => Phase::Busy(1),
        };
        Busy(Arc::clone(self))
    }

    fn bytes_arrived(&self) {
        let mut phase = self.phase.lock();
        if matches!(*phase, Phase::Idle(_)) {
            *phase = Phase::Head(Instant::now());
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match *self.phase.lock() {
            Phase::Idle(since) => Some(since + self.idle),
            Phase::Head(since) => Some(since + self.head),
            Phase::Busy(_) => None,
        }
    }

    /// Ends when the client has kept the server waiting too long, at the latest a quarter
    /// of the shorter time after it. Requests touch no timer.
    pub(super) async fn overdue(&self) {
        let step = self.head.min(self.idle) / 4;
        loop {
            let now = Instant::now();
            let wake = match self.deadline() {
                Some(deadline) if deadline <= now => return,
                Some(deadline) => deadline.min(now + step),
                None => now + step,
            };
            tokio::time::sleep_until(wake).await;
        }
    }
}

/// An answer under way.
pub(super) struct Busy(Arc<Pace>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut phase = self.0.phase.lock();
        *phase = match *phase {
            Phase::Busy(answers) if answers > 1 => Phase::Busy(answers - 1),
            _ => Phase::Idle(Instant::now()),
        };
    }
}

/// A response body that keeps its connection busy until it is sent or dropped.
pub(super) struct PacedBody {
    body: Body,
    _busy: Busy,
}

impl PacedBody {
    pub(super) fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl http_body::Body for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that gives back what was read from it and tells the pace when bytes arrive.
pub(super) struct PacedIo {
    stream: TcpStream,
    read: Vec<u8>,
    given_back: usize,
    pace: Option<Arc<Pace>>,
    farewell: Option<Farewell>,
}

/// A connection that the server ended while the client may still be sending. Closing it
/// at once would reset it and could take the last answer from the client (RFC 9112,
/// section 9.6), so what still arrives is read and thrown away for a moment.
struct Farewell {
    until: Pin<Box<Sleep>>,
    allowance: usize,
}

impl Farewell {
    const TIME: Duration = Duration::from_secs(1);
    const BYTES: usize = 1024 * 1024;
}

impl PacedIo {
    pub(super) fn new(stream: TcpStream, read: Vec<u8>, pace: Arc<Pace>) -> Self {
        Self { stream, read, given_back: 0, pace: Some(pace), farewell: None }
    }

    /// HTTP/2 has frames that are no requests; only its streams count.
    pub(super) fn unpaced(stream: TcpStream, read: Vec<u8>) -> Self {
        Self { stream, read, given_back: 0, pace: None, farewell: None }
    }
}

impl AsyncRead for PacedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.given_back < this.read.len() {
            let rest = &this.read[this.given_back..];
            let count = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..count]);
            this.given_back += count;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        if let Some(pace) = &this.pace
            && buffer.filled().len() > before
        {
            pace.bytes_arrived();
        }
        polled
    }
}

impl AsyncWrite for PacedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let farewell = match &mut this.farewell {
            Some(farewell) => farewell,
            empty => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                let until = Box::pin(tokio::time::sleep(Farewell::TIME));
                empty.insert(Farewell { until, allowance: Farewell::BYTES })
            }
        };
        let mut scratch = [0; 4096];
        loop {
            if farewell.until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() && farewell.allowance > 0 => {
                    farewell.allowance = farewell.allowance.saturating_sub(buffer.filled().len());
                }
                // The client closed, or broke, or does not stop.
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
