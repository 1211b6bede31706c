//! One connection to an upstream server: writes requests, reads answers (RFC 9112).
//!
//! The connection is driven by the task that serves the client: no task of its own, no
//! channel, and what is known when something fails is exact: whether a byte was sent and
//! whether a byte of an answer came. That decides what may be repeated.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::body::{BoxError, ClientBody};
use crate::wire::chunked::Chunked;

/// Bytes read at once, and bytes of a request body collected before they are written.
const READ_CHUNK: usize = 16 * 1024;
const WRITE_CHUNK: usize = 64 * 1024;
/// Largest answer header.
const MAX_HEAD: usize = 64 * 1024;
const MAX_FIELDS: usize = 100;

/// Why an exchange failed.
#[derive(Debug)]
pub(crate) struct LinkError {
    pub(crate) kind: LinkErrorKind,
    /// Whether any byte of the request was written to this connection.
    pub(crate) sent: bool,
    /// Whether any byte of an answer was read.
    pub(crate) answered: bool,
}

#[derive(Debug)]
pub(crate) enum LinkErrorKind {
    /// No connection could be made.
    Connect(io::Error),
    /// The connection broke.
    Io(io::Error),
    /// No answer, or no more of it, in time.
    Timeout,
    /// The answer is not HTTP/1.1.
    Protocol(&'static str),
    /// The request body failed, not the upstream.
    Client(BoxError),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            LinkErrorKind::Connect(_) => "cannot connect to the upstream server",
            LinkErrorKind::Io(_) => "the connection to the upstream server broke",
            LinkErrorKind::Timeout => "the upstream server did not answer in time",
            LinkErrorKind::Protocol(what) => what,
            LinkErrorKind::Client(_) => "the request body could not be read",
        })
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            LinkErrorKind::Connect(error) | LinkErrorKind::Io(error) => Some(error),
            LinkErrorKind::Client(error) => Some(error.as_ref()),
            LinkErrorKind::Timeout | LinkErrorKind::Protocol(_) => None,
        }
    }
}

/// A request body on its way to the server.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) body: ClientBody,
    chunked: bool,
    done: bool,
}

impl Upload {
    pub(crate) fn new(body: ClientBody) -> Self {
        let chunked = body.size_hint().exact().is_none();
        let done = body.is_end_stream() && !chunked;
        Self { body, chunked, done }
    }

    pub(crate) const fn done(&self) -> bool {
        self.done
    }
}

/// The header of an answer and how its body is delimited.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether the connection can carry another request after this answer.
    pub(crate) reusable: bool,
}

#[derive(Debug)]
pub(crate) enum Framing {
    Sized(u64),
    Chunked(Chunked),
    /// Until the server closes the connection.
    Close,
}

/// A connection.
pub(crate) struct Link {
    pub(crate) io: TcpStream,
    pub(crate) read: BytesMut,
    write: BytesMut,
    sent: bool,
    timer: Option<Pin<Box<Sleep>>>,
    /// When it was last used.
    pub(crate) idle_since: Instant,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("io", &self.io).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(io: TcpStream) -> Self {
        Self {
            io,
            read: BytesMut::with_capacity(READ_CHUNK),
            write: BytesMut::with_capacity(4 * 1024),
            sent: false,
            timer: None,
            idle_since: Instant::now(),
        }
    }

