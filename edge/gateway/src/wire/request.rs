//! Looks at the bytes of HTTP/1.1 requests before the parser does, and finds where each
//! message ends.
//!
//! hyper accepts what a tolerant server may: lines ended by a bare LF, Content-Length next
//! to Transfer-Encoding, the same Content-Length twice, a list of transfer codings ending in
//! chunked. Behind a proxy each of these is a way to make two parsers see different
//! requests (RFC 9112, section 11.2), so all of them are refused here.
//!
//! hyper refuses what it need not: a quotation mark or an angle bracket in a target, which no
//! URI contains but many clients send and every server takes. They are found here, to be
//! percent-encoded before hyper sees them, so that the firewall and the services do.

use std::ops::Range;

use super::chunked::{Chunked, Step};
use super::{Violation, is_field_value, is_token};

/// Bounds of a request header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeaderLimits {
    /// Request target, in bytes.
    pub target: usize,
    /// Request line and fields, in bytes.
    pub bytes: usize,
    /// Fields.
    pub count: usize,
}

/// Follows the requests of one connection.
#[derive(Debug)]
pub(crate) struct Scanner {
    limits: HeaderLimits,
    state: State,
    /// Positions, in what was last advanced over, of bytes to be percent-encoded.
    unwise: Vec<usize>,
}

/// A complete header.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    length: usize,
    target: Range<usize>,
    framing: Framing,
}

/// Visible characters that no URI contains as they are (RFC 3986, section 2; RFC 2396 called
/// most of them unwise).
const fn is_unwise(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

#[derive(Debug)]
enum State {
    Head,
    Sized { left: u64 },
    Chunked(Chunked),
}

/// Length of the body that follows a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Sized(u64),
    Chunked,
}

impl Scanner {
    pub(crate) const fn new(limits: HeaderLimits) -> Self {
        Self { limits, state: State::Head, unwise: Vec::new() }
    }

    /// Whether the next byte begins a request.
    pub(crate) const fn at_head(&self) -> bool {
        matches!(self.state, State::Head)
    }

    /// What was last advanced over, as the parser shall see it, if that is not the same.
    pub(crate) fn rewritten(&self, passed: &[u8]) -> Option<Vec<u8>> {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        if self.unwise.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(passed.len() + self.unwise.len() * 2);
        let mut copied = 0;
        for &at in &self.unwise {
            out.extend_from_slice(&passed[copied..at]);
            let byte = passed[at];
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0x0f)]]);
            copied = at + 1;
        }
        out.extend_from_slice(&passed[copied..]);
        Some(out)
    }

    /// How many bytes at the beginning of `input` may be handed to the parser. What is left is
    /// the beginning of an incomplete header and must be presented again with more behind it.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Result<usize, Violation> {
        self.unwise.clear();
        let mut passed = 0;
        while passed < input.len() {
            let rest = &input[passed..];
            match &mut self.state {
                State::Head => {
                    let Some(head) = head(rest, &self.limits)? else {
                        return Ok(passed);
                    };
                    let unwise = head.target.filter(|at| is_unwise(rest[*at]));
                    self.unwise.extend(unwise.map(|at| passed + at));
                    passed += head.length;
                    self.state = match head.framing {
                        Framing::Sized(0) => State::Head,
                        Framing::Sized(left) => State::Sized { left },
                        Framing::Chunked => State::Chunked(Chunked::new()),
                    };
                }
                State::Sized { left } => {
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= take as u64;
                    passed += take;
                    if *left == 0 {
                        self.state = State::Head;
                    }
                }
                State::Chunked(chunked) => match chunked.step(rest)? {
                    Step::Framing(count) | Step::Data(count) => passed += count,
                    Step::Done(count) => {
                        passed += count;
                        self.state = State::Head;
                    }
                },
            }
        }
        Ok(passed)
    }
}

