//! Parser of PCRE syntax over bytes.
//!
//! Case folding, dot and anchors are resolved here: the tree below needs no flags. The
//! defaults are those of libmodsecurity v3: dot matches line ends, `^` and `$` also match
//! at inner line ends.

mod escape;

use super::byteset::ByteSet;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Empty,
    Class(ByteSet),
    Assert(Assertion),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat { node: Box<Node>, min: u32, max: Option<u32>, greedy: bool, possessive: bool },
    Capture(u32, Box<Node>),
    Look { ahead: bool, negated: bool, node: Box<Node> },
    Atomic(Box<Node>),
    Backreference { group: u32, caseless: bool },
}

/// A zero-width assertion that looks at neighbouring bytes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assertion {
    Start,
    End,
    /// `\Z`, and `$` without the multi-line flag: the end, or before a final line end.
    FinalLineEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
}

/// Why an expression was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message} at byte {offset} of the expression")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the expression.
    pub offset: usize,
}

#[derive(Clone, Copy)]
struct Flags {
    caseless: bool,
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    ungreedy: bool,
}

pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// Number of capture groups, without the whole match.
    pub(crate) groups: u32,
}

pub(crate) fn parse(pattern: &[u8], caseless: bool) -> Result<Parsed, PatternError> {
    let mut parser = Parser {
        pattern,
        at: 0,
        groups: 0,
        names: Vec::new(),
        depth: 0,
        flags: Flags {
            caseless,
            multi_line: true,
            dot_all: true,
            extended: false,
            ungreedy: false,
        },
    };
    let node = parser.alternation()?;
    if parser.at < pattern.len() {
        return Err(parser.error("unmatched )"));
    }
    Ok(Parsed { node, groups: parser.groups })
}

const MAX_DEPTH: usize = 200;
const MAX_REPEAT: u32 = 65_535;

struct Parser<'a> {
    pattern: &'a [u8],
    at: usize,
    groups: u32,
    names: Vec<(Vec<u8>, u32)>,
    depth: usize,
    flags: Flags,
}

enum Item {
    Byte(u8),
    Set(ByteSet),
}

