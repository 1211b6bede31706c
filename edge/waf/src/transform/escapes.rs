//! Backslash escapes of ANSI C, JavaScript and CSS.

use super::{full_width, hex_pair, is_octal, is_space};

/// Copies up to each backslash and lets `escape` decode what follows it: it gets the
/// text from the backslash on, appends to the output and says how many bytes it took
/// (at least one).
fn decode(input: &[u8], escape: impl Fn(&[u8], &mut Vec<u8>) -> usize) -> Option<Vec<u8>> {
    let mut next = memchr::memchr(b'\\', input)?;
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
        let taken = escape(rest, &mut out);
        rest = &rest[taken..];
        let Some(found) = memchr::memchr(b'\\', rest) else {
            out.extend_from_slice(rest);
            return Some(out);
        };
        next = found;
    }
}

fn all_hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// Up to three octal digits at the start of `text`.
fn octal(text: &[u8]) -> &[u8] {
    let length = text.iter().take(3).take_while(|byte| is_octal(**byte)).count();
    &text[..length]
}

fn octal_value(digits: &[u8]) -> u8 {
    digits.iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0'))
}

/// The control character that both ANSI C and JavaScript write with a letter.
fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

/// `\n`, `\\`, `\x41`, `\101`; any other escaped character loses its backslash.
pub(super) fn ansi_c(input: &[u8]) -> Option<Vec<u8>> {
    decode(input, |text, out| {
        let Some(&escaped) = text.get(1) else {
            out.push(b'\\');
            return 1;
        };
        if let Some(byte) = control(escaped) {
            out.push(byte);
            return 2;
        }
        match text {
            [_, b'x' | b'X', high, low, ..] if all_hex(&[*high, *low]) => {
                out.push(hex_pair(*high, *low));
                4
            }
            [_, digit, ..] if is_octal(*digit) => {
                let digits = octal(&text[1..]);
                out.push(octal_value(digits));
                1 + digits.len()
            }
            _ => {
                out.push(escaped);
                2
            }
        }
    })
}

/// `\u0041` (low byte, full-width forms folded), `\x41`, `\101` (three digits only up
/// to 377), `\n`; any other escaped character loses its backslash.
pub(super) fn javascript(input: &[u8]) -> Option<Vec<u8>> {
    decode(input, |text, out| match text {
        [_, b'u', a, b, c, d, ..] if all_hex(&[*a, *b, *c, *d]) => {
            let wide = matches!((a, b), (b'f' | b'F', b'f' | b'F'));
            out.push(full_width(hex_pair(*c, *d), wide));
            6
        }
        [_, b'x', high, low, ..] if all_hex(&[*high, *low]) => {
            out.push(hex_pair(*high, *low));
            4
        }
        [_, digit, ..] if is_octal(*digit) => {
            let mut digits = octal(&text[1..]);
            if digits.len() == 3 && digits[0] > b'3' {
                digits = &digits[..2];
            }
            out.push(octal_value(digits));
            1 + digits.len()
        }
        [_, escaped, ..] => {
            out.push(control(*escaped).unwrap_or(*escaped));
            2
        }
        _ => {
            out.push(b'\\');
            1
        }
    })
}

/// CSS 2.1 section 4.1.3: up to six hexadecimal digits and one white space after them;
/// the low byte counts. An escaped line end disappears, so does a backslash at the end.
/// What follows a NUL stays, as in libmodsecurity 3.0.14; 3.0.9 drops it.
pub(super) fn css(input: &[u8]) -> Option<Vec<u8>> {
    decode(input, css_escape)
}

fn css_escape(text: &[u8], out: &mut Vec<u8>) -> usize {
    let rest = &text[1..];
    let length = rest.iter().take(6).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = &rest[..length];
    let byte = match digits {
        [] => {
            return match rest.first() {
                None => 1,
                Some(b'\n') => 2,
                Some(&escaped) => {
                    out.push(escaped);
                    2
                }
            };
        }
        [digit] => hex_pair(b'0', *digit),
        [.., high, low] => {
            // A full-width form has only zeros before `ffHH`.
            let wide = match digits {
                [zeros @ .., b'f' | b'F', b'f' | b'F', _, _] => zeros.iter().all(|z| *z == b'0'),
                _ => false,
            };
            full_width(hex_pair(*high, *low), wide)
        }
    };
    out.push(byte);
    let white = rest.get(length).is_some_and(|byte| is_space(*byte));
    1 + length + usize::from(white)
}
