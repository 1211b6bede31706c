//! The tokeniser: what most databases would read, at each byte decided by that byte.

use super::token::{Token, kind};
use super::words;
use memchr::{memchr, memmem};

/// The quote that the input is supposed to follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
}

/// Whose comments count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Ansi,
    MySql,
}

pub(super) struct Tokenizer<'a> {
    input: &'a [u8],
    position: usize,
    quote: Quote,
    dialect: Dialect,
    /// Tokens so far, comments and folded ones included.
    pub count: usize,
    /// A comment was met that the dialects read differently.
    pub ambiguous: bool,
}

/// Latin-1 no-break space and NUL are white to some databases.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0xa0 | 0)
}

/// Bytes at which a word ends.
const WORD_ENDS: [bool; 256] = {
    let bytes = b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0";
    let mut ends = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        ends[bytes[i] as usize] = true;
        i += 1;
    }
    ends
};

fn ends_word(byte: u8) -> bool {
    WORD_ENDS[usize::from(byte)]
}

/// Bytes at which the name of a variable ends.
fn ends_variable(byte: u8) -> bool {
    match byte {
        b'[' | b']' | b'{' | b'}' | 0xa0 => false,
        b'`' => true,
        _ => ends_word(byte),
    }
}

fn span(text: &[u8], accepted: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| accepted(**byte)).count()
}

impl<'a> Tokenizer<'a> {
    pub fn new(input: &'a [u8], quote: Quote, dialect: Dialect) -> Self {
        Self { input, position: 0, quote, dialect, count: 0, ambiguous: false }
    }

    /// The next token, if any is left.
    pub fn next(&mut self) -> Option<Token> {
        let opened = match self.quote {
            Quote::None => None,
            Quote::Single => Some(b'\''),
            Quote::Double => Some(b'"'),
        };
        if self.position == 0
            && let Some(quote) = opened
            && !self.input.is_empty()
        {
            self.count += 1;
            return Some(self.string(quote, 0));
        }
        while self.position < self.input.len() {
            if let Some(token) = self.at_byte() {
                self.count += 1;
                return Some(token);
            }
        }
        None
    }

