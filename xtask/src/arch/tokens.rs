//! Rust source as the words that matter for the architecture rules: names, `::`, braces,
//! punctuation and strings, each with its line. Comments, characters and lifetimes yield no
//! token, and what a string says is never taken for a name, so a rule cannot be broken by a
//! sentence.
//!
//! This is not a Rust parser and need not be: paths and braces are all the rules look at.

/// One word of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, counted from 1.
    pub line: usize,
}

/// The kinds the rules tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword, a raw one without its `r#`.
    Word(String),
    /// `::`
    PathSeparator,
    /// Any other single character of punctuation.
    Mark(char),
    /// What stands between the quotes of a plain string, escapes as written.
    Text(String),
}

impl Token {
    /// Whether this is the word `expected`.
    pub fn is_word(&self, expected: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word == expected)
    }

    /// Whether this is the punctuation `expected`.
    pub fn is_mark(&self, expected: char) -> bool {
        self.kind == Kind::Mark(expected)
    }
}

/// Splits `source` into tokens. Never fails: text that is not Rust yields odd tokens, and
/// the compiler says what is wrong with it.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1, found: Vec::new() };
    while let Some(character) = reader.rest.chars().next() {
        reader.step(character);
    }
    reader.found
}

struct Reader<'s> {
    rest: &'s str,
    line: usize,
    found: Vec<Token>,
}

impl Reader<'_> {
    fn step(&mut self, character: char) {
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.skip(block_comment(self.rest));
        } else if let Some(length) = string_literal(self.rest) {
            if character == '"' {
                let text = self.rest[1..length].strip_suffix('"').unwrap_or_default();
                self.push(Kind::Text(text.to_owned()));
            }
            self.skip(length);
        } else if character == '\'' {
            self.skip(quote(self.rest));
        } else if is_word_start(character) {
            self.word();
        } else if character.is_ascii_digit() {
            let number = |c: char| c.is_alphanumeric() || c == '_';
            self.skip(self.rest.find(|c| !number(c)).unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("::") {
            self.push(Kind::PathSeparator);
            self.skip(2);
        } else {
            if !character.is_whitespace() {
                self.push(Kind::Mark(character));
            }
            self.skip(character.len_utf8());
        }
    }

    fn word(&mut self) {
        let rest = self.rest.strip_prefix("r#").unwrap_or(self.rest);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.push(Kind::Word(rest[..end].to_owned()));
        self.skip(self.rest.len() - rest.len() + end);
    }

    fn push(&mut self, kind: Kind) {
        self.found.push(Token { kind, line: self.line });
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

fn is_word_start(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

/// Length of the block comment that `text` opens with; they nest.
fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Length of the string that `text` opens with, in any of its spellings: `""`, `b""`,
/// `c""`, `r""`, `r#""#`, `br#""#`, `cr#""#`.
fn string_literal(text: &str) -> Option<usize> {
    let after_letter = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let (raw, rest) = match after_letter.strip_prefix('r') {
        Some(rest) => (true, rest),
        None => (false, after_letter),
    };
    let hashes = if raw { rest.len() - rest.trim_start_matches('#').len() } else { 0 };
    let body = rest[hashes..].strip_prefix('"')?;
    let opening = text.len() - body.len();
    let length = if raw {
        let closing = format!("\"{}", "#".repeat(hashes));
        body.find(&closing).map_or(body.len(), |end| end + closing.len())
    } else {
        escaped(body, '"')
    };
    Some(opening + length)
}

/// Length of what a `'` opens: a character with both quotes, or the lifetime's name.
fn quote(text: &str) -> usize {
    let body = &text[1..];
    let mut characters = body.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => 1 + escaped(body, '\''),
        (Some(character), Some('\'')) => 1 + character.len_utf8() + 1,
        _ => 1 + body.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(body.len()),
    }
}

/// Length up to and with the first `end` that no backslash precedes.
fn escaped(body: &str, end: char) -> usize {
    let mut skip_next = false;
    for (at, character) in body.char_indices() {
        if skip_next {
            skip_next = false;
        } else if character == '\\' {
            skip_next = true;
        } else if character == end {
            return at + character.len_utf8();
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let word = |token: Token| match token.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        };
        tokens(source).into_iter().filter_map(word).collect()
    }

    #[test]
    fn comments_and_strings_yield_nothing() {
        let source = r###"
            // crate::hidden
            /* crate::hidden /* nested */ crate::hidden */
            let a = "crate::hidden \" still";
            let b = r#"crate::"hidden"#;
            let c = br##"x"# y"##;
            let d = b"hidden";
            shown
        "###;
        assert_eq!(words(source), ["let", "a", "let", "b", "let", "c", "let", "d", "shown"]);
    }

    #[test]
    fn lifetimes_and_characters_are_told_apart() {
        assert_eq!(
            words("fn f<'a>(x: &'a str) -> char { '\\'' }"),
            ["fn", "f", "x", "str", "char"]
        );
        assert_eq!(words("['\"', 'é', '{'] end"), ["end"]);
    }

    #[test]
    fn raw_identifiers_lose_their_prefix_and_words_keep_their_first_letter() {
        assert_eq!(words("r#type b r c rb bytes"), ["type", "b", "r", "c", "rb", "bytes"]);
    }

    #[test]
    fn every_token_knows_its_line() {
        let found = tokens("a\n/* \n */ b \"\n\n\" c");
        let lines: Vec<_> = found.iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 3, 5]);
        assert_eq!(found[2].kind, Kind::Text("\n\n".to_owned()));
    }

    #[test]
    fn unfinished_text_ends_instead_of_looping() {
        for source in ["\"abc", "/* abc", "r#\"abc", "'\\", "'", "b", "r#"] {
            tokens(source);
        }
    }
}