/// The header at the beginning of `input`, or `None` when it is incomplete.
fn head(input: &[u8], limits: &HeaderLimits) -> Result<Option<Head>, Violation> {
    // One empty line before a request is ignored (RFC 9112, section 2.2).
    let mut start = match input {
        [b'\r', b'\n', ..] => 2,
        [b'\r'] => return Ok(None),
        _ => 0,
    };
    let begin = start;
    let mut fields = Fields::default();
    let mut count = 0;
    let mut request = None;
    for end in memchr::memchr_iter(b'\n', &input[begin..]).map(|at| at + begin) {
        if end - begin > limits.bytes {
            return Err(too_large(request.is_none(), &input[begin..], limits));
        }
        let line = &input[start..end];
        let Some((b'\r', line)) = line.split_last() else {
            return Err(Violation::Malformed("Lines must end in CR LF."));
        };
        start = end + 1;
        match &request {
            None => request = Some(request_line(line, limits)?),
            Some((version, target)) if line.is_empty() => {
                let target = begin + target.start..begin + target.end;
                return Ok(Some(Head {
                    length: start,
                    target,
                    framing: fields.framing(*version)?,
                }));
            }
            Some(_) => {
                count += 1;
                if count > limits.count {
                    return Err(Violation::HeaderTooLarge);
                }
                fields.add(line)?;
            }
        }
    }
    if input.len() - begin > limits.bytes {
        return Err(too_large(request.is_none(), &input[begin..], limits));
    }
    Ok(None)
}

