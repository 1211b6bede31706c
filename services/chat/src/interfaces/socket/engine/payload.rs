//! Packets from a client: one character for the type, then the data; several of them, with
//! separators, in the body of a long-polling request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// Between the packets of a payload.
pub(super) const SEPARATOR: char = '\u{1e}';

/// A packet from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// The client ends the session.
    Close,
    /// It answers a ping.
    Pong,
    /// It says nothing.
    Noop,
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(Bytes),
}

/// The client does not speak the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads one packet. Pings come from the server alone, and probes before an upgrade only.
pub(super) fn packet(text: &str) -> Result<Incoming<'_>, Malformed> {
    let mut characters = text.chars();
    let kind = characters.next().ok_or(Malformed)?;
    let rest = characters.as_str();
    match (kind, rest) {
        ('1', "") => Ok(Incoming::Close),
        ('3', "") => Ok(Incoming::Pong),
        ('6', "") => Ok(Incoming::Noop),
        ('4', message) => Ok(Incoming::Text(message)),
        ('b', encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|_| Malformed)?;
            Ok(Incoming::Binary(Bytes::from(bytes)))
        }
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_a_type_and_data() {
        assert_eq!(packet("1"), Ok(Incoming::Close));
        assert_eq!(packet("3"), Ok(Incoming::Pong));
        assert_eq!(packet("6"), Ok(Incoming::Noop));
        assert_eq!(packet("4"), Ok(Incoming::Text("")));
        assert_eq!(packet("4é"), Ok(Incoming::Text("é")));
        assert_eq!(packet("bAQID"), Ok(Incoming::Binary(Bytes::from_static(&[1, 2, 3]))));
        for bad in ["", "abc", "é", "0", "2", "2probe", "5", "9", "1x", "bA", "b!"] {
            assert_eq!(packet(bad), Err(Malformed), "{bad}");
        }
    }
}
