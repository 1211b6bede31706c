//! What follows a backslash, and names of groups.

use regex_syntax::hir::{Class, HirKind};

use super::{Assertion, ByteSet, Item, Node, Parser, PatternError};

impl Parser<'_> {
    pub(super) fn escape(&mut self) -> Result<Option<Node>, PatternError> {
        let Some(byte) = self.peek() else {
            return Err(self.error("the expression ends with a backslash"));
        };
        let assertion = match byte {
            b'b' => Some(Assertion::WordBoundary),
            b'B' => Some(Assertion::NotWordBoundary),
            b'A' => Some(Assertion::Start),
            b'z' => Some(Assertion::End),
            b'Z' => Some(Assertion::FinalLineEnd),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.at += 1;
            return Ok(Some(Node::Assert(assertion)));
        }
        match byte {
            b'Q' => {
                self.at += 1;
                let rest = &self.pattern[self.at..];
                let end = rest.windows(2).position(|w| w == b"\\E").unwrap_or(rest.len());
                let nodes = rest[..end].iter().map(|&b| self.byte(b)).collect();
                self.at = (self.at + end + 2).min(self.pattern.len());
                return Ok(Some(Node::Concat(nodes)));
            }
            b'E' => {
                self.at += 1;
                return Ok(None);
            }
            b'R' => {
                self.at += 1;
                let crlf = Node::Concat(vec![
                    Node::Class(ByteSet::of([b'\r'])),
                    Node::Class(ByteSet::of([b'\n'])),
                ]);
                let one = Node::Class(ByteSet::of([b'\n', 0x0b, 0x0c, b'\r', 0x85]));
                return Ok(Some(Node::Atomic(Box::new(Node::Alternate(vec![crlf, one])))));
            }
            b'K' | b'G' | b'X' => {
                return Err(self.error(format!("\\{} is not supported", char::from(byte))));
            }
            b'k' | b'g' => return self.named_backreference().map(Some),
            b'1'..=b'9' => {
                let start = self.at;
                let mut end = start;
                while self.pattern.get(end).is_some_and(u8::is_ascii_digit) {
                    end += 1;
                }
                let number: u32 = std::str::from_utf8(&self.pattern[start..end])
                    .ok()
                    .and_then(|t| t.parse().ok())
                    .unwrap_or(u32::MAX);
                // As PCRE: a number below ten, or of a group seen so far, refers back.
                if number < 10 || number <= self.groups {
                    self.at = end;
                    return Ok(Some(Node::Backreference {
                        group: number,
                        caseless: self.flags.caseless,
                    }));
                }
            }
            _ => {}
        }
        Ok(Some(match self.escaped_item(false)? {
            Item::Byte(byte) => self.byte(byte),
            Item::Set(set) => Node::Class(set),
        }))
    }

    /// The name of a group up to `end`, which is read as well.
    pub(super) fn group_name(&mut self, end: u8) -> Result<Vec<u8>, PatternError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            self.at += 1;
        }
        let name = self.pattern[start..self.at].to_vec();
        if name.is_empty() || self.peek() != Some(end) {
            return Err(self.error("the name of a group is not well formed"));
        }
        self.at += 1;
        Ok(name)
    }

    /// `\k{name}`, `\g{name}`, `\g{1}`, `\g{-1}`, `\g1`.
    fn named_backreference(&mut self) -> Result<Node, PatternError> {
        self.at += 1;
        let name = match self.peek() {
            Some(b'{') => {
                self.at += 1;
                self.group_name(b'}')?
            }
            Some(b'<') => {
                self.at += 1;
                self.group_name(b'>')?
            }
            Some(b'\'') => {
                self.at += 1;
                self.group_name(b'\'')?
            }
            Some(b'0'..=b'9') => {
                let start = self.at;
                while self.peek().is_some_and(|b| b.is_ascii_digit()) {
                    self.at += 1;
                }
                self.pattern[start..self.at].to_vec()
            }
            _ => return Err(self.error("a group name is expected")),
        };
        self.reference(&name)
    }

    pub(super) fn reference(&self, name: &[u8]) -> Result<Node, PatternError> {
        let numbered = || {
            let number: i64 = std::str::from_utf8(name).ok()?.parse().ok()?;
            let before = i64::from(self.groups) + 1;
            u32::try_from(if number < 0 { before + number } else { number }).ok()
        };
        let group = self
            .names
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, group)| *group)
            .or_else(numbered)
            .filter(|&group| group > 0)
            .ok_or_else(|| self.error("unknown group"))?;
        Ok(Node::Backreference { group, caseless: self.flags.caseless })
    }

    /// What follows a backslash, where it denotes a byte or a set of bytes.
    pub(super) fn escaped_item(&mut self, in_class: bool) -> Result<Item, PatternError> {
        let Some(byte) = self.peek() else {
            return Err(self.error("the expression ends with a backslash"));
        };
        self.at += 1;
        let digits = || ByteSet::of(b'0'..=b'9');
        let words =
            || ByteSet::of((0..=u8::MAX).filter(|b| b.is_ascii_alphanumeric() || *b == b'_'));
        let spaces = || ByteSet::of(*b" \t\n\x0b\x0c\r");
        let blanks = || ByteSet::of([b' ', b'\t', 0xa0]);
        let lines = || ByteSet::of([b'\n', 0x0b, 0x0c, b'\r', 0x85]);
        Ok(match byte {
            b'd' => Item::Set(digits()),
            b'D' => Item::Set(digits().negate()),
            b'w' => Item::Set(words()),
            b'W' => Item::Set(words().negate()),
            b's' => Item::Set(spaces()),
            b'S' => Item::Set(spaces().negate()),
            b'h' => Item::Set(blanks()),
            b'H' => Item::Set(blanks().negate()),
            b'v' => Item::Set(lines()),
            b'V' => Item::Set(lines().negate()),
            b'N' => Item::Set(ByteSet::of([b'\n']).negate()),
            b'C' if !in_class => Item::Set(ByteSet::of(0..=u8::MAX)),
            b'p' | b'P' => Item::Set(self.property(byte == b'P')?),
            b'n' => Item::Byte(b'\n'),
            b'r' => Item::Byte(b'\r'),
            b't' => Item::Byte(b'\t'),
            b'f' => Item::Byte(0x0c),
            b'a' => Item::Byte(0x07),
            b'e' => Item::Byte(0x1b),
            b'b' if in_class => Item::Byte(0x08),
            b'c' => {
                let Some(control) = self.peek() else {
                    return Err(self.error("\\c is incomplete"));
                };
                self.at += 1;
                Item::Byte(control.to_ascii_uppercase() ^ 0x40)
            }
            b'x' => Item::Byte(self.hexadecimal()?),
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                let mut count = 1;
                while count < 3
                    && let Some(digit @ b'0'..=b'7') = self.peek()
                {
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                    count += 1;
                }
                Item::Byte(u8::try_from(value & 0xff).unwrap_or(0))
            }
            other if other.is_ascii_alphanumeric() => {
                self.at -= 1;
                return Err(self.error(format!("unknown escape \\{}", char::from(other))));
            }
            other => Item::Byte(other),
        })
    }

    /// `\pL`, `\p{Lu}`, `\p{^L}`: bytes are the code points up to U+00FF, as for PCRE without
    /// UTF-8.
    fn property(&mut self, outside: bool) -> Result<ByteSet, PatternError> {
        let rest = &self.pattern[self.at..];
        let (name, length) = match rest {
            [b'{', after @ ..] => {
                let end = after.iter().position(|&byte| byte == b'}');
                let end = end.ok_or_else(|| self.error("\\p{ does not end"))?;
                (&after[..end], end + 2)
            }
            [_, ..] => (&rest[..1], 1),
            [] => return Err(self.error("\\p is incomplete")),
        };
        let (negated, name) = match name.strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let class = match name {
            b"L&" => "\\p{LC}".to_owned(),
            b"Xan" => "[\\p{L}\\p{N}]".to_owned(),
            b"Xwd" => "[\\p{L}\\p{N}_]".to_owned(),
            b"Xsp" | b"Xps" => "[\\p{Z}\t-\r\\x{85}]".to_owned(),
            name => format!("\\p{{{}}}", String::from_utf8_lossy(name)),
        };
        let unknown = || self.error(format!("unknown property {}", name.escape_ascii()));
        let parsed = regex_syntax::parse(&class).map_err(|_| unknown())?;
        let mut set = ByteSet::EMPTY;
        match parsed.kind() {
            HirKind::Class(Class::Unicode(points)) => {
                for range in points.ranges() {
                    let (low, high) = (u32::from(range.start()), u32::from(range.end()));
                    set = set.union(ByteSet::of(
                        (0..=u8::MAX).filter(|&byte| (low..=high).contains(&u32::from(byte))),
                    ));
                }
            }
            HirKind::Literal(_) | HirKind::Class(Class::Bytes(_)) => {}
            _ => return Err(unknown()),
        }
        self.at += length;
        Ok(if negated == outside { set } else { set.negate() })
    }

    fn hexadecimal(&mut self) -> Result<u8, PatternError> {
        let (digits, end) = if self.eat(b"{") {
            let start = self.at;
            while self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                self.at += 1;
            }
            let digits = &self.pattern[start..self.at];
            if !self.eat(b"}") {
                return Err(self.error("\\x{ does not end"));
            }
            (digits, self.at)
        } else {
            let start = self.at;
            while self.at < start + 2 && self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                self.at += 1;
            }
            (&self.pattern[start..self.at], self.at)
        };
        let text = std::str::from_utf8(digits).unwrap_or_default();
        let value = if text.is_empty() { Ok(0) } else { u32::from_str_radix(text, 16) };
        value.ok().and_then(|v| u8::try_from(v).ok()).ok_or_else(|| PatternError {
            message: "expressions match bytes; a value above ff is refused".into(),
            offset: end,
        })
    }
}
