//! HTML character references, as browsers of long ago and libmodsecurity read them:
//! the semicolon is optional and only five names are known.

/// Decodes `&#x41;`, `&#65;`, `&quot;`, `&amp;`, `&lt;`, `&gt;` and `&nbsp;`; a number
/// gives its low byte, one beyond 63 bits the byte 0xff.
pub(super) fn decode(input: &[u8]) -> Option<Vec<u8>> {
    let mut next = memchr::memchr(b'&', input)?;
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
        let (decoded, consumed) = reference(rest);
        match decoded {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(&rest[..consumed]),
        }
        rest = &rest[consumed..];
        let Some(found) = memchr::memchr(b'&', rest) else {
            out.extend_from_slice(rest);
            return Some(out);
        };
        next = found;
    }
}

/// The byte a reference at the start of `text` stands for and the bytes it takes; or
/// how many bytes to copy as they are.
fn reference(text: &[u8]) -> (Option<u8>, usize) {
    let (decoded, end) = match text {
        [_, b'#', b'x' | b'X', digits @ ..] => match number(digits, 16) {
            Some((byte, length)) => (Some(byte), 3 + length),
            None => return (None, 3),
        },
        [_, b'#', digits @ ..] => match number(digits, 10) {
            Some((byte, length)) => (Some(byte), 2 + length),
            None => return (None, 2),
        },
        [_, rest @ ..] => {
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            (named(&rest[..length]), 1 + length)
        }
        [] => return (None, 0),
    };
    let semicolon = decoded.is_some() && text.get(end) == Some(&b';');
    (decoded, end + usize::from(semicolon))
}

fn named(name: &[u8]) -> Option<u8> {
    const NAMES: [(&[u8], u8); 5] =
        [(b"quot", b'"'), (b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"nbsp", 0xa0)];
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, byte)| *byte)
}

/// The low byte of the number at the start and how many digits it has.
fn number(text: &[u8], radix: u32) -> Option<(u8, usize)> {
    let mut value = Some(0_i64);
    let mut length = 0;
    for digit in text.iter().map_while(|byte| char::from(*byte).to_digit(radix)) {
        value = value
            .and_then(|value| value.checked_mul(i64::from(radix)))
            .and_then(|value| value.checked_add(i64::from(digit)));
        length += 1;
    }
    (length > 0).then(|| (value.unwrap_or(i64::MAX).to_le_bytes()[0], length))
}
