//! Base64 (RFC 4648 section 4), strict and forgiving.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Not a digit.
const NONE: u8 = 0xff;

const DIGITS: [u8; 256] = digits();

#[expect(clippy::cast_possible_truncation, reason = "the alphabet has 64 digits")]
const fn digits() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
}

pub(super) fn encode(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len().div_ceil(3) * 4);
    for group in input.chunks(3) {
        let bits = group
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for position in 0..4 {
            out.push(if position <= group.len() {
                ALPHABET[bits >> (18 - 6 * position) & 63]
            } else {
                b'='
            });
        }
    }
    out
}

/// Up to the first NUL. One foreign character, padding in the middle or more than two
/// padding characters give an empty value; line ends and spaces before them are
/// skipped; an unfinished last group is dropped.
pub(super) fn decode_strict(input: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(0, input).unwrap_or(input.len());
    let input = &input[..end];
    let Some(padding) = check(input) else { return Vec::new() };
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut pads) = (0_u32, 0, 0);
    for &byte in input {
        let digit = match byte {
            b'\r' | b'\n' | b' ' => continue,
            b'=' => {
                pads += 1;
                0
            }
            _ => DIGITS[usize::from(byte)],
        };
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            let [_, bytes @ ..] = bits.to_be_bytes();
            out.extend_from_slice(&bytes[..3 - pads]);
            (bits, count) = (0, 0);
        }
    }
    debug_assert!(pads == padding, "both passes count the same padding");
    out
}

/// The number of padding characters of a well-formed text.
fn check(input: &[u8]) -> Option<usize> {
    let (mut padding, mut i) = (0, 0);
    while i < input.len() {
        let spaces = input[i..].iter().take_while(|byte| **byte == b' ').count();
        i += spaces;
        match &input[i..] {
            [] => break,
            [b'\r', b'\n', ..] | [b'\n', ..] => {}
            _ if spaces != 0 => return None,
            [b'=', ..] => {
                padding += 1;
                if padding > 2 {
                    return None;
                }
            }
            [byte, ..] if DIGITS[usize::from(*byte)] == NONE || padding != 0 => return None,
            _ => {}
        }
        i += 1;
    }
    Some(padding)
}

/// Skips every foreign character. A padding character after the first digit of a group
/// empties the value unless another one follows it. So does a `9` that ends the text as
/// the first digit of a group: libmodsecurity takes its value, 61, for the padding's
/// character code.
pub(super) fn decode_forgiving(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u8, 0);
    for (i, &byte) in input.iter().enumerate() {
        if byte == b'=' {
            if count == 1 && input.get(i + 1) != Some(&b'=') {
                return Vec::new();
            }
            continue;
        }
        let digit = DIGITS[usize::from(byte)];
        if digit == NONE {
            continue;
        }
        match count {
            0 => bits = digit << 2,
            1 => {
                out.push(bits | digit >> 4);
                bits = digit << 4;
            }
            2 => {
                out.push(bits | digit >> 2);
                bits = digit << 6;
            }
            _ => out.push(bits | digit),
        }
        count = (count + 1) % 4;
    }
    let last = input.last().map(|byte| DIGITS[usize::from(*byte)]);
    if count == 1 && last == Some(b'=') {
        out.clear();
    }
    out
}
