//! Request paths in one canonical form, so that what a rule forbids cannot be spelled another way.
//!
//! Percent-encoded unreserved characters are decoded (RFC 3986, section 6.2.2.2), doubled slashes
//! merged. Dot segments, encoded slashes and backslashes, and encoded control characters are
//! refused: no client needs them, and servers disagree about what they mean.

use std::borrow::Cow;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadPath;

/// The canonical form of an absolute path without query.
pub(crate) fn canonical(path: &str) -> Result<Cow<'_, str>, BadPath> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(BadPath);
    }
    if is_plain(bytes) {
        return Ok(Cow::Borrowed(path));
    }
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = match bytes[at] {
            b'%' => {
                let hex = bytes.get(at + 1..at + 3).ok_or(BadPath)?;
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(BadPath);
                let value = digit(hex[0])? << 4 | digit(hex[1])?;
                let value = u8::try_from(value).map_err(|_| BadPath)?;
                at += 3;
                match value {
                    b'/' | b'\\' | 0..=0x1f | 0x7f => return Err(BadPath),
                    b'-' | b'.' | b'_' | b'~' => value,
                    value if value.is_ascii_alphanumeric() => value,
                    _ => {
                        out.push('%');
                        out.push(char::from(hex[0]).to_ascii_uppercase());
                        out.push(char::from(hex[1]).to_ascii_uppercase());
                        continue;
                    }
                }
            }
            b'\\' => return Err(BadPath),
            byte => {
                at += 1;
                byte
            }
        };
        if byte != b'/' || !out.ends_with('/') {
            out.push(char::from(byte));
        }
    }
    if out.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(BadPath);
    }
    Ok(Cow::Owned(out))
}

/// Whether there is nothing to decode, merge or refuse.
fn is_plain(bytes: &[u8]) -> bool {
    let mut after_slash = false;
    for &byte in bytes {
        match byte {
            b'%' | b'\\' => return false,
            b'/' | b'.' if after_slash => return false,
            0x80.. => return false,
            _ => {}
        }
        after_slash = byte == b'/';
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_one_form() {
        for (path, form) in [
            ("/", "/"),
            ("/a/b.c", "/a/b.c"),
            ("/.well-known/jwks.json", "/.well-known/jwks.json"),
            ("//a///b/", "/a/b/"),
            ("/%61/%7Eb%2d", "/a/~b-"),
            ("/a%20b%c3%a9", "/a%20b%C3%A9"),
            ("/%2561", "/%2561"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(canonical(path).as_deref(), Ok(form), "{path}");
            assert_eq!(canonical(form).as_deref(), Ok(form), "stable: {form}");
        }
    }

    #[test]
    fn what_servers_disagree_about_is_refused() {
        for path in [
            "",
            "a",
            "*",
            "/a/../b",
            "/..",
            "/./a",
            "/%2e%2e/a",
            "/a/%2E",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/%00",
            "/%0a",
            "/%7f",
            "/%",
            "/%4",
            "/%zz",
        ] {
            assert_eq!(canonical(path), Err(BadPath), "{path}");
        }
    }
}
