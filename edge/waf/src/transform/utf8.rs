//! `utf8toUnicode`: multi-byte UTF-8 (RFC 3629) rewritten as `%uHHHH`, to be decoded by
//! `urlDecodeUni` through the code page's map.

use std::io::Write as _;

/// NUL disappears; a lead byte without its continuation bytes disappears; bytes that
/// cannot lead stay; overlong forms and surrogates are followed by their lead byte.
pub(super) fn to_unicode(input: &[u8]) -> Option<Vec<u8>> {
    if input.is_ascii() && memchr::memchr(0, input).is_none() {
        return None;
    }
    let mut out = Vec::with_capacity(input.len() * 3);
    let mut rest = input;
    while let Some(&lead) = rest.first() {
        let length = match lead {
            0x00 => {
                rest = &rest[1..];
                continue;
            }
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => {
                out.push(lead);
                rest = &rest[1..];
                continue;
            }
        };
        if lead >= 0xf5 && length == 4 {
            out.push(lead);
        }
        let complete = rest.len() >= length && rest[1..length].iter().all(|b| b & 0xc0 == 0x80);
        if !complete {
            rest = &rest[1..];
            continue;
        }
        let first = u32::from(lead) & (0x7f >> length);
        let point =
            rest[1..length].iter().fold(first, |point, byte| point << 6 | u32::from(byte & 0x3f));
        // Writing to a vector cannot fail.
        let _ = write!(out, "%u{point:04x}");
        if (0xd800..=0xdfff).contains(&point) {
            out.push(lead);
        }
        let least = [0x80, 0x800, 0x1_0000][length - 2];
        if point < least {
            out.push(lead);
        }
        rest = &rest[length..];
    }
    Some(out)
}
