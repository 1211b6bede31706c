//! A stream of which hyper sees only whole, unambiguous HTTP/1.1 request headers.
//!
//! A header reaches the parser when it is complete and in order ([`Scanner`]); until then
//! the parser believes the connection idle. A refused header is answered from here, with
//! the status hyper has no way to give, and the connection is closed so that the client can
//! read that answer. Header and keep-alive timeouts live here for the same reason.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::activity::{Activity, Counted, Counters};
use crate::wire::Violation;
use crate::wire::request::Scanner;

/// Largest write that is put together from its pieces.
const GATHER: usize = 2 * 1024;
/// Time a client gets to read the last answer while it is still sending.
const LINGER: Duration = Duration::from_secs(2);

/// Times the reader enforces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadTimeouts {
    /// From the first byte of a header, or from the accept, to the header's end.
    pub header: Duration,
    /// Idle between two requests.
    pub keep_alive: Duration,
}

/// Renders the answer to a refused request; called at most once for a connection.
pub(crate) type Refusal = Box<dyn FnOnce(Violation) -> Vec<u8> + Send>;

pub(crate) struct Vetted<IO> {
    io: IO,
    scanner: Scanner,
    /// Bytes behind the last one delivered.
    stash: Vec<u8>,
    /// How many of the stash have passed the scanner.
    passed: usize,
    activity: Arc<Activity>,
    counters: (Arc<[Counters]>, usize),
    /// A header is arriving.
    reading: Option<Counted>,
    timeouts: ReadTimeouts,
    refusal: Option<Refusal>,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the current wait for a header began, and whether it is the connection's first.
    waiting_since: Option<Instant>,
    first: bool,
    closing: Option<Closing>,
}

/// The last answer, as far as it is written, and then the lingering.
struct Closing {
    answer: Vec<u8>,
    written: usize,
    linger: Option<Pin<Box<Sleep>>>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Vetted<IO> {
    pub(crate) fn new(
        io: IO,
        scanner: Scanner,
        activity: Arc<Activity>,
        counters: (Arc<[Counters]>, usize),
        timeouts: ReadTimeouts,
        refusal: Refusal,
    ) -> Self {
        Self {
            io,
            scanner,
            stash: Vec::new(),
            passed: 0,
            activity,
            counters,
            reading: None,
            timeouts,
            refusal: Some(refusal),
            timer: None,
            waiting_since: None,
            first: true,
            closing: None,
        }
    }

    /// Hands over what has passed already, if anything.
    fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.passed == 0 {
            return false;
        }
        let count = self.passed.min(buf.remaining());
        buf.put_slice(&self.stash[..count]);
        self.stash.drain(..count);
        self.passed -= count;
        true
    }

    /// A whole header has gone to the parser.
    fn head_passed(&mut self) {
        self.waiting_since = None;
        self.first = false;
        self.reading = None;
    }

    fn scan_stash(&mut self) -> Result<(), Violation> {
        self.passed = self.scanner.advance(&self.stash)?;
        if let Some(rewritten) = self.scanner.rewritten(&self.stash[..self.passed]) {
            let rest = self.stash.split_off(self.passed);
            self.passed = rewritten.len();
            self.stash = rewritten;
            self.stash.extend_from_slice(&rest);
        }
        Ok(())
    }

    /// Ends the connection: the parser sees the end of the stream, the client the answer.
    fn refuse(&mut self, violation: Option<Violation>) {
        self.stash = Vec::new();
        self.reading = None;
        let answer = match (violation, self.refusal.take()) {
            (Some(violation), Some(render)) => render(violation),
            _ => Vec::new(),
        };
        self.closing = Some(Closing { answer, written: 0, linger: None });
    }

