//! A connection that became a WebSocket of a service in this process. The service holds it
//! and talks to the client directly; what the gateway owes the connection happens in here, under
//! the service's reads and writes: its place among the connections is kept, silence ends it, and
//! at a stop a Close frame goes out between two frames of the service.
//!
//! Reads and writes may be made by two tasks. What happens in the name of one of them while the
//! other waits wakes the other.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Slot;
use super::activity::Activity;
use crate::websocket::frames::{Frames, GOING_AWAY};
use crate::websocket::{FAREWELL, Standing};

/// Two control frames (RFC 6455, section 5.5).
const LAST_WORDS: usize = 2 * 127;

pub(crate) struct Attended<IO> {
    io: IO,
    activity: Arc<Activity>,
    /// Once a service of this process has accepted a WebSocket.
    watch: Option<Box<Watch>>,
    _slot: Slot,
}

/// What is known of the WebSocket.
struct Watch {
    /// How much of the end of the handshake's answer has been written: frames come after it.
    handshake: usize,
    /// Frames of the service.
    frames: Frames,
    idle: Duration,
    last: Instant,
    silence: Pin<Box<Sleep>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    stage: Stage,
    /// Bytes taken from the service after our Close frame.
    dropped: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

enum Stage {
    Open,
    /// The gateway stops; it is the service's turn to say so, or another connection's.
    Soon(Pin<Box<Sleep>>),
    /// A Close frame goes out, this much of it written; the end.
    Closing(usize, Pin<Box<Sleep>>),
    Over,
}

impl<IO> Attended<IO> {
    pub(crate) const fn new(io: IO, activity: Arc<Activity>, slot: Slot) -> Self {
        Self { io, activity, watch: None, _slot: slot }
    }
}

/// What there is to watch over, if the connection is a WebSocket of this process.
fn watched<'a>(
    activity: &'a Activity,
    watch: &'a mut Option<Box<Watch>>,
) -> Option<(&'a Standing, &'a mut Watch)> {
    let standing = activity.websocket()?;
    Some((standing, watch.get_or_insert_with(|| Box::new(Watch::new(standing)))))
}

impl Watch {
    fn new(standing: &Standing) -> Self {
        Self {
            handshake: 0,
            frames: Frames::default(),
            idle: standing.idle,
            last: Instant::now(),
            silence: Box::pin(tokio::time::sleep(standing.idle)),
            stop: Box::pin(standing.stop()),
            stage: Stage::Open,
            dropped: 0,
            reader: None,
            writer: None,
        }
    }

    /// Ready when it has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.idle.is_zero() {
            return Poll::Pending;
        }
        let due = self.last + self.idle;
        while self.silence.as_mut().poll(cx).is_ready() {
            if self.silence.deadline() >= due {
                return Poll::Ready(());
            }
            self.silence.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Does what is due. Ready when nothing more is to be read. For the reading task: it always
    /// waits for something, and its waker is the one that time wakes.
    fn poll_end<IO: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        standing: &Standing,
    ) -> Poll<()> {
        loop {
            match &mut self.stage {
                Stage::Open => {
                    if self.poll_silence(cx).is_ready() {
                        self.over();
                        continue;
                    }
                    ready!(self.stop.as_mut().poll(cx));
                    let wait = tokio::time::sleep(standing.told_after(true));
                    self.stage = Stage::Soon(Box::pin(wait));
                }
                Stage::Soon(wait) => {
                    ready!(wait.as_mut().poll(cx));
                    self.stage = Stage::Closing(0, Box::pin(tokio::time::sleep(FAREWELL)));
                }
                Stage::Closing(written, end) => {
                    if end.as_mut().poll(cx).is_ready() {
                        self.over();
                        continue;
                    }
                    let begun = *written > 0;
                    let can_begin = self.frames.at_boundary() && !self.frames.closing();
                    if *written == GOING_AWAY.len() || !(begun || can_begin) {
                        return Poll::Pending;
                    }
                    match ready!(Pin::new(&mut *io).poll_write(cx, &GOING_AWAY[*written..])) {
                        Ok(count @ 1..) => *written += count,
                        _ => self.over(),
                    }
                    let _ = Pin::new(&mut *io).poll_flush(cx);
                }
                Stage::Over => return Poll::Ready(()),
            }
        }
    }

    fn over(&mut self) {
        self.stage = Stage::Over;
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    /// How many of these bytes the service may still write: none after our Close frame, and
    /// when that is due not beyond the current frame.
    fn allowed(&self, buf: &[u8]) -> usize {
        match &self.stage {
            Stage::Open | Stage::Soon(_) => buf.len(),
            Stage::Closing(0, _) if self.frames.closing() => buf.len(),
            Stage::Closing(0, _) if !self.frames.at_boundary() => self.frames.clone().advance(buf),
            Stage::Closing(..) | Stage::Over => 0,
        }
    }

    /// What becomes of a write that is not allowed. The service's own Close frame is taken and
    /// dropped, so that it gets on; one that goes on talking waits until it is over.
    fn refuse(&mut self, cx: &Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        if matches!(self.stage, Stage::Over) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.dropped + length <= LAST_WORDS {
            self.dropped += length;
            return Poll::Ready(Ok(length));
        }
        remember(&mut self.writer, cx);
        Poll::Pending
    }

    /// Takes note of what was written.
    fn wrote(&mut self, mut bytes: &[u8]) {
        const END: &[u8; 4] = b"\r\n\r\n";
        while self.handshake < END.len() {
            let Some((byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.handshake = match *byte == END[self.handshake] {
                true => self.handshake + 1,
                false => usize::from(*byte == END[0]),
            };
        }
        self.last = Instant::now();
        self.frames.pass(bytes);
        if matches!(self.stage, Stage::Closing(..)) && self.frames.at_boundary() {
            wake(&mut self.reader);
        }
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

fn remember(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(known) => known.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Attended<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, activity, watch, .. } = self.get_mut();
        let Some((standing, watch)) = watched(activity, watch) else {
            return Pin::new(io).poll_read(cx, buf);
        };
        if watch.poll_end(cx, io, standing).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(io).poll_read(cx, buf) {
            Poll::Ready(read) => {
                if buf.filled().len() > before {
                    watch.last = Instant::now();
                }
                Poll::Ready(read)
            }
            Poll::Pending => {
                remember(&mut watch.reader, cx);
                Poll::Pending
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Attended<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { io, activity, watch, .. } = self.get_mut();
        let Some((_, watch)) = watched(activity, watch) else {
            return Pin::new(io).poll_write(cx, buf);
        };
        let allowed = watch.allowed(buf);
        if allowed == 0 && !buf.is_empty() {
            return watch.refuse(cx, buf.len());
        }
        let written = Pin::new(io).poll_write(cx, &buf[..allowed]);
        match &written {
            Poll::Ready(Ok(count)) => watch.wrote(&buf[..*count]),
            // A client that takes nothing is not listened to either.
            Poll::Ready(Err(_)) => watch.over(),
            Poll::Pending => remember(&mut watch.writer, cx),
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, watch, .. } = self.get_mut();
        let flushed = Pin::new(io).poll_flush(cx);
        if let Some(watch) = watch {
            match &flushed {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => watch.over(),
                Poll::Pending => remember(&mut watch.writer, cx),
            }
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.watch.is_none() && self.activity.websocket().is_none() {
            return Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs);
        }
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
