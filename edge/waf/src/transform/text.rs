//! Transformations that look at one byte, or its neighbours, at a time.

use super::{hex_pair, is_space};

pub(super) fn lowercase(input: &[u8]) -> Option<Vec<u8>> {
    let first = input.iter().position(u8::is_ascii_uppercase)?;
    let mut out = input.to_vec();
    out[first..].make_ascii_lowercase();
    Some(out)
}

pub(super) fn uppercase(input: &[u8]) -> Option<Vec<u8>> {
    let first = input.iter().position(u8::is_ascii_lowercase)?;
    let mut out = input.to_vec();
    out[first..].make_ascii_uppercase();
    Some(out)
}

/// White space and both bytes of a no-break space in UTF-8, each for itself.
pub(super) fn is_white_or_nbsp(byte: u8) -> bool {
    is_space(byte) || matches!(byte, 0xa0 | 0xc2)
}

pub(super) fn remove(input: &[u8], unwanted: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
    let first = input.iter().position(|byte| unwanted(*byte))?;
    let mut out = Vec::with_capacity(input.len());
    out.extend_from_slice(&input[..first]);
    out.extend(input[first..].iter().filter(|byte| !unwanted(**byte)));
    Some(out)
}

pub(super) fn remove_nulls(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0, input)?;
    remove(input, |byte| byte == 0)
}

pub(super) fn replace_nulls(input: &[u8]) -> Option<Vec<u8>> {
    let first = memchr::memchr(0, input)?;
    let mut out = input.to_vec();
    for byte in &mut out[first..] {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    Some(out)
}

pub(super) fn trim(input: &[u8], left: bool, right: bool) -> Option<Vec<u8>> {
    let mut kept = input;
    if left {
        let white = kept.iter().take_while(|byte| is_space(**byte)).count();
        kept = &kept[white..];
    }
    if right {
        let white = kept.iter().rev().take_while(|byte| is_space(**byte)).count();
        kept = &kept[..kept.len() - white];
    }
    (kept.len() != input.len()).then(|| kept.to_vec())
}

/// Each run of white space becomes one space. The no-break space is none here.
pub(super) fn compress_whitespace(input: &[u8]) -> Option<Vec<u8>> {
    let needed = input.iter().enumerate().any(|(i, byte)| {
        is_space(*byte) && (*byte != b' ' || input.get(i + 1).is_some_and(|next| is_space(*next)))
    });
    if !needed {
        return None;
    }
    let mut out = Vec::with_capacity(input.len());
    let mut white = false;
    for &byte in input {
        if is_space(byte) {
            if !white {
                out.push(b' ');
            }
            white = true;
        } else {
            out.push(byte);
            white = false;
        }
    }
    Some(out)
}

/// Drops `" ' \ ^`; runs of white space, `,` and `;` become one space; a space before
/// `/` or `(` goes; letters become lower-case.
pub(super) fn command_line(input: &[u8]) -> Option<Vec<u8>> {
    let plain = |byte: &u8| {
        !matches!(
            byte,
            b'A'..=b'Z'
                | b'"'
                | b'\''
                | b'\\'
                | b'^'
                | b','
                | b';'
                | b' '
                | b'\t'
                | b'\r'
                | b'\n'
                | b'/'
                | b'('
        )
    };
    let run = |from: usize| from + input[from..].iter().take_while(|byte| plain(byte)).count();
    let mut at = run(0);
    if at == input.len() {
        return None;
    }
    let mut out = Vec::with_capacity(input.len());
    out.extend_from_slice(&input[..at]);
    let mut space = false;
    while let Some(&byte) = input.get(at) {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => at += 1,
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !space {
                    out.push(b' ');
                    space = true;
                }
                at += 1;
            }
            _ => {
                if space && matches!(byte, b'/' | b'(') {
                    out.pop();
                }
                space = false;
                out.push(byte.to_ascii_lowercase());
                let end = run(at + 1);
                out.extend_from_slice(&input[at + 1..end]);
                at = end;
            }
        }
    }
    Some(out)
}

/// What the eighth bit becomes.
#[derive(Clone, Copy)]
pub(super) enum Parity {
    /// Set when the other seven have an odd number of ones.
    Even,
    /// Set when the other seven have an even number of ones.
    Odd,
    /// Cleared.
    Zero,
}

pub(super) fn parity(input: &[u8], parity: Parity) -> Vec<u8> {
    let eighth = |byte: u8| -> u8 {
        // libmodsecurity counts all eight bits and sets or clears the eighth, so the
        // former eighth bit takes part.
        let odd = byte.count_ones() % 2 == 1;
        match parity {
            Parity::Even if odd => byte | 0x80,
            Parity::Odd if !odd => byte | 0x80,
            _ => byte & 0x7f,
        }
    };
    input.iter().map(|byte| eighth(*byte)).collect()
}

/// Pairs of digits; an odd last one is dropped.
pub(super) fn hex_decode(input: &[u8]) -> Vec<u8> {
    input.chunks_exact(2).map(|pair| hex_pair(pair[0], pair[1])).collect()
}

pub(super) fn hex_encode(input: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    input.iter().flat_map(digits).collect()
}

/// `0x` and at least one pair of digits become the bytes they name. As libmodsecurity
/// does it: the byte after such a run is copied unseen, a plain last byte is lost, and
/// the value ends at the first NUL.
pub(super) fn sql_hex_decode(input: &[u8]) -> Option<Vec<u8>> {
    let pair_at = |i: usize| match (input.get(i), input.get(i + 1)) {
        (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some(hex_pair(*high, *low))
        }
        _ => None,
    };
    let mut out = Vec::with_capacity(input.len());
    let mut i = 0;
    while i + 1 < input.len() && input[i] != 0 {
        if input[i] == b'0' && matches!(input[i + 1], b'x' | b'X') && pair_at(i + 2).is_some() {
            i += 2;
            while let Some(decoded) = pair_at(i) {
                out.push(decoded);
                i += 2;
            }
        }
        out.extend(input.get(i));
        i += 1;
    }
    if let Some(end) = memchr::memchr(0, &out) {
        out.truncate(end);
    }
    Some(out)
}
