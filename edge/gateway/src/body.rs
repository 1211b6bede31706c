//! Bodies in both directions. Content is streamed, never collected, except where a filter
//! says so and has a bound.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::upstream::response::ResponseBody;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer on its way through the filters.
#[derive(Debug, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    /// All of it, at hand.
    Full(Bytes),
    /// From another process.
    Upstream(Box<ResponseBody>),
    /// From a service of this process.
    Local(axum::body::Body),
    /// From a filter that rewrites content, or from a file.
    Rewritten(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { Self::Empty } else { Self::Full(bytes) }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            full @ Self::Full(_) => {
                let Self::Full(bytes) = std::mem::replace(full, Self::Empty) else {
                    return Poll::Ready(None);
                };
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Upstream(body) => Pin::new(body.as_mut()).poll_frame(cx),
            Self::Local(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Rewritten(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Upstream(body) => body.is_end_stream(),
            Self::Local(body) => body.is_end_stream(),
            Self::Rewritten(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Upstream(body) => body.size_hint(),
            Self::Local(body) => body.size_hint(),
            Self::Rewritten(body) => body.size_hint(),
        }
    }
}

/// Why a request body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum BodyFault {
    /// More than the route allows.
    TooLarge = 1,
    /// The client paused too long.
    Timeout = 2,
    /// Framing was broken.
    Malformed = 3,
    /// The client went away.
    Gone = 4,
}

impl std::fmt::Display for BodyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the request body is too large",
            Self::Timeout => "the request body did not arrive in time",
            Self::Malformed => "the request body is malformed",
            Self::Gone => "the client went away",
        })
    }
}

impl std::error::Error for BodyFault {}

/// What became of a request body; outlives it.
#[derive(Debug, Default)]
pub(crate) struct BodyWatch {
    fault: AtomicU8,
    received: AtomicU64,
}

impl BodyWatch {
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        [BodyFault::TooLarge, BodyFault::Timeout, BodyFault::Malformed, BodyFault::Gone]
            .into_iter()
            .find(|fault| *fault as u8 == self.fault.load(Ordering::Acquire))
    }

    /// Bytes of content received.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// The body of a request, bounded in size and in pauses.
#[derive(Debug)]
pub(crate) enum ClientBody {
    Empty,
    /// Small enough to be sent a second time.
    Replay(Bytes),
    /// Received whole, because a filter had to see all of it.
    Held(VecDeque<Bytes>),
    Stream(Box<Arriving>),
}

#[derive(Debug)]
pub(crate) struct Arriving {
    incoming: Incoming,
    limit: u64,
    seen: u64,
    pause: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    watch: Arc<BodyWatch>,
}

impl ClientBody {
    pub(crate) fn new(
        incoming: Incoming,
        limit: u64,
        pause: Duration,
    ) -> (Self, Option<Arc<BodyWatch>>) {
        if incoming.is_end_stream() {
            return (Self::Empty, None);
        }
        let watch = Arc::new(BodyWatch::default());
        let arriving = Arriving {
            incoming,
            limit,
            seen: 0,
            pause,
            waiting_since: None,
            timer: None,
            watch: Arc::clone(&watch),
        };
        (Self::Stream(Box::new(arriving)), Some(watch))
    }
}

impl Arriving {
    fn fail(&mut self, fault: BodyFault) -> BoxError {
        self.watch.fault.store(fault as u8, Ordering::Release);
        Box::new(fault)
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting_since = None;
                if let Some(data) = frame.data_ref() {
                    self.seen += data.len() as u64;
                    self.watch.received.store(self.seen, Ordering::Relaxed);
                    if self.seen > self.limit {
                        return Poll::Ready(Some(Err(self.fail(BodyFault::TooLarge))));
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let malformed = source_chain(&error).any(|cause| {
                    cause
                        .downcast_ref::<io::Error>()
                        .is_some_and(|io| io.kind() == io::ErrorKind::InvalidData)
                });
                let fault = if malformed { BodyFault::Malformed } else { BodyFault::Gone };
                Poll::Ready(Some(Err(self.fail(fault))))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let since = *self.waiting_since.get_or_insert_with(Instant::now);
                let due = since + self.pause;
                let timer =
                    self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
                while timer.as_mut().poll(cx).is_ready() {
                    if timer.deadline() >= due {
                        return Poll::Ready(Some(Err(self.fail(BodyFault::Timeout))));
                    }
                    timer.as_mut().reset(due);
                }
                Poll::Pending
            }
        }
    }
}

/// The error and everything behind it.
pub(crate) fn source_chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

impl HttpBody for ClientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            replay @ Self::Replay(_) => {
                let Self::Replay(bytes) = std::mem::replace(replay, Self::Empty) else {
                    return Poll::Ready(None);
                };
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Held(parts) => Poll::Ready(parts.pop_front().map(|part| Ok(Frame::data(part)))),
            Self::Stream(arriving) => arriving.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Replay(bytes) => bytes.is_empty(),
            Self::Held(parts) => parts.is_empty(),
            Self::Stream(arriving) => arriving.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Replay(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Held(parts) => {
                SizeHint::with_exact(parts.iter().map(|part| part.len() as u64).sum())
            }
            Self::Stream(arriving) => arriving.incoming.size_hint(),
        }
    }
}
