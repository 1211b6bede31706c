//! A tokeniser of HTML as browsers, old ones included, read it (WHATWG HTML section
//! 13.2.5, with the deviations of Internet Explorer).

use memchr::memchr;

/// Where the input lands in a page.
#[derive(Clone, Copy)]
pub(super) enum Context {
    /// Between tags.
    Text,
    /// Inside a tag, where an attribute may follow.
    Tag,
    /// Inside an attribute value with this quote.
    Value(u8),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    TagOpen,
    AttributeName,
    AttributeValue,
    Comment,
    Doctype,
    /// Text and the ends of tags.
    Other,
}

#[derive(Clone, Copy)]
enum State {
    Data,
    TagOpen,
    EndTagOpen,
    TagName,
    TagNameClose,
    SelfClosing,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    QuotedValue(u8),
    UnquotedValue,
    AfterQuotedValue,
    MarkupDeclaration,
    BogusComment,
    PercentComment,
    Comment,
    Cdata,
    Doctype,
    End,
}

/// What a state yields.
enum Step {
    /// The text between two positions is a token; reading goes on in the state and at
    /// the position.
    Token(TokenKind, usize, usize, State, usize),
    /// Nothing here; the state goes on at the position.
    Goto(State, usize),
    /// Nothing more.
    Stop,
}

/// Iterates over the tokens.
pub(super) struct Html5<'a> {
    input: &'a [u8],
    position: usize,
    state: State,
    /// Inside `</...`.
    closing: bool,
}

/// NUL counts, for Internet Explorer ignores it.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0)
}

impl<'a> Html5<'a> {
    pub fn new(input: &'a [u8], context: Context) -> Self {
        let state = match context {
            Context::Text => State::Data,
            Context::Tag => State::BeforeAttributeName,
            Context::Value(quote) => State::QuotedValue(quote),
        };
        Self { input, position: 0, state, closing: false }
    }

    fn at(&self, position: usize) -> Option<u8> {
        self.input.get(position).copied()
    }

    /// The first byte that is not white and its position. 0xff ends the input: so the
    /// C library reads it, as a signed character.
    fn skip_white(&self) -> Option<(u8, usize)> {
        let rest = &self.input[self.position..];
        let white = rest.iter().take_while(|byte| is_white(**byte)).count();
        let byte = *rest.get(white)?;
        (byte != 0xff).then_some((byte, self.position + white))
    }

    fn index_of(&self, byte: u8, from: usize) -> Option<usize> {
        memchr(byte, &self.input[from..]).map(|at| from + at)
    }

