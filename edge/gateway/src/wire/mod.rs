//! HTTP/1.1 message framing (RFC 9112), strictly: what is ambiguous is refused, never repaired.
//!
//! No I/O here. The client side of the gateway uses it to look at requests before hyper
//! parses them, the upstream side to read answers.

pub(crate) mod chunked;
pub(crate) mod request;

/// Whether the byte may stand in a token: method, field name (RFC 9110, section 5.6.2).
pub(crate) const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'
        | b'_' | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// Whether the byte may stand in a field value: visible characters, space, tab and
/// obs-text (RFC 9110, section 5.5); no control characters.
pub(crate) const fn is_field_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}

/// Why a message is refused; the text is for the client, so it repeats nothing of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// 400: malformed or ambiguous.
    Malformed(&'static str),
    /// 414: the request target is too long.
    TargetTooLong,
    /// 431: too many or too large header fields.
    HeaderTooLarge,
    /// 408: the header did not arrive in time.
    Timeout,
    /// 501: a transfer coding other than chunked.
    TransferCoding,
    /// 505: neither HTTP/1.0 nor HTTP/1.1.
    Version,
}

impl Violation {
    /// Status and explanation of the answer.
    pub(crate) const fn answer(self) -> (u16, &'static str) {
        match self {
            Self::Malformed(detail) => (400, detail),
            Self::TargetTooLong => (414, "The request target is too long."),
            Self::HeaderTooLarge => (431, "The request has too many or too large header fields."),
            Self::Timeout => (408, "The request header did not arrive in time."),
            Self::TransferCoding => (501, "Only the transfer coding chunked is supported."),
            Self::Version => (505, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are supported."),
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.answer().1)
    }
}

impl std::error::Error for Violation {}
