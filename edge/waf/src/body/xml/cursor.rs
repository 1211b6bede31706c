//! A position in XML text and the productions that need no context.

use crate::body::BodyError;

/// What a production yields.
pub(super) type Result<T> = std::result::Result<T, BodyError>;

#[derive(Clone)]
pub(super) struct Cursor<'t> {
    pub text: &'t [u8],
    pub at: usize,
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..)
}

fn continues_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub fn wrong(&self, reason: &'static str) -> BodyError {
        BodyError::Syntax { format: "XML", reason, at: self.at }
    }

    /// Moves over `token` if it is next.
    pub fn eat(&mut self, token: &[u8]) -> bool {
        let next = self.rest().starts_with(token);
        self.at += if next { token.len() } else { 0 };
        next
    }

    pub fn expect(&mut self, token: &[u8], reason: &'static str) -> Result<()> {
        if self.eat(token) { Ok(()) } else { Err(self.wrong(reason)) }
    }

    /// How much white space was next.
    pub fn skip_white(&mut self) -> usize {
        let length = self.rest().iter().take_while(|byte| is_white(**byte)).count();
        self.at += length;
        length
    }

    pub fn name(&mut self) -> Result<&'t [u8]> {
        let rest = self.rest();
        if !rest.first().is_some_and(|byte| starts_name(*byte)) {
            return Err(self.wrong("a name is missing"));
        }
        let length = rest.iter().take_while(|byte| continues_name(**byte)).count();
        self.at += length;
        Ok(&rest[..length])
    }

    /// The text up to `token`, which is skipped too.
    pub fn until(&mut self, token: &[u8], reason: &'static str) -> Result<&'t [u8]> {
        let rest = self.rest();
        let Some(length) = memchr::memmem::find(rest, token) else {
            return Err(self.wrong(reason));
        };
        self.at += length + token.len();
        Ok(&rest[..length])
    }

    /// Text in single or double quotes.
    pub fn quoted(&mut self) -> Result<&'t [u8]> {
        let Some(quote @ (b'"' | b'\'')) = self.peek() else {
            return Err(self.wrong("a quote is missing"));
        };
        self.at += 1;
        self.until(&[quote], "a quote is not closed")
    }

    /// After `<!--`.
    pub fn comment(&mut self) -> Result<()> {
        let start = self.clone();
        let text = self.until(b"--", "a comment is not closed")?;
        check_characters(text).map_err(|reason| start.wrong(reason))?;
        self.expect(b">", "two dashes stand in a comment")
    }

    /// After `<?`; the target `xml` is only for the declaration.
    pub fn instruction(&mut self) -> Result<()> {
        let start = self.clone();
        let target = self.name()?;
        if target.eq_ignore_ascii_case(b"xml") {
            return Err(start.wrong("an XML declaration stands in the document"));
        }
        if !self.rest().starts_with(b"?>") && self.skip_white() == 0 {
            return Err(self.wrong("an instruction is malformed"));
        }
        let text = self.until(b"?>", "an instruction is not closed")?;
        check_characters(text).map_err(|reason| start.wrong(reason))
    }

    /// After `&`: the name or the character of a reference.
    pub fn reference(&mut self) -> Result<Reference<'t>> {
        let start = self.clone();
        let malformed = || start.wrong("a reference is malformed");
        if !self.eat(b"#") {
            let name = self.name().map_err(|_| malformed())?;
            self.expect(b";", "a reference is not closed")?;
            return Ok(Reference::Entity(name));
        }
        let radix = if self.eat(b"x") { 16 } else { 10 };
        let digits = self.until(b";", "a reference is not closed")?;
        let digits =
            std::str::from_utf8(digits).ok().filter(|d| !d.is_empty() && !d.starts_with('+'));
        let point = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
        let character = point.and_then(char::from_u32).ok_or_else(malformed)?;
        if matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
        {
            return Err(malformed());
        }
        Ok(Reference::Character(character))
    }
}

pub(super) enum Reference<'t> {
    Character(char),
    Entity(&'t [u8]),
}

/// Refuses control characters.
pub(super) fn check_characters(text: &[u8]) -> std::result::Result<(), &'static str> {
    let control = |byte: &u8| *byte < 0x20 && !is_white(*byte);
    if text.iter().any(control) {
        Err("a control character stands in the document")
    } else {
        Ok(())
    }
}

/// Appends text with its line ends made single line feeds (XML 1.0 section 2.11).
pub(super) fn append_lines(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    out.extend_from_slice(rest);
}

/// The five entities of XML itself.
pub(super) fn predefined(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"lt" => b'<',
        b"gt" => b'>',
        b"amp" => b'&',
        b"quot" => b'"',
        b"apos" => b'\'',
        _ => return None,
    })
}
