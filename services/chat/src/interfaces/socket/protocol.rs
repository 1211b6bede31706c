//! Packets of Socket.IO 5 (https://socket.io/docs/v4/socket-io-protocol/):
//! `<type>[<attachments>-][<namespace>,][<acknowledgement id>][<JSON>]`.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

/// Most binary attachments of one packet.
const MOST_ATTACHMENTS: u32 = 16;
/// The namespace that everybody is in.
pub(super) const ROOT: &str = "/";

/// A packet from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    pub(super) namespace: &'a str,
    /// Under which number an answer is wanted.
    pub(super) id: Option<u64>,
    /// Binary packets that follow.
    pub(super) attachments: u32,
    /// JSON, or nothing.
    pub(super) data: &'a str,
}

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    /// An answer, which this server never asks for.
    Answer,
}

/// The client does not speak the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Packet<'a> {
    /// Reads a packet; what its JSON holds is not looked at.
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut characters = text.chars();
        let (kind, binary) = match characters.next().ok_or(Malformed)? {
            '0' => (Kind::Connect, false),
            '1' => (Kind::Disconnect, false),
            '2' => (Kind::Event, false),
            '3' => (Kind::Answer, false),
            '5' => (Kind::Event, true),
            '6' => (Kind::Answer, true),
            // 4, an error, goes to clients only.
            _ => return Err(Malformed),
        };
        let mut rest = characters.as_str();
        let mut attachments = 0;
        if binary {
            let (count, after) = rest.split_once('-').ok_or(Malformed)?;
            attachments = number(count).and_then(|n| u32::try_from(n).ok()).ok_or(Malformed)?;
            if attachments > MOST_ATTACHMENTS {
                return Err(Malformed);
            }
            rest = after;
        }
        let mut namespace = ROOT;
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, data) = rest.split_at(digits);
        let id = if id.is_empty() { None } else { Some(number(id).ok_or(Malformed)?) };
        Ok(Self { kind, namespace, id, attachments, data })
    }

    /// The name and the first argument of an event.
    pub(super) fn event(&self) -> Result<(String, Option<&'a RawValue>), Malformed> {
        let parts: Vec<&'a RawValue> = serde_json::from_str(self.data).map_err(|_| Malformed)?;
        let name = parts.first().ok_or(Malformed)?;
        let name = serde_json::from_str(name.get()).map_err(|_| Malformed)?;
        Ok((name, parts.get(1).copied()))
    }
}

/// Up to 15 digits, which every JSON reader keeps exactly.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.len() <= 15;
    let plain = plain && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The namespace is joined.
pub(super) fn connected(sid: &str) -> Bytes {
    Bytes::from(format!("40{{\"sid\":\"{sid}\"}}"))
}

/// A namespace is not joined.
pub(super) fn refused(namespace: &str, error: &impl Serialize) -> Bytes {
    let error = serde_json::to_string(error).unwrap_or_default();
    let separator = if namespace == ROOT { "" } else { "," };
    let namespace = if namespace == ROOT { "" } else { namespace };
    Bytes::from(format!("44{namespace}{separator}{error}"))
}

/// An event is answered.
pub(super) fn answer(id: u64, argument: &impl Serialize) -> Bytes {
    let argument = serde_json::to_string(argument).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("43{id}[{argument}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Packet<'_> {
        Packet::parse(text).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn packets_are_read_as_the_protocol_shows_them() {
        let root =
            Packet { kind: Kind::Connect, namespace: "/", id: None, attachments: 0, data: "" };
        assert_eq!(parsed("0"), root);
        assert_eq!(parsed("0{\"a\":1}"), Packet { data: "{\"a\":1}", ..root });
        let admin = Packet { namespace: "/admin", ..root };
        assert_eq!(parsed("0/admin,"), admin);
        assert_eq!(parsed("0/admin"), admin);
        assert_eq!(parsed("0/admin,{\"t\":1}"), Packet { data: "{\"t\":1}", ..admin });
        assert_eq!(parsed("1/admin,"), Packet { kind: Kind::Disconnect, ..admin });
        let event = Packet { kind: Kind::Event, data: "[\"foo\"]", ..root };
        assert_eq!(parsed("2[\"foo\"]"), event);
        assert_eq!(
            parsed("2/admin,12[\"foo\"]"),
            Packet { namespace: "/admin", id: Some(12), ..event }
        );
        assert_eq!(
            parsed("51-[\"baz\",{\"_placeholder\":true,\"num\":0}]"),
            Packet { attachments: 1, data: "[\"baz\",{\"_placeholder\":true,\"num\":0}]", ..event }
        );
        assert_eq!(parsed("312[]").id, Some(12));
        assert_eq!(parsed("61-/admin,13[]").kind, Kind::Answer);
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "",
            "4",
            "9",
            "abc",
            "é",
            "5",
            "6",
            "5[]",
            "5x-[]",
            "517-[]",
            "2999999999999999999999[]",
        ] {
            assert_eq!(Packet::parse(bad), Err(Malformed), "{bad}");
        }
        for bad in ["2", "2{}", "2[", "2[]", "2[7]", "2[\"a\"", "2[{}]", "2\"a\"", "2[\"a\"]x"] {
            assert_eq!(parsed(bad).event().map(|_| ()), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn depth_does_not_matter_until_somebody_looks() {
        let deep = format!("2[\"a\",{}1{}]", "[".repeat(10_000), "]".repeat(10_000));
        let (name, data) = parsed(&deep).event().expect("an event");
        assert_eq!((name.as_str(), data.is_some()), ("a", true));
    }

    #[test]
    fn answers_are_written_as_the_protocol_shows_them() {
        assert_eq!(connected("x"), "40{\"sid\":\"x\"}");
        assert_eq!(refused("/", &serde_json::json!({"message": "no"})), "44{\"message\":\"no\"}");
        assert_eq!(refused("/a", &serde_json::json!({})), "44/a,{}");
        assert_eq!(answer(7, &serde_json::json!({"success": true})), "437[{\"success\":true}]");
    }
}
