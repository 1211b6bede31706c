//! JSON bodies (RFC 8259) flattened into arguments: `{"a":[1,{"b":true}]}` becomes
//! `json.a.array_0` = `1` and `json.a.array_1.b` = `true`.
//!
//! No recursion: depth costs a few bytes a level. Escapes in strings are decoded,
//! numbers keep their text.

use super::{BodyError, Collector, Limits, Parsed};

/// Reads a document; what precedes an error stays in the result. A body without a byte
/// is no document and no error. libmodsecurity puts the arguments into `ARGS` alone, not
/// into `ARGS_POST`.
#[must_use]
pub fn flatten(input: &[u8], limits: &Limits) -> Parsed {
    if input.is_empty() {
        return Parsed::default();
    }
    let mut reader = Reader {
        input,
        at: 0,
        path: Vec::new(),
        open: Vec::new(),
        collector: Collector::new(limits),
    };
    let outcome = reader.document();
    reader.collector.finish(outcome)
}

/// An object or array that is not closed yet.
struct Container {
    /// Elements so far, for an array.
    elements: Option<usize>,
    /// How long the path is with this container's name.
    path: usize,
}

struct Reader<'a, 'l> {
    input: &'a [u8],
    at: usize,
    /// The names of the open containers, joined.
    path: Vec<u8>,
    open: Vec<Container>,
    collector: Collector<'l>,
}

