//! `application/x-www-form-urlencoded` bodies and query strings.

use super::{BodyError, Collector, Limits, Parsed};
use crate::transform::{Transformation, UnicodeMap};

/// A form, decoded leniently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Names and values in order.
    pub parsed: Parsed,
    /// A `%` without two hexadecimal digits was met (`URLENCODED_ERROR`).
    pub invalid_encoding: bool,
}

/// Splits at `separator` (`SecArgumentSeparator`, normally `&`) and at the first `=` of
/// each piece. What is no escape stays as it is. An empty piece is an argument without
/// name and value, except at the end.
#[must_use]
pub fn parse(input: &[u8], separator: u8, limits: &Limits) -> Form {
    let mut collector = Collector::new(limits);
    let mut invalid_encoding = false;
    let outcome = split(input, separator).try_for_each(|piece| {
        let (name, value) = match memchr::memchr(b'=', piece) {
            Some(equals) => (&piece[..equals], &piece[equals + 1..]),
            None => (piece, &[][..]),
        };
        invalid_encoding |= has_invalid_escape(name) || has_invalid_escape(value);
        collector.push(decode(name), decode(value))
    });
    Form { parsed: collector.finish(outcome as Result<(), BodyError>), invalid_encoding }
}

fn split(input: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let none = usize::from(input.is_empty());
    let input = input.strip_suffix(&[separator]).unwrap_or(input);
    input.split(move |byte| *byte == separator).skip(none)
}

fn decode(text: &[u8]) -> Vec<u8> {
    Transformation::UrlDecode.apply(text, &UnicodeMap::default()).into_owned()
}

/// Whether a `%` stands without two hexadecimal digits after it.
#[must_use]
pub fn has_invalid_escape(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text).any(|at| {
        !matches!(text.get(at + 1..at + 3), Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(form: &Form) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        form.parsed.arguments.iter().map(|a| (text(&a.name), text(&a.value))).collect()
    }

    #[test]
    fn names_and_values_are_decoded() {
        let form = parse(b"a=1&b%20c=d+e&f&=g&a=2%zz", b'&', &Limits::default());
        let expected = [("a", "1"), ("b c", "d e"), ("f", ""), ("", "g"), ("a", "2%zz")];
        assert_eq!(pairs(&form), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert!(form.invalid_encoding);
        assert!(!parse(b"a=%41", b'&', &Limits::default()).invalid_encoding);
    }

    #[test]
    fn other_separators_and_the_limit() {
        let form = parse(b"a=1;b=2&c", b';', &Limits::default());
        assert_eq!(form.parsed.arguments.len(), 2);
        let limits = Limits { arguments: 2, ..Limits::default() };
        let form = parse(b"a&b&c", b'&', &limits);
        assert_eq!(form.parsed.arguments.len(), 2);
        assert_eq!(form.parsed.error, Some(BodyError::Arguments));
        assert!(parse(b"", b'&', &limits).parsed.arguments.is_empty());
    }
}