    /// Whether the server has closed this idle connection, or sent what nobody asked for.
    pub(crate) fn is_stale(&mut self) -> bool {
        let mut byte = [0];
        !matches!(self.io.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Puts the request's header into the write buffer. `headers` must hold no framing
    /// fields; they follow from `upload`. `extra` fields come last.
    pub(crate) fn start(
        &mut self,
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        extra: &[(HeaderName, &HeaderValue)],
        upload: &Upload,
    ) {
        self.sent = false;
        self.read.clear();
        let out = &mut self.write;
        out.clear();
        out.reserve(512);
        out.put_slice(method.as_str().as_bytes());
        out.put_u8(b' ');
        out.put_slice(target.as_bytes());
        out.put_slice(b" HTTP/1.1\r\n");
        for (name, value) in headers.iter().chain(extra.iter().map(|(name, value)| (name, *value)))
        {
            out.put_slice(name.as_str().as_bytes());
            out.put_slice(b": ");
            out.put_slice(value.as_bytes());
            out.put_slice(b"\r\n");
        }
        if upload.chunked {
            out.put_slice(b"transfer-encoding: chunked\r\n");
        } else {
            let length = upload.body.size_hint().exact().unwrap_or(0);
            // A method that defines content says so even when there is none (RFC 9110, section 8.6).
            if length > 0 || matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
                out.put_slice(b"content-length: ");
                put_decimal(out, length);
                out.put_slice(b"\r\n");
            }
        }
        out.put_slice(b"\r\n");
    }

    /// Drives the exchange until the answer's header is there.
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
        upload: &mut Upload,
        due: Instant,
    ) -> Poll<Result<Answer, LinkError>> {
        // A server may refuse a request while it is still being sent, and close; its answer
        // counts more than the broken pipe.
        let mut write_error = None;
        match self.poll_upload(cx, upload) {
            Poll::Ready(Err(LinkErrorKind::Io(error))) => write_error = Some(error),
            Poll::Ready(Err(kind)) => return Poll::Ready(Err(self.error(kind))),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        loop {
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) => {
                    let error = write_error.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into());
                    return Poll::Ready(Err(self.error(LinkErrorKind::Io(error))));
                }
                Poll::Ready(Ok(_)) => match parse(&mut self.read, method) {
                    Ok(Some(answer)) => return Poll::Ready(Ok(answer)),
                    Ok(None) => {}
                    Err(what) => {
                        return Poll::Ready(Err(self.error(LinkErrorKind::Protocol(what))));
                    }
                },
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.error(LinkErrorKind::Io(error))));
                }
                Poll::Pending if write_error.is_some() => {
                    let error = write_error.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
                    return Poll::Ready(Err(self.error(LinkErrorKind::Io(error))));
                }
                Poll::Pending => {
                    std::task::ready!(self.poll_due(cx, due));
                    return Poll::Ready(Err(self.error(LinkErrorKind::Timeout)));
                }
            }
        }
    }

    /// Reads more into the buffer: the number of bytes, zero at the end of the stream.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.read.reserve(READ_CHUNK);
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.read)
    }

    /// Writes what is buffered and what the request body yields.
    pub(crate) fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        upload: &mut Upload,
    ) -> Poll<Result<(), LinkErrorKind>> {
        loop {
            let mut starved = false;
            while !upload.done && self.write.len() < WRITE_CHUNK {
                match Pin::new(&mut upload.body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        // Trailers of requests are dropped (RFC 9110, section 6.5.1).
                        if let Ok(data) = frame.into_data() {
                            self.put_content(&data, upload.chunked);
                        }
                    }
                    Poll::Ready(None) => {
                        if upload.chunked {
                            self.write.put_slice(b"0\r\n\r\n");
                        }
                        upload.done = true;
                    }
                    Poll::Ready(Some(Err(error))) => {
                        return Poll::Ready(Err(LinkErrorKind::Client(error)));
                    }
                    Poll::Pending => {
                        starved = true;
                        break;
                    }
                }
            }
            while !self.write.is_empty() {
                match Pin::new(&mut self.io).poll_write(cx, &self.write) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(LinkErrorKind::Io(
                            io::ErrorKind::WriteZero.into(),
                        )));
                    }
                    Poll::Ready(Ok(count)) => {
                        self.sent = true;
                        self.write.advance(count);
                    }
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(LinkErrorKind::Io(error)));
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
            if upload.done {
                return Poll::Ready(Ok(()));
            }
            if starved {
                return Poll::Pending;
            }
        }
    }

    fn put_content(&mut self, data: &Bytes, chunked: bool) {
        if data.is_empty() {
            return;
        }
        if chunked {
            self.write.put_slice(format!("{:x}\r\n", data.len()).as_bytes());
            self.write.put_slice(data);
            self.write.put_slice(b"\r\n");
        } else {
            self.write.put_slice(data);
        }
    }

    /// Ready when `due` has passed. The timer is moved on only when it fires, so a
    /// connection that answers in time never resets it.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
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

    fn error(&self, kind: LinkErrorKind) -> LinkError {
        LinkError { kind, sent: self.sent, answered: !self.read.is_empty() }
    }
}

/// Opens a connection.
pub(crate) async fn connect(
    address: std::net::SocketAddr,
    timeout: Duration,
) -> Result<Link, LinkError> {
    let failed =
        |error| LinkError { kind: LinkErrorKind::Connect(error), sent: false, answered: false };
    let io = match tokio::time::timeout(timeout, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(failed)?,
        Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
    };
    io.set_nodelay(true).map_err(failed)?;
    Ok(Link::new(io))
}

fn put_decimal(out: &mut BytesMut, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.put_slice(&digits[at..]);
}

