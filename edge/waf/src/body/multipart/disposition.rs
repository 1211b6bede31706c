//! The `Content-Disposition` of a part (RFC 7578 section 4.2).

use super::Multipart;

/// The parameters of a disposition.
pub(super) struct Names {
    pub name: Vec<u8>,
    pub filename: Option<Vec<u8>>,
}

/// Reads `form-data; name="..."; filename="..."` with any order and optional quotes,
/// and nothing else. Names met are also noted in `read`.
pub(super) fn parse(text: &[u8], read: &mut Multipart) -> Result<Names, &'static str> {
    const INVALID: &str = "a Content-Disposition is malformed";
    let Some(rest) = text.strip_prefix(b"form-data") else {
        return Err("a Content-Disposition is not form-data");
    };
    let mut names = Names { name: Vec::new(), filename: None };
    let mut extended = false;
    let mut rest = skip_blank(rest);
    if let Some((first, parameters)) = rest.split_first() {
        if *first != b';' {
            return Err(INVALID);
        }
        rest = parameters;
    }
    while !rest.is_empty() {
        rest = skip_blank(rest);
        let length = rest.iter().take_while(|b| !matches!(b, b'=' | b'\t' | b' ')).count();
        let parameter = &rest[..length];
        let Some(value) = skip_blank(&rest[length..]).strip_prefix(b"=") else {
            return Err(INVALID);
        };
        let value = skip_blank(value);
        if parameter == b"filename*" {
            let length = extended_value(value).ok_or(INVALID)?;
            if std::mem::replace(&mut extended, true) {
                return Err("a file is named twice");
            }
            rest = &value[length..];
            if let Some((_, parameters)) = rest.split_first() {
                rest = parameters;
            }
            continue;
        }
        let quote = value.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let (value, after) = match quote {
            Some(quote) => quoted(&value[1..], quote).ok_or(INVALID)?,
            None if value.is_empty() => return Err(INVALID),
            None => {
                let length = value.iter().take_while(|byte| is_token(**byte)).count();
                (value[..length].to_vec(), Some(&value[length..]))
            }
        };
        // A single quote means something to some parsers, unless double quotes
        // surround it.
        read.flags.invalid_quoting |= quote == Some(b'\'');
        let unquoted = quote.is_none() && value.contains(&b'\'');
        match parameter {
            b"name" => {
                read.flags.invalid_quoting |= unquoted;
                read.names.push(value.clone());
                if !names.name.is_empty() {
                    return Err("a part is named twice");
                }
                names.name = value;
            }
            b"filename" => {
                read.flags.invalid_quoting |= unquoted;
                read.filenames.push(value.clone());
                if names.filename.is_some() {
                    return Err("a file is named twice");
                }
                names.filename = (!value.is_empty()).then_some(value);
            }
            _ => return Err("a Content-Disposition has an unknown parameter"),
        }
        rest = skip_blank(after.ok_or(INVALID)?);
        if let Some((first, parameters)) = rest.split_first() {
            if *first != b';' {
                let closed = &text[..text.len() - rest.len()];
                read.flags.invalid_quoting |= matches!(closed.last(), Some(b'"' | b'\''));
                return Err(INVALID);
            }
            rest = parameters;
            if rest.is_empty() {
                break;
            }
        }
    }
    if names.name.is_empty() {
        return Err("a part has no name");
    }
    if extended && names.filename.is_none() {
        return Err("a file has its extended name only");
    }
    // Crude parsers look for these bytes and would see a field.
    if names.filename.is_some() && memchr::memmem::find(text, b"filename=").is_none() {
        return Err("a file name is written unusually");
    }
    Ok(names)
}

/// The length of an extended value up to a semicolon or the end: `charset'language'name`
/// (RFC 8187 section 3.2.1).
fn extended_value(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|&byte| byte == b';').unwrap_or(text.len());
    let mut parts = text[..end].splitn(3, |&byte| byte == b'\'');
    let (charset, _language, name) = (parts.next()?, parts.next()?, parts.next()?);
    let of = |byte: u8, special: &[u8]| byte.is_ascii_alphanumeric() || special.contains(&byte);
    if charset.is_empty() || !charset.iter().all(|&byte| of(byte, b"!#$%&+-^_`{}~")) {
        return None;
    }
    let mut at = 0;
    while let Some(&byte) = name.get(at) {
        at += match byte {
            b'%' if name.get(at + 1..at + 3)?.iter().all(u8::is_ascii_hexdigit) => 3,
            _ if of(byte, b"!#$&+-.^_`~") => 1,
            _ => return None,
        };
    }
    Some(end)
}

/// Without the spaces and tabs it begins with.
pub(super) fn skip_blank(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

/// The text up to the quote and what follows, which is `None` without a closing quote; a
/// backslash escapes only the quote and itself.
fn quoted(text: &[u8], quote: u8) -> Option<(Vec<u8>, Option<&[u8]>)> {
    if text.is_empty() {
        return None;
    }
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == quote {
            return Some((value, Some(&text[at + 1..])));
        }
        if byte == b'\\' {
            match text.get(at + 1) {
                None => return None,
                Some(next) if *next == quote || *next == b'\\' => at += 1,
                Some(_) => {}
            }
        }
        value.push(text[at]);
        at += 1;
    }
    Some((value, None))
}

/// RFC 2616 section 2.2, `token`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}