    /// Called when no byte has arrived: ready when the client took too long.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.activity.busy() {
            self.waiting_since = None;
            return Poll::Pending;
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let header_expected = self.first || !self.stash.is_empty();
        let due =
            since + if header_expected { self.timeouts.header } else { self.timeouts.keep_alive };
        // The timer is left standing at an earlier time and moved on when it fires: a busy
        // connection then never touches it.
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn on_timeout(&mut self) {
        // An idle connection just ends; one that began a request hears why.
        self.refuse((!self.stash.is_empty()).then_some(Violation::Timeout));
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Vetted<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.activity.upgraded() {
            // It would wake the task that spoke HTTP, and keep that task's memory until then.
            this.timer = None;
            if !this.stash.is_empty() {
                this.passed = this.stash.len();
                this.deliver(buf);
                return Poll::Ready(Ok(()));
            }
            return Pin::new(&mut this.io).poll_read(cx, buf);
        }
        if this.closing.is_some() || this.deliver(buf) {
            return Poll::Ready(Ok(()));
        }
        let busy = this.activity.busy();
        if !this.stash.is_empty() && !busy {
            // What was sent ahead while the last answer was being written.
            if let Err(violation) = this.scan_stash() {
                this.refuse(Some(violation));
                return Poll::Ready(Ok(()));
            }
            if this.deliver(buf) {
                this.head_passed();
                return Poll::Ready(Ok(()));
            }
        }
        loop {
            if busy && this.scanner.at_head() && !this.stash.is_empty() {
                // The next request waits; the parser asks again when this answer is written.
                return Poll::Pending;
            }
            let before = buf.filled().len();
            if this.stash.is_empty() {
                match Pin::new(&mut this.io).poll_read(cx, buf) {
                    Poll::Ready(result) => result?,
                    Poll::Pending => {
                        ready!(this.poll_deadline(cx));
                        this.on_timeout();
                        return Poll::Ready(Ok(()));
                    }
                }
                let fresh = &buf.filled()[before..];
                if fresh.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                if busy && this.scanner.at_head() {
                    this.stash.extend_from_slice(fresh);
                    buf.set_filled(before);
                    continue;
                }
                let length = fresh.len();
                match this.scanner.advance(fresh) {
                    Ok(passed) => {
                        if let Some(rewritten) = this.scanner.rewritten(&fresh[..passed]) {
                            this.passed = rewritten.len();
                            this.stash = rewritten;
                        }
                        this.stash.extend_from_slice(&fresh[passed..]);
                        if this.passed > 0 {
                            buf.set_filled(before);
                            this.deliver(buf);
                            this.head_passed();
                            return Poll::Ready(Ok(()));
                        }
                        buf.set_filled(before + passed);
                        if passed > 0 {
                            this.head_passed();
                            return Poll::Ready(Ok(()));
                        }
                        debug_assert_eq!(this.stash.len(), length);
                        // A header has begun: its time starts now.
                        this.waiting_since = Some(Instant::now());
                        let (counters, worker) = &this.counters;
                        this.reading =
                            Some(Counted::new(counters, *worker, |counters| &counters.reading));
                    }
                    Err(violation) => {
                        buf.set_filled(before);
                        if busy {
                            return Poll::Ready(Err(io::Error::new(
                                io::ErrorKind::InvalidData,
                                violation,
                            )));
                        }
                        this.refuse(Some(violation));
                        return Poll::Ready(Ok(()));
                    }
                }
            } else {
                let mut space = [0; 4096];
                let mut more = ReadBuf::new(&mut space);
                match Pin::new(&mut this.io).poll_read(cx, &mut more) {
                    Poll::Ready(result) => result?,
                    Poll::Pending => {
                        ready!(this.poll_deadline(cx));
                        this.on_timeout();
                        return Poll::Ready(Ok(()));
                    }
                }
                if more.filled().is_empty() {
                    // The client gave up in the middle of a header.
                    this.refuse(None);
                    return Poll::Ready(Ok(()));
                }
                this.stash.extend_from_slice(more.filled());
                if let Err(violation) = this.scan_stash() {
                    this.refuse(Some(violation));
                    return Poll::Ready(Ok(()));
                }
                if this.deliver(buf) {
                    this.head_passed();
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Vetted<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // A body of which we read only the beginning: the client may still be sending.
        let unread = !this.scanner.at_head() || !this.stash.is_empty();
        if this.closing.is_none() && unread && !this.activity.upgraded() {
            this.closing = Some(Closing { answer: Vec::new(), written: 0, linger: None });
        }
        let Some(closing) = &mut this.closing else {
            return Pin::new(&mut this.io).poll_shutdown(cx);
        };
        while closing.written < closing.answer.len() {
            let rest = &closing.answer[closing.written..];
            let count = ready!(Pin::new(&mut this.io).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            closing.written += count;
        }
        ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        // Closing a socket with unread input resets it, and the reset may overtake the
        // answer; so read on for a moment (RFC 9112, section 9.6).
        let linger = closing.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut space = [0; 16 * 1024];
        loop {
            if linger.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut sink = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.io).poll_read(cx, &mut sink)) {
                Ok(()) if !sink.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.get_mut().io);
        // A header and a short body: copying them together is cheaper than a vectored write.
        let length: usize = bufs.iter().map(|buf| buf.len()).sum();
        let mut together = [0; GATHER];
        if bufs.len() == 1 || length > GATHER {
            return io.poll_write_vectored(cx, bufs);
        }
        let mut at = 0;
        for buf in bufs {
            together[at..at + buf.len()].copy_from_slice(buf);
            at += buf.len();
        }
        io.poll_write(cx, &together[..at])
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
