//! A token: its type, the first bytes of its text and its quotes.

/// Token types are letters, so that a fingerprint reads as text.
pub(super) mod kind {
    pub const KEYWORD: u8 = b'k';
    pub const UNION: u8 = b'U';
    pub const GROUP: u8 = b'B';
    pub const EXPRESSION: u8 = b'E';
    pub const SQL_TYPE: u8 = b't';
    pub const FUNCTION: u8 = b'f';
    pub const BAREWORD: u8 = b'n';
    pub const NUMBER: u8 = b'1';
    pub const VARIABLE: u8 = b'v';
    pub const STRING: u8 = b's';
    pub const OPERATOR: u8 = b'o';
    pub const LOGIC: u8 = b'&';
    pub const COMMENT: u8 = b'c';
    pub const COLLATE: u8 = b'A';
    pub const LEFT_PARENTHESIS: u8 = b'(';
    pub const RIGHT_PARENTHESIS: u8 = b')';
    pub const LEFT_BRACE: u8 = b'{';
    pub const RIGHT_BRACE: u8 = b'}';
    pub const DOT: u8 = b'.';
    pub const COMMA: u8 = b',';
    pub const COLON: u8 = b':';
    pub const SEMICOLON: u8 = b';';
    pub const TSQL: u8 = b'T';
    pub const UNKNOWN: u8 = b'?';
    pub const EVIL: u8 = b'X';
    pub const BACKSLASH: u8 = b'\\';
}

/// No word of the tables is longer.
pub(super) const MAX_TEXT: usize = 31;

#[derive(Clone, Copy)]
pub(super) struct Token {
    pub kind: u8,
    /// The opening quote; 0 without one, as when the text is supposed to follow one.
    pub open: u8,
    /// The closing quote; 0 when the text ends first.
    pub close: u8,
    length: u8,
    bytes: [u8; MAX_TEXT],
}

impl Token {
    pub const NONE: Self = Self { kind: 0, open: 0, close: 0, length: 0, bytes: [0; MAX_TEXT] };

    /// Keeps the first 31 bytes of the text.
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_TEXT")]
    pub fn new(kind: u8, text: &[u8]) -> Self {
        let length = text.len().min(MAX_TEXT);
        let mut bytes = [0; MAX_TEXT];
        bytes[..length].copy_from_slice(&text[..length]);
        Self { kind, open: 0, close: 0, length: length as u8, bytes }
    }

    pub fn quoted(mut self, open: u8, close: u8) -> Self {
        (self.open, self.close) = (open, close);
        self
    }

    pub fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub fn is_text(&self, word: &[u8]) -> bool {
        self.text().eq_ignore_ascii_case(word)
    }

    pub fn is(&self, kinds: &[u8]) -> bool {
        kinds.contains(&self.kind)
    }

    pub fn is_arithmetic(&self) -> bool {
        self.kind == kind::OPERATOR && matches!(self.text(), [b'*' | b'/' | b'-' | b'+' | b'%'])
    }

    pub fn is_unary(&self) -> bool {
        self.kind == kind::OPERATOR
            && (matches!(self.text(), [b'+' | b'-' | b'!' | b'~'] | b"!!") || self.is_text(b"NOT"))
    }
}