    /// What is left, the current byte first.
    fn rest(&self) -> &'a [u8] {
        &self.input[self.position..]
    }

    fn peek(&self, offset: usize) -> Option<u8> {
        self.input.get(self.position + offset).copied()
    }

    /// A token of the next `length` bytes.
    fn take(&mut self, kind: u8, length: usize) -> Token {
        let token = Token::new(kind, &self.rest()[..length]);
        self.position += length;
        token
    }

    /// Moves over at least one byte.
    fn at_byte(&mut self) -> Option<Token> {
        let byte = self.rest()[0];
        Some(match byte {
            0..=b' ' | 0x7f | 0xa0 => {
                self.position += 1;
                return None;
            }
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => self.operator(),
            b'%' | b'+' | b'^' | b'~' => self.take(kind::OPERATOR, 1),
            b'"' | b'\'' => self.string(byte, 1),
            b'#' => self.hash(),
            b'$' => self.dollar(),
            b'(' | b')' | b',' | b';' | b'{' | b'}' => self.take(byte, 1),
            b'-' => self.dash(),
            b'.' | b'0'..=b'9' => self.number(),
            b'/' => self.slash(),
            b'?' | b']' => self.take(kind::UNKNOWN, 1),
            b'@' => self.variable(),
            b'B' | b'b' => self.literal(|digit| matches!(digit, b'0' | b'1' | 0)),
            b'X' | b'x' => self.literal(|digit| digit.is_ascii_hexdigit() || digit == 0),
            b'E' | b'e' => self.escaped_string(),
            b'N' | b'n' => self.national_string(),
            b'Q' | b'q' => self.oracle_string(0),
            b'U' | b'u' => self.unicode_string(),
            b'[' => self.bracketed(),
            b'\\' => self.backslash(),
            b'`' => self.backtick(),
            _ => self.word(),
        })
    }

    fn line_comment(&mut self) -> Token {
        let rest = self.rest();
        let end = memchr(b'\n', rest);
        let token = self.take(kind::COMMENT, end.unwrap_or(rest.len()));
        self.position += usize::from(end.is_some());
        token
    }

    /// An operator in standard SQL, a comment in MySQL.
    fn hash(&mut self) -> Token {
        self.ambiguous = true;
        match self.dialect {
            Dialect::MySql => self.line_comment(),
            Dialect::Ansi => self.take(kind::OPERATOR, 1),
        }
    }

    /// `--` comments; MySQL wants white space after it.
    fn dash(&mut self) -> Token {
        let white = |byte: Option<u8>| byte.is_none_or(is_white);
        if self.peek(1) == Some(b'-') {
            if white(self.peek(2)) {
                return self.line_comment();
            }
            if self.dialect == Dialect::Ansi {
                self.ambiguous = true;
                return self.line_comment();
            }
        }
        self.take(kind::OPERATOR, 1)
    }

    /// PostgreSQL nests comments and MySQL executes `/*!...*/`: both are evil.
    fn slash(&mut self) -> Token {
        if self.peek(1) != Some(b'*') {
            return self.take(kind::OPERATOR, 1);
        }
        let rest = self.rest();
        let end = memmem::find(&rest[2..], b"*/").map(|at| at + 4);
        let nested = end.is_some_and(|end| memmem::find(&rest[2..end - 1], b"/*").is_some());
        let evil = nested || self.peek(2) == Some(b'!');
        self.take(if evil { kind::EVIL } else { kind::COMMENT }, end.unwrap_or(rest.len()))
    }

    /// MySQL writes NULL as `\N`.
    fn backslash(&mut self) -> Token {
        match self.peek(1) {
            Some(b'N') => self.take(kind::NUMBER, 2),
            _ => self.take(kind::BACKSLASH, 1),
        }
    }

    fn operator(&mut self) -> Token {
        let rest = self.rest();
        if rest.len() < 2 {
            return self.take(kind::OPERATOR, 1);
        }
        if rest.starts_with(b"<=>") {
            return self.take(kind::OPERATOR, 3);
        }
        if let Some(known) = words::kind_of(&rest[..2]) {
            return self.take(known, 2);
        }
        let alone = if rest[0] == b':' { kind::COLON } else { kind::OPERATOR };
        self.take(alone, 1)
    }

    /// A string whose text begins `offset` bytes from here and ends at a quote that is
    /// neither doubled nor escaped. Without an offset its opening quote is supposed.
    fn string(&mut self, quote: u8, offset: usize) -> Token {
        let text = &self.rest()[offset..];
        let mut from = 0;
        let end = loop {
            let Some(found) = memchr(quote, &text[from..]) else { break None };
            let at = from + found;
            let slashes = text[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            if slashes % 2 == 1 {
                from = at + 1;
            } else if text.get(at + 1) == Some(&quote) {
                from = at + 2;
            } else {
                break Some(at);
            }
        };
        self.position += offset + end.map_or(text.len(), |end| end + 1);
        Token::new(kind::STRING, &text[..end.unwrap_or(text.len())])
            .quoted(if offset > 0 { quote } else { 0 }, if end.is_some() { quote } else { 0 })
    }

    /// `e'...'`, `n'...'`.
    fn escaped_string(&mut self) -> Token {
        if self.rest().len() > 2 && self.peek(1) == Some(b'\'') {
            self.string(b'\'', 2)
        } else {
            self.word()
        }
    }

    /// `u&'...'`.
    fn unicode_string(&mut self) -> Token {
        if !self.rest()[1..].starts_with(b"&'") {
            return self.word();
        }
        self.position += 2;
        let token = self.string(b'\'', 1);
        let close = if token.close == b'\'' { b'u' } else { 0 };
        token.quoted(b'u', close)
    }

    fn national_string(&mut self) -> Token {
        if self.rest().len() > 2 && self.peek(1) == Some(b'\'') {
            self.string(b'\'', 2)
        } else {
            self.oracle_string(1)
        }
    }

    /// Oracle's `q'[...]'`, with a national prefix when `offset` is 1.
    fn oracle_string(&mut self, offset: usize) -> Token {
        let [b'q' | b'Q', b'\'', opening, text @ ..] = &self.rest()[offset..] else {
            return self.word();
        };
        let closing = match opening {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            0..=32 | 0x80.. => return self.word(),
            other => *other,
        };
        let end = memmem::find(text, &[closing, b'\'']);
        self.position += offset + 3 + end.map_or(text.len(), |end| end + 2);
        Token::new(kind::STRING, &text[..end.unwrap_or(text.len())])
            .quoted(b'q', if end.is_some() { b'q' } else { 0 })
    }

    /// `b'01'`, `x'1f'`.
    fn literal(&mut self, digit: impl Fn(u8) -> bool) -> Token {
        if self.peek(1) != Some(b'\'') {
            return self.word();
        }
        let digits = span(&self.rest()[2..], digit);
        match self.peek(2 + digits) {
            Some(b'\'') => self.take(kind::NUMBER, digits + 3),
            _ => self.word(),
        }
    }

    /// SQL Server's `[name]`.
    fn bracketed(&mut self) -> Token {
        let rest = self.rest();
        let length = memchr(b']', rest).map_or(rest.len(), |end| end + 1);
        self.take(kind::BAREWORD, length)
    }

    /// A word by the tables; one before a dot or a backtick that the tables know stands
    /// for itself, as in `SELECT.1`.
    fn word(&mut self) -> Token {
        let rest = self.rest();
        let length = span(rest, |byte| !ends_word(byte));
        let mut token = Token::new(kind::BAREWORD, &rest[..length]);
        for (at, byte) in token.text().iter().enumerate() {
            if matches!(byte, b'.' | b'`')
                && let Some(known) = words::kind_of(&rest[..at])
                && known != kind::BAREWORD
            {
                return self.take(known, at);
            }
        }
        if let Some(known) = words::kind_of(&rest[..length]) {
            token.kind = known;
        }
        self.position += length;
        token
    }

    /// MySQL's quoted names; functions may be quoted.
    fn backtick(&mut self) -> Token {
        let mut token = self.string(b'`', 1);
        token.kind = match words::kind_of(token.text()) {
            Some(kind::FUNCTION) => kind::FUNCTION,
            _ => kind::BAREWORD,
        };
        token
    }

    /// `@name`, `@@name`, either quoted.
    fn variable(&mut self) -> Token {
        self.position += 1;
        if self.peek(0) == Some(b'@') {
            self.position += 1;
        }
        let mut token = match self.peek(0) {
            Some(b'`') => self.backtick(),
            Some(quote @ (b'\'' | b'"')) => self.string(quote, 1),
            _ => {
                let length = span(self.rest(), |byte| !ends_variable(byte));
                self.take(kind::VARIABLE, length)
            }
        };
        token.kind = kind::VARIABLE;
        token
    }

    /// Money, PostgreSQL's `$$...$$` and `$name$...$name$`.
    fn dollar(&mut self) -> Token {
        let rest = self.rest();
        let amount = span(&rest[1..], |byte| matches!(byte, b'0'..=b'9' | b'.' | b',' | 0));
        if amount == 1 && rest[1] == b'.' {
            return self.word();
        }
        if amount > 0 {
            return self.take(kind::NUMBER, 1 + amount);
        }
        let name = span(&rest[1..], |byte| byte.is_ascii_alphabetic() || byte == 0);
        if rest.get(1 + name) != Some(&b'$') {
            return self.take(kind::BAREWORD, 1);
        }
        let (tag, text) = rest.split_at(name + 2);
        let end = memmem::find(text, tag);
        self.position += tag.len() + end.map_or(text.len(), |end| end + tag.len());
        Token::new(kind::STRING, &text[..end.unwrap_or(text.len())])
            .quoted(b'$', if end.is_some() { b'$' } else { 0 })
    }

    /// `0x1f`, `0b01`, `1.5e-3`, Oracle's `1.5f`. An exponent without digits makes a word.
    fn number(&mut self) -> Token {
        let rest = self.rest();
        let base = match rest {
            [b'0', b'x' | b'X', ..] => Some(span(&rest[2..], |b| b.is_ascii_hexdigit() || b == 0)),
            [b'0', b'b' | b'B', ..] => Some(span(&rest[2..], |b| matches!(b, b'0' | b'1' | 0))),
            _ => None,
        };
        if let Some(digits) = base {
            let kind = if digits == 0 { kind::BAREWORD } else { kind::NUMBER };
            return self.take(kind, 2 + digits);
        }
        let digits = |from: usize| span(&rest[from..], |byte| byte.is_ascii_digit());
        let mut length = digits(0);
        if rest.get(length) == Some(&b'.') {
            length += 1;
            length += digits(length);
            if length == 1 {
                return self.take(kind::DOT, 1);
            }
        }
        let mut exponent = None;
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            length += 1;
            length += usize::from(matches!(rest.get(length), Some(b'+' | b'-')));
            exponent = Some(digits(length));
            length += digits(length);
        }
        if matches!(rest.get(length), Some(b'd' | b'D' | b'f' | b'F')) {
            let ends = match rest.get(length + 1) {
                // `1fUNION` is `1f UNION`.
                None | Some(b';' | b'u' | b'U') => true,
                Some(next) => is_white(*next),
            };
            length += usize::from(ends);
        }
        let kind = if exponent == Some(0) { kind::BAREWORD } else { kind::NUMBER };
        self.take(kind, length)
    }
}
