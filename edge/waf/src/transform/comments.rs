//! Comments of C, SQL and HTML.

/// Drops `/*...*/` and `<!--...-->`, and everything from `--` or `#` on. Either closing
/// mark ends either comment. The byte after a closing mark is copied as it is, even one
/// that would open a comment, and NUL stands for it at the end of the value; an open
/// comment leaves a space.
pub(super) fn remove(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr3(b'#', b'-', b'*', input)?;
    let mut out = Vec::with_capacity(input.len() + 1);
    let mut rest = input;
    loop {
        let Some(&byte) = rest.first() else { return Some(out) };
        let opened = if rest.starts_with(b"/*") {
            2
        } else if rest.starts_with(b"<!--") {
            4
        } else if rest.starts_with(b"--") || byte == b'#' {
            return Some(out);
        } else {
            out.push(byte);
            rest = &rest[1..];
            continue;
        };
        rest = &rest[opened..];
        let Some((start, length)) = closing_mark(rest) else {
            out.push(b' ');
            return Some(out);
        };
        rest = &rest[start + length..];
        out.push(rest.first().copied().unwrap_or(0));
        rest = rest.get(1..).unwrap_or_default();
    }
}

/// Where `*/` or `-->` stands first, and its length.
fn closing_mark(text: &[u8]) -> Option<(usize, usize)> {
    memchr::memchr2_iter(b'*', b'-', text).find_map(|i| {
        let at = &text[i..];
        if at.starts_with(b"*/") {
            Some((i, 2))
        } else if at.starts_with(b"-->") {
            Some((i, 3))
        } else {
            None
        }
    })
}

/// Drops the marks `/*`, `*/`, `<!--`, `-->`, `--` and `#`, keeping what they enclose.
pub(super) fn remove_marks(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr3(b'#', b'-', b'*', input)?;
    const MARKS: [&[u8]; 6] = [b"/*", b"*/", b"<!--", b"-->", b"--", b"#"];
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(&byte) = rest.first() {
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(mark)) {
            rest = &rest[mark.len()..];
        } else {
            out.push(byte);
            rest = &rest[1..];
        }
    }
    Some(out)
}

/// Each `/*...*/`, finished or not, becomes one space.
pub(super) fn replace(input: &[u8]) -> Option<Vec<u8>> {
    let mut open = memchr::memmem::find(input, b"/*")?;
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..open]);
        out.push(b' ');
        rest = &rest[open + 2..];
        let Some(close) = memchr::memmem::find(rest, b"*/") else { return Some(out) };
        rest = &rest[close + 2..];
        let Some(next) = memchr::memmem::find(rest, b"/*") else {
            out.extend_from_slice(rest);
            return Some(out);
        };
        open = next;
    }
}