    fn step(&mut self) -> Step {
        let (here, end) = (self.position, self.input.len());
        match self.state {
            State::End => Step::Stop,
            State::Data => match self.index_of(b'<', here) {
                Some(at) if at == here => Step::Goto(State::TagOpen, at + 1),
                Some(at) => Step::Token(TokenKind::Other, here, at, State::TagOpen, at + 1),
                None => Step::Stop,
            },
            State::TagOpen => match self.at(here) {
                None => Step::Stop,
                Some(b'!') => Step::Goto(State::MarkupDeclaration, here + 1),
                Some(b'/') => {
                    self.closing = true;
                    Step::Goto(State::EndTagOpen, here + 1)
                }
                Some(b'?') => Step::Goto(State::BogusComment, here + 1),
                Some(b'%') => Step::Goto(State::PercentComment, here + 1),
                Some(byte) if byte.is_ascii_alphabetic() || byte == 0 => {
                    Step::Goto(State::TagName, here)
                }
                Some(_) => Step::Token(TokenKind::Other, here, here, State::Data, here),
            },
            State::EndTagOpen => match self.at(here) {
                None => Step::Stop,
                Some(b'>') => Step::Goto(State::Data, here),
                Some(byte) if byte.is_ascii_alphabetic() => Step::Goto(State::TagName, here),
                Some(_) => {
                    self.closing = false;
                    Step::Goto(State::BogusComment, here)
                }
            },
            State::TagName => self.tag_name(),
            State::TagNameClose => {
                self.closing = false;
                let next = if here + 1 < end { State::Data } else { State::End };
                Step::Token(TokenKind::Other, here, here + 1, next, here + 1)
            }
            State::SelfClosing => match self.at(here) {
                None => Step::Stop,
                Some(b'>') => Step::Token(TokenKind::Other, here, here + 1, State::Data, here + 1),
                Some(_) => Step::Goto(State::BeforeAttributeName, here),
            },
            State::BeforeAttributeName => match self.skip_white() {
                None => Step::Stop,
                Some((b'/', at)) => Step::Goto(State::SelfClosing, at + 1),
                Some((b'>', at)) => Step::Token(TokenKind::Other, at, at + 1, State::Data, at + 1),
                Some((_, at)) => Step::Goto(State::AttributeName, at),
            },
            State::AttributeName => self.attribute_name(),
            State::AfterAttributeName => match self.skip_white() {
                None => Step::Stop,
                Some((b'/', at)) => Step::Goto(State::SelfClosing, at + 1),
                Some((b'=', at)) => Step::Goto(State::BeforeAttributeValue, at + 1),
                Some((b'>', at)) => Step::Goto(State::TagNameClose, at),
                Some((_, at)) => Step::Goto(State::AttributeName, at),
            },
            State::BeforeAttributeValue => match self.skip_white() {
                None => Step::Stop,
                Some((quote @ (b'"' | b'\'' | b'`'), at)) => {
                    Step::Goto(State::QuotedValue(quote), at)
                }
                Some((_, at)) => Step::Goto(State::UnquotedValue, at),
            },
            State::QuotedValue(quote) => self.quoted_value(quote),
            State::UnquotedValue => self.unquoted_value(),
            State::AfterQuotedValue => match self.at(here) {
                None => Step::Stop,
                Some(b'/') => Step::Goto(State::SelfClosing, here + 1),
                Some(b'>') => Step::Token(TokenKind::Other, here, here + 1, State::Data, here + 1),
                Some(byte) => {
                    Step::Goto(State::BeforeAttributeName, here + usize::from(is_white(byte)))
                }
            },
            State::MarkupDeclaration => self.markup_declaration(),
            State::BogusComment => self.until(TokenKind::Comment, self.index_of(b'>', here), 1),
            State::PercentComment => self.until(TokenKind::Comment, self.mark(b"%>"), 2),
            State::Comment => self.comment(),
            State::Cdata => self.until(TokenKind::Other, self.mark(b"]]>"), 3),
            State::Doctype => self.until(TokenKind::Doctype, self.index_of(b'>', here), 1),
        }
    }

    fn mark(&self, mark: &[u8]) -> Option<usize> {
        memchr::memmem::find(&self.input[self.position..], mark).map(|at| self.position + at)
    }

    /// A token up to `found`, or to the end.
    fn until(&self, kind: TokenKind, found: Option<usize>, length: usize) -> Step {
        match found {
            Some(at) => Step::Token(kind, self.position, at, State::Data, at + length),
            None => {
                Step::Token(kind, self.position, self.input.len(), State::End, self.input.len())
            }
        }
    }

    fn tag_name(&mut self) -> Step {
        let (here, end) = (self.position, self.input.len());
        // A NUL belongs to the name: some browsers skip it there.
        let stops = |byte: u8| byte != 0 && (is_white(byte) || byte == b'/' || byte == b'>');
        let at = here + self.input[here..].iter().take_while(|byte| !stops(**byte)).count();
        match self.at(at) {
            None => Step::Token(TokenKind::TagOpen, here, end, State::End, end),
            Some(b'/') => Step::Token(TokenKind::TagOpen, here, at, State::SelfClosing, at + 1),
            Some(b'>') if self.closing => {
                self.closing = false;
                Step::Token(TokenKind::Other, here, at, State::Data, at + 1)
            }
            Some(b'>') => Step::Token(TokenKind::TagOpen, here, at, State::TagNameClose, at),
            Some(_) => {
                Step::Token(TokenKind::TagOpen, here, at, State::BeforeAttributeName, at + 1)
            }
        }
    }

