//! A WebSocket to a server of an upstream: copies bytes in both directions.
//!
//! What one side does not take is not read from the other: no more than one piece is held for
//! each direction, and a silent WebSocket holds none. When the client ends its stream the server
//! may still finish, but not at leisure; when the server does, all has been said. A side that
//! fails ends both.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::frames::{Frames, GOING_AWAY, masked_going_away};
use super::{FAREWELL, Standing};
use crate::upstream::link::Link;
use crate::upstream::server::Lease;

/// Bytes read at once.
const PIECE: usize = 16 * 1024;
/// Silence allowed once the client has ended its stream.
const HALF_CLOSED: Duration = Duration::from_secs(30);

/// Relays as soon as the client's connection has been handed over.
pub(crate) fn spawn(
    standing: Standing,
    on_upgrade: hyper::upgrade::OnUpgrade,
    link: Link,
    lease: Lease,
) {
    let lease = lease.into_tunnel();
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => Relay::new(&standing, TokioIo::new(upgraded), link).await,
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "upgrade failed");
            }
        }
        drop((standing, lease));
    });
}

struct Relay<'a, C> {
    standing: &'a Standing,
    client: C,
    server: TcpStream,
    to_client: Flow,
    to_server: Flow,
    last: Instant,
    silence: Pin<Box<Sleep>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    leave: Leave,
    /// Runs once the server has ended its stream: time for the client to read the last of it.
    linger: Option<Pin<Box<Sleep>>>,
}

/// How far a stop has come.
enum Leave {
    Not,
    /// It is another one's turn.
    Soon(Pin<Box<Sleep>>),
    /// Close frames go out; the end.
    Now(Pin<Box<Sleep>>),
}

impl<'a, C: AsyncRead + AsyncWrite + Unpin> Relay<'a, C> {
    fn new(standing: &'a Standing, client: C, mut link: Link) -> Self {
        let mut to_client = Flow::new(Bytes::from_static(&GOING_AWAY));
        to_client.held = link.read.split();
        to_client.frames.pass(&to_client.held);
        Self {
            client,
            server: link.io,
            to_client,
            to_server: Flow::new(Bytes::copy_from_slice(&masked_going_away())),
            last: Instant::now(),
            silence: Box::pin(tokio::time::sleep(standing.idle)),
            stop: Box::pin(standing.stop()),
            leave: Leave::Not,
            linger: None,
            standing,
        }
    }

    /// Ready when it has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let half = self.to_server.done;
        let idle = match (self.standing.idle, half) {
            (idle, false) if idle.is_zero() => return Poll::Pending,
            (idle, true) if idle.is_zero() => HALF_CLOSED,
            (idle, true) => idle.min(HALF_CLOSED),
            (idle, false) => idle,
        };
        let due = self.last + idle;
        if self.silence.deadline() > due {
            self.silence.as_mut().reset(due);
        }
        while self.silence.as_mut().poll(cx).is_ready() {
            if self.silence.deadline() >= due {
                return Poll::Ready(());
            }
            self.silence.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Ready when the farewell has taken long enough.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.leave {
                Leave::Not => {
                    ready!(self.stop.as_mut().poll(cx));
                    let wait = tokio::time::sleep(self.standing.told_after(false));
                    self.leave = Leave::Soon(Box::pin(wait));
                }
                Leave::Soon(wait) => {
                    ready!(wait.as_mut().poll(cx));
                    self.leave = Leave::Now(Box::pin(tokio::time::sleep(FAREWELL)));
                }
                Leave::Now(end) => return end.as_mut().poll(cx),
            }
        }
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> Future for Relay<'_, C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.poll_leave(cx).is_ready() {
            return Poll::Ready(());
        }
        let leaving = matches!(this.leave, Leave::Now(_));
        let Self { client, server, to_client, to_server, .. } = this;
        let down = to_client.poll(cx, server, client, leaving);
        let up = to_server.poll(cx, client, server, leaving);
        if std::mem::take(&mut to_client.moved) | std::mem::take(&mut to_server.moved) {
            this.last = Instant::now();
        }
        match (down, up) {
            (Poll::Ready(Ok(())), Poll::Ready(Ok(())))
            | (Poll::Ready(Err(_)), _)
            | (_, Poll::Ready(Err(_))) => Poll::Ready(()),
            (Poll::Ready(Ok(())), Poll::Pending) => {
                let linger = || Box::pin(tokio::time::sleep(FAREWELL));
                this.linger.get_or_insert_with(linger).as_mut().poll(cx)
            }
            _ => this.poll_silence(cx),
        }
    }
}

/// One direction.
struct Flow {
    frames: Frames,
    /// Read and not yet taken by the other side.
    held: BytesMut,
    /// What is said at a stop.
    farewell: Bytes,
    said: bool,
    unflushed: bool,
    /// The source has ended.
    ended: bool,
    /// And the sink knows.
    done: bool,
    /// Something passed since this was last reset.
    moved: bool,
}

impl Flow {
    fn new(farewell: Bytes) -> Self {
        Self {
            frames: Frames::default(),
            held: BytesMut::new(),
            farewell,
            said: false,
            unflushed: false,
            ended: false,
            done: false,
            moved: false,
        }
    }

    /// Copies as long as both sides get on; ready when the source has ended and the sink has
    /// been told.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut (impl AsyncRead + Unpin),
        sink: &mut (impl AsyncWrite + Unpin),
        leaving: bool,
    ) -> Poll<io::Result<()>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        loop {
            while !self.held.is_empty() {
                let count = ready!(Pin::new(&mut *sink).poll_write(cx, &self.held))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.held.advance(count);
                self.unflushed = true;
                self.moved = true;
            }
            // An idle WebSocket shall hold no buffer.
            self.held = BytesMut::new();
            if leaving && !self.said && self.frames.at_boundary() && !self.frames.closing() {
                self.say_farewell();
                continue;
            }
            if self.ended {
                ready!(Pin::new(&mut *sink).poll_flush(cx))?;
                ready!(Pin::new(&mut *sink).poll_shutdown(cx))?;
                self.done = true;
                return Poll::Ready(Ok(()));
            }
            let mut space = [MaybeUninit::<u8>::uninit(); PIECE];
            let mut piece = ReadBuf::uninit(&mut space);
            let Poll::Ready(read) = Pin::new(&mut *source).poll_read(cx, &mut piece) else {
                if self.unflushed && Pin::new(&mut *sink).poll_flush(cx)?.is_ready() {
                    self.unflushed = false;
                }
                return Poll::Pending;
            };
            read?;
            let piece = piece.filled();
            if piece.is_empty() {
                self.ended = true;
                continue;
            }
            self.moved = true;
            if self.said {
                // After a Close frame nothing follows, except the other side's.
                self.frames.pass(piece);
                self.ended = self.frames.closing() && self.frames.at_boundary();
                continue;
            }
            let passing = if leaving { self.frames.advance(piece) } else { piece.len() };
            let (piece, rest) = piece.split_at(passing);
            if !leaving {
                self.frames.pass(piece);
            }
            let written = match Pin::new(&mut *sink).poll_write(cx, piece) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            self.unflushed |= written > 0;
            self.held.extend_from_slice(&piece[written..]);
            if !rest.is_empty() {
                if !self.frames.closing() {
                    self.say_farewell();
                }
                self.frames.pass(rest);
            }
        }
    }

    fn say_farewell(&mut self) {
        self.said = true;
        self.held.extend_from_slice(&self.farewell);
    }
}