/// What may come next.
enum Expect {
    Value,
    /// A value or the end of a new array.
    ValueOrEnd,
    Key,
    /// A key or the end of a new object.
    KeyOrEnd,
    CommaOrEnd,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), BodyError> {
        let mut expect = Expect::Value;
        loop {
            self.skip_white();
            let byte = self.input.get(self.at).copied();
            expect = match (expect, byte) {
                (Expect::ValueOrEnd, Some(b']')) | (Expect::KeyOrEnd, Some(b'}')) => self.close(),
                (Expect::Value | Expect::ValueOrEnd, _) => self.value()?,
                (Expect::Key | Expect::KeyOrEnd, Some(b'"')) => {
                    self.key()?;
                    Expect::Value
                }
                (Expect::Key | Expect::KeyOrEnd, _) => {
                    return Err(self.wrong("an object key is not a string"));
                }
                (Expect::CommaOrEnd, byte) => match (self.in_array(), byte) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => return Err(self.wrong("something follows the value")),
                    (Some(true), Some(b']')) | (Some(false), Some(b'}')) => self.close(),
                    (Some(array), Some(b',')) => {
                        self.at += 1;
                        if array { Expect::Value } else { Expect::Key }
                    }
                    _ => return Err(self.wrong("a comma or an end is missing")),
                },
            };
        }
    }

    fn wrong(&self, reason: &'static str) -> BodyError {
        BodyError::Syntax { format: "JSON", reason, at: self.at }
    }

    fn skip_white(&mut self) {
        let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
        self.at += self.input[self.at..].iter().take_while(|byte| white(byte)).count();
    }

    /// Whether the innermost container is an array.
    fn in_array(&self) -> Option<bool> {
        self.open.last().map(|container| container.elements.is_some())
    }

    /// Leaves the innermost container.
    fn close(&mut self) -> Expect {
        self.at += 1;
        self.open.pop();
        self.leave_value();
        Expect::CommaOrEnd
    }

    /// A value is complete: its name goes from the path.
    fn leave_value(&mut self) {
        if let Some(parent) = self.open.last_mut() {
            self.path.truncate(parent.path);
            if let Some(elements) = &mut parent.elements {
                *elements += 1;
            }
        }
    }

    /// Appends the name of a value in the innermost container. A key does it itself.
    fn enter_value(&mut self) {
        match self.open.last() {
            None => self.path.extend_from_slice(b"json"),
            Some(Container { elements: Some(elements), .. }) => {
                let index = elements.to_string();
                self.path.extend_from_slice(b".array_");
                self.path.extend_from_slice(index.as_bytes());
            }
            Some(_) => {}
        }
    }

    fn key(&mut self) -> Result<(), BodyError> {
        let key = self.string()?;
        self.skip_white();
        if self.input.get(self.at) != Some(&b':') {
            return Err(self.wrong("a colon is missing"));
        }
        self.at += 1;
        self.path.push(b'.');
        self.path.extend_from_slice(if key.is_empty() { b"empty-key" } else { &key });
        Ok(())
    }

    fn value(&mut self) -> Result<Expect, BodyError> {
        self.enter_value();
        let rest = &self.input[self.at..];
        let value = match rest.first() {
            Some(open @ (b'{' | b'[')) => {
                if self.open.len() >= self.collector.limits.depth {
                    return Err(BodyError::Depth { format: "JSON" });
                }
                let array = *open == b'[';
                self.at += 1;
                self.open.push(Container { elements: array.then_some(0), path: self.path.len() });
                return Ok(if array { Expect::ValueOrEnd } else { Expect::KeyOrEnd });
            }
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => {
                let known = [(&b"true"[..], &b"true"[..]), (b"false", b"false"), (b"null", b"")];
                let Some((word, value)) = known.iter().find(|(word, _)| rest.starts_with(word))
                else {
                    return Err(self.wrong("not a value"));
                };
                self.at += word.len();
                value.to_vec()
            }
            None => return Err(self.wrong("the body ends too early")),
        };
        self.collector.push(self.path.clone(), value)?;
        self.leave_value();
        Ok(Expect::CommaOrEnd)
    }

    /// RFC 8259 section 6, as written.
    fn number(&mut self) -> Result<Vec<u8>, BodyError> {
        let rest = &self.input[self.at..];
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut length = usize::from(rest[0] == b'-');
        let whole = if rest.get(length) == Some(&b'0') { 1 } else { digits(length) };
        length += whole;
        let mut complete = whole > 0;
        if complete && rest.get(length) == Some(&b'.') {
            let fraction = digits(length + 1);
            length += 1 + fraction;
            complete = fraction > 0;
        }
        if complete && matches!(rest.get(length), Some(b'e' | b'E')) {
            length += 1 + usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length);
            length += exponent;
            complete = exponent > 0;
        }
        if !complete {
            return Err(self.wrong("a number is malformed"));
        }
        self.at += length;
        Ok(rest[..length].to_vec())
    }

    /// A string from its opening quote on, decoded.
    fn string(&mut self) -> Result<Vec<u8>, BodyError> {
        let start = self.at + 1;
        let rest = &self.input[start..];
        let mut end = 0;
        let mut escaped = false;
        let mut ascii = true;
        loop {
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x80..);
            end += rest[end..].iter().take_while(|byte| plain(byte)).count();
            match rest.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 1;
                    let length = escape_length(&rest[end..]);
                    if length == 0 {
                        self.at = start + end;
                        return Err(self.wrong("an escape is malformed"));
                    }
                    end += length;
                }
                Some(0x80..) => {
                    ascii = false;
                    end += 1;
                }
                Some(_) => {
                    self.at = start + end;
                    return Err(self.wrong("a control character stands in a string"));
                }
                None => {
                    self.at = self.input.len();
                    return Err(self.wrong("the body ends within a string"));
                }
            }
        }
        let text = &rest[..end];
        if !ascii && std::str::from_utf8(text).is_err() && !is_loose_utf8(text) {
            return Err(self.wrong("a string is not UTF-8"));
        }
        self.at = start + end + 1;
        Ok(if escaped { unescape(text) } else { text.to_vec() })
    }
}

/// How many bytes after a backslash belong to the escape; 0 when it is malformed.
fn escape_length(text: &[u8]) -> usize {
    match text {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
        [b'u', digits @ ..] if code_unit(digits).is_some() => 5,
        _ => 0,
    }
}

fn code_unit(digits: &[u8]) -> Option<u32> {
    let digits = digits.get(..4)?;
    digits.iter().try_fold(0, |unit, byte| Some(unit << 4 | char::from(*byte).to_digit(16)?))
}

/// UTF-8 by the shape of its sequences alone, as yajl checks it: overlong forms and
/// surrogates pass.
fn is_loose_utf8(mut text: &[u8]) -> bool {
    while let [lead, rest @ ..] = text {
        let following = match lead {
            0..=0x7f => 0,
            0xc0..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf7 => 3,
            _ => return false,
        };
        let Some(sequence) = rest.get(..following) else { return false };
        if !sequence.iter().all(|byte| byte & 0xc0 == 0x80) {
            return false;
        }
        text = &rest[following..];
    }
    true
}

/// Decodes the escapes of a checked string.
fn unescape(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    while let Some(at) = memchr::memchr(b'\\', text) {
        out.extend_from_slice(&text[..at]);
        let escape = text.get(at + 1).copied().unwrap_or_default();
        text = text.get(at + 2..).unwrap_or_default();
        let byte = match escape {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                text = unescape_unicode(text, &mut out);
                continue;
            }
            other => other,
        };
        out.push(byte);
    }
    out.extend_from_slice(text);
    out
}

