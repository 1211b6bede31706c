//! The body of an upstream's answer, read as fast as the client takes it.
//!
//! When the last byte has been read the connection goes back to its pool at once; when the body
//! is dropped before that, the connection is closed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::link::{Framing, Link, LinkError, LinkErrorKind, Upload};
use super::server::Lease;
use crate::body::{Body, BoxError};
use crate::wire::chunked::Step;

#[derive(Debug)]
pub(crate) struct ResponseBody {
    /// `None` once the last byte has been read.
    link: Option<Link>,
    upload: Upload,
    framing: Framing,
    reusable: bool,
    pause: Duration,
    waiting_since: Option<Instant>,
    /// The end of the whole request, if that is limited.
    due: Option<Instant>,
    lease: Option<Lease>,
}

impl ResponseBody {
    /// The body behind a header that was just read; complete at once when it is all in the buffer.
    #[expect(clippy::too_many_arguments, reason = "the whole state of an answer changes hands")]
    pub(crate) fn begin(
        mut link: Link,
        upload: Upload,
        framing: Framing,
        reusable: bool,
        pause: Duration,
        due: Option<Instant>,
        lease: Lease,
        now: Instant,
    ) -> Body {
        if let Framing::Sized(length) = framing
            && upload.done()
            && let Ok(length) = usize::try_from(length)
            && link.read.len() >= length
        {
            let bytes = link.read.split_to(length).freeze();
            if reusable && link.read.is_empty() {
                lease.keep(link, now);
            }
            return Body::full(bytes);
        }
        let lease = Some(lease);
        let link = Some(link);
        let waiting_since = None;
        Body::Upstream(Box::new(Self {
            link,
            upload,
            framing,
            reusable,
            pause,
            waiting_since,
            due,
            lease,
        }))
    }

    fn finish(&mut self) {
        if let (Some(link), Some(lease)) = (self.link.take(), self.lease.take())
            && self.reusable
            && self.upload.done()
            && link.read.is_empty()
        {
            lease.keep(link, Instant::now());
        }
    }

    fn fail(&mut self, kind: LinkErrorKind) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.link = None;
        let error = LinkError { kind, sent: true, answered: true };
        Poll::Ready(Some(Err(Box::new(error))))
    }

    /// Takes content off the buffer. `Ok(None)`: more must be read, or the body is complete.
    fn decode(&mut self) -> Result<Option<Bytes>, LinkErrorKind> {
        loop {
            let Some(link) = &mut self.link else { return Ok(None) };
            match &mut self.framing {
                Framing::Sized(0) => {
                    self.finish();
                    return Ok(None);
                }
                _ if link.read.is_empty() => return Ok(None),
                Framing::Sized(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(link.read.len());
                    *left -= count as u64;
                    let data = link.read.split_to(count).freeze();
                    if *left == 0 {
                        self.finish();
                    }
                    return Ok(Some(data));
                }
                Framing::Close => return Ok(Some(link.read.split().freeze())),
                Framing::Chunked(chunked) => match chunked.step(&link.read) {
                    Ok(Step::Framing(count)) => drop(link.read.split_to(count)),
                    Ok(Step::Done(count)) => {
                        drop(link.read.split_to(count));
                        self.framing = Framing::Sized(0);
                    }
                    Ok(Step::Data(count)) => return Ok(Some(link.read.split_to(count).freeze())),
                    Err(_) => {
                        return Err(LinkErrorKind::Protocol("a chunk of the answer is malformed"));
                    }
                },
            }
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        loop {
            match this.decode() {
                Ok(Some(data)) => {
                    this.waiting_since = None;
                    // The end often follows in the same buffer; then the connection is free now.
                    if let Framing::Chunked(chunked) = &mut this.framing
                        && let Some(link) = &mut this.link
                        && !link.read.is_empty()
                    {
                        let mut ahead = chunked.clone();
                        if let Ok(Step::Done(count)) = ahead.step(&link.read) {
                            drop(link.read.split_to(count));
                            this.framing = Framing::Sized(0);
                            this.finish();
                        }
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(None) => {}
                Err(kind) => return this.fail(kind),
            }
            let Some(link) = &mut this.link else { return Poll::Ready(None) };
            if !this.upload.done()
                && let Poll::Ready(Err(kind)) = link.poll_upload(cx, &mut this.upload)
            {
                // The server answered without wanting the rest: the answer still counts.
                if matches!(kind, LinkErrorKind::Client(_)) {
                    return this.fail(kind);
                }
                this.reusable = false;
            }
            match link.poll_fill(cx) {
                Poll::Ready(Ok(0)) => {
                    if matches!(this.framing, Framing::Close) {
                        this.link = None;
                        return Poll::Ready(None);
                    }
                    let error = std::io::ErrorKind::UnexpectedEof.into();
                    return this.fail(LinkErrorKind::Io(error));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return this.fail(LinkErrorKind::Io(error)),
                Poll::Pending => {
                    let since = *this.waiting_since.get_or_insert_with(Instant::now);
                    let due = since + this.pause;
                    let due = this.due.map_or(due, |total| total.min(due));
                    std::task::ready!(link.poll_due(cx, due));
                    return this.fail(LinkErrorKind::Timeout);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.link.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.link, &self.framing) {
            (None, _) => SizeHint::with_exact(0),
            (Some(_), Framing::Sized(left)) => SizeHint::with_exact(*left),
            (Some(_), Framing::Chunked(_) | Framing::Close) => SizeHint::default(),
        }
    }
}
