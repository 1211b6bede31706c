//! Percent-encoding (RFC 3986 section 2.1), `+` for space and the `%uHHHH` of IIS.

use super::{UnicodeMap, full_width, hex_pair};

/// What stands at a `%`.
fn escape(text: &[u8]) -> Option<u8> {
    match text {
        [_, high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some(hex_pair(*high, *low))
        }
        _ => None,
    }
}

/// Decodes; what is no escape stays.
pub(super) fn decode(input: &[u8]) -> Option<Vec<u8>> {
    decode_with(input, |_, _| None)
}

/// Decodes `%uHHHH` too: through the map where it names the code point, otherwise to
/// the low byte, full-width forms folded to ASCII.
pub(super) fn decode_unicode(input: &[u8], map: &UnicodeMap) -> Option<Vec<u8>> {
    decode_with(input, |text, out| {
        let [_, b'u' | b'U', rest @ ..] = text else { return None };
        match rest {
            [a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => {
                let (high, low) = (hex_pair(*a, *b), hex_pair(*c, *d));
                let point = u16::from_be_bytes([high, low]);
                out.push(map.byte(point).unwrap_or_else(|| full_width(low, high == 0xff)));
                Some(6)
            }
            _ => {
                out.extend_from_slice(&text[..2]);
                Some(2)
            }
        }
    })
}

fn decode_with(
    input: &[u8],
    special: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> Option<Vec<u8>> {
    let mut next = memchr::memchr2(b'%', b'+', input)?;
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
        let taken = if rest[0] == b'+' {
            out.push(b' ');
            1
        } else if let Some(taken) = special(rest, &mut out) {
            taken
        } else if let Some(byte) = escape(rest) {
            out.push(byte);
            3
        } else {
            out.push(b'%');
            1
        };
        rest = &rest[taken..];
        let Some(found) = memchr::memchr2(b'%', b'+', rest) else {
            out.extend_from_slice(rest);
            return Some(out);
        };
        next = found;
    }
}

/// Letters, digits and `*` stay, a space becomes `+`, the rest `%hh`.
pub(super) fn encode(input: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(input.len() * 3);
    for &byte in input {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(byte),
            _ => out.extend_from_slice(&[
                b'%',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]),
        }
    }
    out
}