impl Parser<'_> {
    fn error(&self, message: impl Into<String>) -> PatternError {
        PatternError { message: message.into(), offset: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        let hit = self.pattern[self.at..].starts_with(text);
        if hit {
            self.at += text.len();
        }
        hit
    }

    fn alternation(&mut self) -> Result<Node, PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("groups are nested too deeply"));
        }
        let outer = self.flags;
        let mut branches = vec![self.concat()?];
        while self.eat(b"|") {
            branches.push(self.concat()?);
        }
        self.flags = outer;
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.swap_remove(0) } else { Node::Alternate(branches) })
    }

    fn concat(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        while let Some(byte) = self.peek() {
            if matches!(byte, b'|' | b')') {
                break;
            }
            if self.flags.extended {
                if byte.is_ascii_whitespace() {
                    self.at += 1;
                    continue;
                }
                if byte == b'#' {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.at += 1;
                    }
                    continue;
                }
            }
            let Some(atom) = self.atom(byte)? else {
                continue;
            };
            nodes.push(self.quantified(atom)?);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.swap_remove(0),
            _ => Node::Concat(nodes),
        })
    }

    fn byte(&self, byte: u8) -> Node {
        self.set(ByteSet::of([byte]))
    }

    fn set(&self, set: ByteSet) -> Node {
        Node::Class(if self.flags.caseless { set.fold_case() } else { set })
    }

    /// One atom; `None` for what stands for nothing (flags, comments).
    fn atom(&mut self, byte: u8) -> Result<Option<Node>, PatternError> {
        self.at += 1;
        Ok(Some(match byte {
            b'.' => Node::Class(if self.flags.dot_all {
                ByteSet::FULL
            } else {
                ByteSet::of([b'\n']).negate()
            }),
            b'^' => Node::Assert(if self.flags.multi_line {
                Assertion::LineStart
            } else {
                Assertion::Start
            }),
            b'$' => Node::Assert(if self.flags.multi_line {
                Assertion::LineEnd
            } else {
                Assertion::FinalLineEnd
            }),
            b'[' => self.class()?,
            b'(' => return self.group(),
            b'\\' => return self.escape(),
            b'*' | b'+' | b'?' => {
                self.at -= 1;
                return Err(self.error("a quantifier follows nothing"));
            }
            other => self.byte(other),
        }))
    }

    fn group(&mut self) -> Result<Option<Node>, PatternError> {
        if !self.eat(b"?") {
            if self.eat(b"*") {
                return Err(self.error("verbs are not supported"));
            }
            self.groups += 1;
            let group = self.groups;
            return Ok(Some(Node::Capture(group, Box::new(self.closed()?))));
        }
        if self.eat(b"#") {
            while self.peek().is_some_and(|b| b != b')') {
                self.at += 1;
            }
            self.close()?;
            return Ok(None);
        }
        let looks: [(&[u8], bool, bool); 4] =
            [(b"=", true, false), (b"!", true, true), (b"<=", false, false), (b"<!", false, true)];
        for (text, ahead, negated) in looks {
            if self.eat(text) {
                let node = Box::new(self.closed()?);
                return Ok(Some(Node::Look { ahead, negated, node }));
            }
        }
        if self.eat(b">") {
            return Ok(Some(Node::Atomic(Box::new(self.closed()?))));
        }
        if self.eat(b"P=") {
            let name = self.group_name(b')')?;
            return self.reference(&name).map(Some);
        }
        let ends: [(&[u8], u8); 3] = [(b"P<", b'>'), (b"<", b'>'), (b"'", b'\'')];
        for (text, end) in ends {
            if self.eat(text) {
                let name = self.group_name(end)?;
                self.groups += 1;
                let group = self.groups;
                self.names.push((name, group));
                return Ok(Some(Node::Capture(group, Box::new(self.closed()?))));
            }
        }
        self.flag_group()
    }

    fn flag_group(&mut self) -> Result<Option<Node>, PatternError> {
        let outer = self.flags;
        let mut flags = self.flags;
        let mut on = true;
        loop {
            match self.peek() {
                Some(b'-') => on = false,
                Some(b'i') => flags.caseless = on,
                Some(b'm') => flags.multi_line = on,
                Some(b's') => flags.dot_all = on,
                Some(b'x') => flags.extended = on,
                Some(b'U') => flags.ungreedy = on,
                Some(b'J' | b'n') => {}
                Some(b':') => {
                    self.at += 1;
                    self.flags = flags;
                    let node = self.closed()?;
                    self.flags = outer;
                    return Ok(Some(node));
                }
                // Holds until the end of the enclosing group, which restores the flags.
                Some(b')') => {
                    self.at += 1;
                    self.flags = flags;
                    return Ok(None);
                }
                _ => return Err(self.error("this kind of group is not supported")),
            }
            self.at += 1;
        }
    }

    fn closed(&mut self) -> Result<Node, PatternError> {
        let node = self.alternation()?;
        self.close()?;
        Ok(node)
    }

    fn close(&mut self) -> Result<(), PatternError> {
        if self.eat(b")") { Ok(()) } else { Err(self.error("missing )")) }
    }

    fn quantified(&mut self, atom: Node) -> Result<Node, PatternError> {
        let mut node = atom;
        loop {
            let (min, max) = match self.peek() {
                Some(b'*') => (0, None),
                Some(b'+') => (1, None),
                Some(b'?') => (0, Some(1)),
                Some(b'{') => match self.braces()? {
                    Some(counts) => counts,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += 1;
            let possessive = self.eat(b"+");
            let lazy = !possessive && self.eat(b"?");
            node = Node::Repeat {
                node: Box::new(node),
                min,
                max,
                greedy: lazy == self.flags.ungreedy,
                possessive,
            };
        }
    }

    /// `{n}`, `{n,}` or `{n,m}` with the cursor left on the closing brace; anything else
    /// is literal text.
    fn braces(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let rest = &self.pattern[self.at + 1..];
        let Some(end) = rest.iter().position(|&b| b == b'}') else {
            return Ok(None);
        };
        let body = &rest[..end];
        let digits = |text: &[u8]| -> Option<u32> {
            if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
                return None;
            }
            std::str::from_utf8(text).ok()?.parse().ok()
        };
        let counts = match body.iter().position(|&b| b == b',') {
            None => digits(body).map(|n| (n, Some(n))),
            Some(comma) => {
                let (low, high) = (&body[..comma], &body[comma + 1..]);
                match (digits(low), digits(high), high.is_empty()) {
                    (Some(min), _, true) => Some((min, None)),
                    (Some(min), Some(max), false) => Some((min, Some(max))),
                    _ => None,
                }
            }
        };
        if let Some((min, max)) = counts {
            if min > MAX_REPEAT || max.is_some_and(|m| m > MAX_REPEAT || m < min) {
                return Err(self.error("the repetition count is out of range"));
            }
            self.at += end + 1;
        }
        Ok(counts)
    }

    fn class(&mut self) -> Result<Node, PatternError> {
        let open = self.at - 1;
        let negated = self.eat(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        loop {
            let Some(byte) = self.peek() else {
                self.at = open;
                return Err(self.error("the class does not end"));
            };
            if byte == b']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            let item = self.class_item(byte)?;
            // A range needs single bytes on both sides; otherwise the hyphen is literal.
            if let Item::Byte(low) = item
                && self.peek() == Some(b'-')
                && self.pattern.get(self.at + 1).is_some_and(|&b| b != b']')
            {
                let hyphen = self.at;
                self.at += 1;
                let next = self.pattern[self.at];
                if let Item::Byte(high) = self.class_item(next)? {
                    if high < low {
                        self.at = hyphen;
                        return Err(self.error("the range is out of order"));
                    }
                    set = set.union(ByteSet::of(low..=high));
                    continue;
                }
                self.at = hyphen;
            }
            set = match item {
                Item::Byte(byte) => set.union(ByteSet::of([byte])),
                Item::Set(more) => set.union(more),
            };
        }
        if self.flags.caseless {
            set = set.fold_case();
        }
        Ok(Node::Class(if negated { set.negate() } else { set }))
    }

    fn class_item(&mut self, byte: u8) -> Result<Item, PatternError> {
        if byte == b'[' && self.pattern.get(self.at + 1) == Some(&b':') {
            let rest = &self.pattern[self.at + 2..];
            if let Some(end) = rest.windows(2).position(|w| w == b":]")
                && rest[..end].iter().all(|b| b.is_ascii_alphabetic() || *b == b'^')
            {
                let (negated, name) = match rest[..end].split_first() {
                    Some((b'^', name)) => (true, name),
                    _ => (false, &rest[..end]),
                };
                let set = posix(name).ok_or_else(|| self.error("unknown POSIX class"))?;
                self.at += end + 4;
                return Ok(Item::Set(if negated { set.negate() } else { set }));
            }
        }
        self.at += 1;
        if byte == b'\\' {
            return self.escaped_item(true);
        }
        Ok(Item::Byte(byte))
    }
}

fn posix(name: &[u8]) -> Option<ByteSet> {
    let test: fn(&u8) -> bool = match name {
        b"alpha" => u8::is_ascii_alphabetic,
        b"digit" => u8::is_ascii_digit,
        b"alnum" => u8::is_ascii_alphanumeric,
        b"upper" => u8::is_ascii_uppercase,
        b"lower" => u8::is_ascii_lowercase,
        b"punct" => u8::is_ascii_punctuation,
        b"xdigit" => u8::is_ascii_hexdigit,
        b"cntrl" => u8::is_ascii_control,
        b"graph" => u8::is_ascii_graphic,
        b"ascii" => u8::is_ascii,
        b"print" => |b| b.is_ascii_graphic() || *b == b' ',
        b"space" => |b| matches!(b, b' ' | b'\t'..=b'\r'),
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"word" => |b| b.is_ascii_alphanumeric() || *b == b'_',
        _ => return None,
    };
    Some(ByteSet::of((0..=u8::MAX).filter(test)))
}
