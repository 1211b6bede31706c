//! The boundary parameter of `Content-Type`.

use super::{Flags, is_space};

/// A checked boundary.
#[derive(Debug)]
pub(super) struct Boundary {
    /// Looks for the boundary with the two dashes before it.
    delimiter: memchr::memmem::Finder<'static>,
}

const MEDIA_TYPE: &[u8] = b"multipart/form-data";
const PARAMETER: &[u8] = b"boundary";

impl Boundary {
    /// Accepts `multipart/form-data; boundary=...` and nothing between, quotes around
    /// the whole boundary, and RFC 2046's characters in it; sets flags where a lenient
    /// parser might read something else.
    pub fn parse(content_type: &[u8], flags: &mut Flags) -> Result<Self, &'static str> {
        if content_type.is_empty() {
            return Err("there is no Content-Type");
        }
        if content_type.len() > 1_024 {
            return Err("the Content-Type is too long");
        }
        let media_type = content_type.get(..MEDIA_TYPE.len());
        if !media_type.is_some_and(|text| text.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Err("the media type is not multipart/form-data");
        }
        if count_parameters(content_type) > 1 {
            return Err("there are several boundary parameters");
        }
        let Some(name) = memchr::memmem::find(content_type, PARAMETER) else {
            return Err("the Content-Type has no boundary parameter");
        };
        let mut between =
            content_type[MEDIA_TYPE.len()..name].iter().filter(|byte| !is_space(**byte));
        match (between.next(), between.next()) {
            (None, _) => flags.missing_semicolon = true,
            (Some(b';'), None) => {}
            _ => return Err("something stands before the boundary parameter"),
        }
        let after_name = &content_type[name + PARAMETER.len()..];
        let Some(equals) = memchr::memchr(b'=', after_name) else {
            return Err("the boundary parameter has no value");
        };
        if equals > 0 {
            if !after_name[..equals].iter().all(|byte| is_space(*byte)) {
                return Err("the name of the boundary parameter is longer");
            }
            flags.boundary_whitespace = true;
        }
        let value = &after_name[equals + 1..];
        flags.boundary_whitespace |= value.first().is_some_and(|byte| is_space(*byte));
        let boundary = match value {
            [b'"', quoted @ .., b'"'] => {
                flags.boundary_quoted = !quoted.is_empty();
                quoted
            }
            [b'"', ..] | [_, .., b'"'] => return Err("the boundary is quoted on one side"),
            _ => unparameterised(value),
        };
        if boundary.is_empty() {
            return Err("the boundary is empty");
        }
        if count_parameters(boundary) != 0 {
            return Err("the boundary names a boundary");
        }
        let ends_with_space = boundary.ends_with(b" ");
        if ends_with_space || !boundary.iter().all(|byte| is_boundary_character(*byte)) {
            return Err("the boundary has characters that none may have");
        }
        let delimiter = [b"--", boundary].concat();
        Ok(Self { delimiter: memchr::memmem::Finder::new(&delimiter).into_owned() })
    }

    pub fn text(&self) -> &[u8] {
        &self.delimiter.needle()[2..]
    }

    /// Whether the delimiter stands anywhere in the line.
    pub fn is_within(&self, line: &[u8]) -> bool {
        self.delimiter.find(line).is_some()
    }
}

/// The value up to another parameter.
fn unparameterised(value: &[u8]) -> &[u8] {
    &value[..memchr::memchr(b';', value).unwrap_or(value.len())]
}

/// How often the word is followed, anywhere, by an equals sign.
fn count_parameters(text: &[u8]) -> usize {
    let lower = text.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, PARAMETER)
        .filter(|at| lower[at + PARAMETER.len()..].contains(&b'='))
        .count()
}

/// RFC 2046 section 5.1.1, `bchars`.
fn is_boundary_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+_,-./:=?".contains(&byte)
}