    fn attribute_name(&self) -> Step {
        let (here, end) = (self.position, self.input.len());
        let stops = |byte: u8| is_white(byte) || matches!(byte, b'/' | b'=' | b'>');
        let rest = self.input.get(here + 1..).unwrap_or_default();
        let at = here + 1 + rest.iter().take_while(|byte| !stops(**byte)).count();
        let (state, next) = match self.at(at) {
            None => return Step::Token(TokenKind::AttributeName, here, end, State::End, end),
            Some(b'/') => (State::SelfClosing, at + 1),
            Some(b'=') => (State::BeforeAttributeValue, at + 1),
            Some(b'>') => (State::TagNameClose, at),
            Some(_) => (State::AfterAttributeName, at + 1),
        };
        Step::Token(TokenKind::AttributeName, here, at, state, next)
    }

    fn quoted_value(&self, quote: u8) -> Step {
        // At the very start the quote is supposed, not there.
        let start = if self.position > 0 { self.position + 1 } else { 0 };
        let end = self.input.len();
        match self.index_of(quote, start) {
            Some(at) => {
                Step::Token(TokenKind::AttributeValue, start, at, State::AfterQuotedValue, at + 1)
            }
            None => Step::Token(TokenKind::AttributeValue, start, end, State::End, end),
        }
    }

    fn unquoted_value(&self) -> Step {
        let (here, end) = (self.position, self.input.len());
        let stops = |byte: u8| is_white(byte) || byte == b'>';
        let at = here + self.input[here..].iter().take_while(|byte| !stops(**byte)).count();
        let (state, next) = match self.at(at) {
            None => (State::End, end),
            Some(b'>') => (State::TagNameClose, at),
            Some(_) => (State::BeforeAttributeName, at + 1),
        };
        Step::Token(TokenKind::AttributeValue, here, at, state, next)
    }

    fn markup_declaration(&self) -> Step {
        let rest = &self.input[self.position..];
        if rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype")) {
            Step::Goto(State::Doctype, self.position)
        } else if rest.starts_with(b"[CDATA[") {
            Step::Goto(State::Cdata, self.position + 7)
        } else if rest.starts_with(b"--") {
            Step::Goto(State::Comment, self.position + 2)
        } else {
            Step::Goto(State::BogusComment, self.position)
        }
    }

    /// Ends with `-->`, `-!>`, NULs allowed after the first dash, or the input.
    fn comment(&self) -> Step {
        let end = self.input.len();
        let mut from = self.position;
        while let Some(at) = self.index_of(b'-', from).filter(|at| at + 3 <= end) {
            let nulls = self.input[at + 1..].iter().take_while(|byte| **byte == 0).count();
            match self.input[at + 1 + nulls..] {
                [] | [b'-' | b'!'] => break,
                [b'-' | b'!', b'>', ..] => {
                    let next = at + nulls + 3;
                    return Step::Token(TokenKind::Comment, self.position, at, State::Data, next);
                }
                _ => from = at + 1,
            }
        }
        self.until(TokenKind::Comment, None, 0)
    }
}

impl<'a> Iterator for Html5<'a> {
    type Item = (TokenKind, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step() {
                Step::Stop => {
                    self.state = State::End;
                    return None;
                }
                Step::Goto(state, position) => (self.state, self.position) = (state, position),
                Step::Token(kind, start, end, state, position) => {
                    (self.state, self.position) = (state, position);
                    return Some((kind, self.input.get(start..end).unwrap_or_default()));
                }
            }
        }
    }
}