fn too_large(in_request_line: bool, input: &[u8], limits: &HeaderLimits) -> Violation {
    let line = memchr::memchr(b'\n', input).unwrap_or(input.len());
    if in_request_line && line > limits.target {
        Violation::TargetTooLong
    } else {
        Violation::HeaderTooLarge
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// The version, and where in the line the target is.
fn request_line(line: &[u8], limits: &HeaderLimits) -> Result<(Version, Range<usize>), Violation> {
    const BAD: Violation = Violation::Malformed("The request line is malformed.");
    let method = memchr::memchr(b' ', line).ok_or(BAD)?;
    if method == 0 || !line[..method].iter().copied().all(is_token) {
        return Err(BAD);
    }
    let rest = &line[method + 1..];
    let target = memchr::memchr(b' ', rest).ok_or(BAD)?;
    if target > limits.target {
        return Err(Violation::TargetTooLong);
    }
    // Visible ASCII only: everything else must be percent-encoded (RFC 3986, section 2).
    if target == 0 || !rest[..target].iter().all(|byte| (0x21..0x7f).contains(byte)) {
        return Err(BAD);
    }
    let range = method + 1..method + 1 + target;
    match &rest[target + 1..] {
        b"HTTP/1.1" => Ok((Version::Http11, range)),
        b"HTTP/1.0" => Ok((Version::Http10, range)),
        other if other.starts_with(b"HTTP/") && !other.contains(&b' ') => Err(Violation::Version),
        _ => Err(BAD),
    }
}

/// What the fields say of the message's length and host.
#[derive(Debug, Default)]
struct Fields {
    content_length: Option<u64>,
    chunked: bool,
    hosts: u32,
}

impl Fields {
    fn add(&mut self, line: &[u8]) -> Result<(), Violation> {
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(Violation::Malformed("Folded header lines are not allowed."));
        }
        let colon = memchr::memchr(b':', line)
            .ok_or(Violation::Malformed("A header line has no colon."))?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(Violation::Malformed("A header field name is malformed."));
        }
        if !value.iter().copied().all(is_field_value) {
            return Err(Violation::Malformed("A header field value has control characters."));
        }
        let value = value.trim_ascii();
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                if value.iter().any(|byte| b" \t,/@\\?#".contains(byte)) {
                    return Err(Violation::Malformed("The Host field is malformed."));
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                const BAD: Violation = Violation::Malformed("The Content-Length is malformed.");
                if self.content_length.is_some() {
                    return Err(Violation::Malformed("There is more than one Content-Length."));
                }
                if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
                    return Err(BAD);
                }
                let text = str::from_utf8(value).map_err(|_| BAD)?;
                self.content_length = Some(text.parse().map_err(|_| BAD)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked {
                    return Err(Violation::Malformed("There is more than one Transfer-Encoding."));
                }
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Violation::TransferCoding);
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn framing(&self, version: Version) -> Result<Framing, Violation> {
        if self.hosts > 1 || (self.hosts == 0 && version == Version::Http11) {
            return Err(Violation::Malformed("There must be exactly one Host field."));
        }
        match (self.chunked, self.content_length) {
            (true, Some(_)) => Err(Violation::Malformed(
                "Content-Length and Transfer-Encoding exclude each other.",
            )),
            (true, None) if version == Version::Http10 => {
                Err(Violation::Malformed("HTTP/1.0 has no Transfer-Encoding."))
            }
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Sized(length.unwrap_or(0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeaderLimits = HeaderLimits { target: 64, bytes: 512, count: 8 };

    fn scan(wire: &str) -> Result<usize, Violation> {
        Scanner::new(LIMITS).advance(wire.as_bytes())
    }

    #[test]
    fn whole_requests_pass_and_incomplete_headers_wait() {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(scan(get), Ok(get.len()));
        for end in 0..get.len() {
            assert_eq!(scan(&get[..end]), Ok(0), "{end}");
        }
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
        let two = format!("{post}{get}GET /x HT");
        assert_eq!(scan(&two), Ok(post.len() + get.len()));
        let chunked =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(scan(&format!("\r\n{chunked}{get}")), Ok(2 + chunked.len() + get.len()));
    }

    #[test]
    fn a_stream_is_the_same_however_it_is_cut() {
        let wire = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                    POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n"
            .as_bytes();
        for piece in 1..wire.len() {
            let mut scanner = Scanner::new(LIMITS);
            let (mut passed, mut seen) = (0, 0);
            while seen < wire.len() {
                seen = (seen + piece).min(wire.len());
                passed += scanner.advance(&wire[passed..seen]).expect("valid");
            }
            assert_eq!(passed, wire.len());
            assert!(scanner.at_head());
        }
    }

    #[test]
    fn what_no_uri_contains_is_percent_encoded() {
        let get = "GET /a?q=<b>\"{c}|`^\\ HTTP/1.1\r\nHost: a\r\nX: <\"\r\n\r\n";
        let encoded =
            "GET /a?q=%3Cb%3E%22%7Bc%7D%7C%60%5E%5C HTTP/1.1\r\nHost: a\r\nX: <\"\r\n\r\n";
        let plain = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n<\"<";
        let wire = format!("\r\n{get}{plain}{get}GET /<");
        let mut scanner = Scanner::new(LIMITS);
        let passed = scanner.advance(wire.as_bytes()).expect("valid");
        assert_eq!(passed, wire.len() - "GET /<".len());
        let rewritten = scanner.rewritten(&wire.as_bytes()[..passed]).expect("rewritten");
        let expected = format!("\r\n{encoded}{plain}{encoded}");
        assert_eq!(String::from_utf8(rewritten).expect("text"), expected);
        assert_eq!(scanner.advance(plain.as_bytes()), Ok(plain.len()));
        assert_eq!(scanner.rewritten(plain.as_bytes()), None);
    }

    #[test]
    fn ambiguous_requests_are_refused() {
        for (request, status) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
            ("\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\r\nHost: a\r\n\r\n", 400),
            ("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                400,
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
            ),
            ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\nabcd", 400),
        ] {
            let refused = scan(request).expect_err(request);
            assert_eq!(refused.answer().0, status, "{request:?}");
        }
    }

    #[test]
    fn sizes_are_bounded_before_the_header_is_complete() {
        let uri = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(64));
        assert_eq!(scan(&uri), Err(Violation::TargetTooLong));
        assert_eq!(scan(&format!("GET /{}", "a".repeat(600))), Err(Violation::TargetTooLong));
        let field = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(600));
        assert_eq!(scan(&field), Err(Violation::HeaderTooLarge));
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: 1\r\n".repeat(8));
        assert_eq!(scan(&many), Err(Violation::HeaderTooLarge));
    }
}