/// Decodes from the four digits on and returns what follows, as yajl does: a high
/// surrogate takes the next code unit whatever it is and becomes `?` without one; a lone
/// low surrogate is encoded like any other code point.
fn unescape_unicode<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let unit = code_unit(text).unwrap_or_default();
    let rest = text.get(4..).unwrap_or_default();
    if unit & 0xfc00 != 0xd800 {
        encode(unit, out);
        return rest;
    }
    if let [b'\\', b'u', low @ ..] = rest {
        let low_unit = code_unit(low).unwrap_or_default();
        encode(0x1_0000 + ((unit & 0x3ff) << 10) + (low_unit & 0x3ff), out);
        return low.get(4..).unwrap_or_default();
    }
    out.push(b'?');
    rest
}

/// UTF-8 of any code point below 2^21, surrogates included.
fn encode(point: u32, out: &mut Vec<u8>) {
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3f);
    let bytes: &[u32] = match point {
        0..=0x7f => &[point],
        0x80..=0x7ff => &[0xc0 | point >> 6, tail(0)],
        0x800..=0xffff => &[0xe0 | point >> 12, tail(6), tail(0)],
        _ => &[0xf0 | point >> 18 & 7, tail(12), tail(6), tail(0)],
    };
    out.extend(bytes.iter().map(|byte| byte.to_le_bytes()[0]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<(String, String)> {
        let parsed = flatten(text.as_bytes(), &Limits::default());
        assert_eq!(parsed.error, None, "{text}");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        parsed.arguments.into_iter().map(|a| (text(a.name), text(a.value))).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(flat(text), expected, "{text}");
    }

    #[test]
    fn values_are_named_by_their_path() {
        check(
            r#"{"a":1,"b":{"c":"x","d":[true,null,{"e":-1.5e3}]},"":""}"#,
            &[
                ("json.a", "1"),
                ("json.b.c", "x"),
                ("json.b.d.array_0", "true"),
                ("json.b.d.array_1", ""),
                ("json.b.d.array_2.e", "-1.5e3"),
                ("json.empty-key", ""),
            ],
        );
        check(
            "[[1,2],[3]]",
            &[
                ("json.array_0.array_0", "1"),
                ("json.array_0.array_1", "2"),
                ("json.array_1.array_0", "3"),
            ],
        );
        check("[]", &[]);
    }

    #[test]
    fn strings_are_decoded() {
        check(
            r#"["\u0041\n\/\"\\","\ud83d\ude00","Привет"]"#,
            &[("json.array_0", "A\n/\"\\"), ("json.array_1", "😀"), ("json.array_2", "Привет")],
        );
    }

    #[test]
    fn malformed_documents_are_refused_and_keep_what_was_read() {
        for text in [
            " ",
            "{",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[01]",
            "[1.]",
            "[1e]",
            "[-]",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[\"\n\"]",
            "[1] 2",
            "tru",
            "[\"a",
            "\u{feff}[]",
            "[1}",
        ] {
            assert!(flatten(text.as_bytes(), &Limits::default()).error.is_some(), "{text}");
        }
        assert!(flatten(b"[\"\xff\"]", &Limits::default()).error.is_some());
        let parsed = flatten(b"{\"a\":\"x\",\"b\":", &Limits::default());
        assert_eq!(parsed.arguments.len(), 1);
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { arguments: 10, depth: 5, expanded: 1_000 };
        let error = |text: &str| flatten(text.as_bytes(), &limits).error;
        assert_eq!(error("[[[[[1]]]]]"), None);
        assert_eq!(error("[[[[[[1]]]]]]"), Some(BodyError::Depth { format: "JSON" }));
        assert_eq!(error("[1,1,1,1,1,1,1,1,1,1,1]"), Some(BodyError::Arguments));
        let long = format!("[\"{}\"]", "x".repeat(1_000));
        assert_eq!(error(&long), Some(BodyError::Expanded));
        // A deep path for each of many values must not multiply.
        let deep = format!("{}{}", "{\"k\":".repeat(9_000), "[1,1,1,1,1,1,1,1".repeat(20_000));
        let wide = Limits { arguments: usize::MAX, ..Limits::default() };
        assert!(flatten(deep.as_bytes(), &wide).error.is_some());
    }
}