/// Takes an answer's header off the buffer, skipping interim ones (RFC 9110, section 15.2).
fn parse(read: &mut BytesMut, method: &Method) -> Result<Option<Answer>, &'static str> {
    loop {
        let Some(end) = memchr::memmem::find(read, b"\r\n\r\n") else {
            // Nobody begins an answer with anything else, and it must not wait for more.
            if read.len() > MAX_HEAD {
                return Err("the answer's header is too large");
            }
            let begins = b"HTTP/1.".iter().zip(read.iter()).all(|(wanted, byte)| wanted == byte);
            return if begins { Ok(None) } else { Err("the answer is not HTTP/1.1") };
        };
        let bytes = read.split_to(end + 4).freeze();
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
            &mut head,
            &bytes,
            &mut fields,
        );
        if !matches!(parsed, Ok(httparse::Status::Complete(length)) if length == bytes.len()) {
            return Err("the answer's header is malformed");
        }
        let status = head.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or("the answer's status is malformed")?;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            continue;
        }
        // Room for what the filters add.
        let mut headers = HeaderMap::with_capacity(head.headers.len() + 14);
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes())
                .map_err(|_| "a field name of the answer is malformed")?;
            let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value))
                .map_err(|_| "a field of the answer is malformed")?;
            headers.append(name, value);
        }
        return frame(status, headers, head.version == Some(1), method).map(Some);
    }
}

/// Message length and persistence (RFC 9112, sections 6.3 and 9.3).
fn frame(
    status: StatusCode,
    mut headers: HeaderMap,
    http11: bool,
    method: &Method,
) -> Result<Answer, &'static str> {
    let mut reusable = http11;
    for value in headers.get_all(header::CONNECTION) {
        for option in value.as_bytes().split(|byte| *byte == b',') {
            let option = option.trim_ascii();
            if option.eq_ignore_ascii_case(b"close") {
                reusable = false;
            } else if option.eq_ignore_ascii_case(b"keep-alive") && !http11 {
                reusable = true;
            }
        }
    }
    let bodiless = *method == Method::HEAD
        || status == StatusCode::SWITCHING_PROTOCOLS
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = match (codings.next(), codings.next()) {
        (None, _) => false,
        (Some(one), None) if one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => true,
        _ => return Err("the answer has an unknown transfer coding"),
    };
    let mut length = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        let text = value.to_str().map_err(|_| "the answer's length is malformed")?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value: u64 = match text.parse() {
            Ok(value) if digits => value,
            _ => return Err("the answer's length is malformed"),
        };
        if length.is_some_and(|seen| seen != value) {
            return Err("the answer has two lengths");
        }
        length = Some(value);
    }
    if chunked && length.is_some() {
        headers.remove(header::CONTENT_LENGTH);
        reusable = false;
    }
    let framing = if bodiless {
        Framing::Sized(0)
    } else if chunked {
        Framing::Chunked(Chunked::new())
    } else if let Some(length) = length {
        Framing::Sized(length)
    } else {
        reusable = false;
        Framing::Close
    };
    Ok(Answer { status, headers, framing, reusable })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(wire: &str, method: &Method) -> Result<Option<Answer>, &'static str> {
        parse(&mut BytesMut::from(wire), method)
    }

    #[test]
    fn interim_answers_are_skipped() {
        let wire = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let answer = parsed(wire, &Method::POST).expect("valid").expect("complete");
        assert_eq!(answer.status, 200);
        assert!(answer.reusable && matches!(answer.framing, Framing::Sized(2)));
    }

    #[test]
    fn length_and_persistence_follow_the_fields() {
        let framing = |fields: &str, method: &Method| {
            let wire = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            let answer = parsed(&wire, method).expect("valid").expect("complete");
            (format!("{:?}", answer.framing), answer.reusable)
        };
        assert_eq!(framing("Content-Length: 7\r\n", &Method::GET), ("Sized(7)".to_owned(), true));
        assert_eq!(framing("Content-Length: 7\r\n", &Method::HEAD), ("Sized(0)".to_owned(), true));
        assert_eq!(framing("", &Method::GET), ("Close".to_owned(), false));
        assert_eq!(
            framing("content-length: 7\r\nconnection: Close\r\n", &Method::GET),
            ("Sized(7)".to_owned(), false),
        );
        let (chunked, reusable) =
            framing("transfer-encoding: chunked\r\ncontent-length: 7\r\n", &Method::GET);
        assert!(chunked.starts_with("Chunked") && !reusable);
    }

    #[test]
    fn broken_answers_are_refused() {
        for wire in [
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n",
        ] {
            assert!(parsed(wire, &Method::GET).is_err(), "{wire:?}");
        }
        assert!(matches!(parsed("HTTP/1.1 200 OK\r\nx: ", &Method::GET), Ok(None)));
    }
}
