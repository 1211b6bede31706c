//! SQL injection: the input is tokenised as it might stand inside a statement (bare,
//! after a single quote, after a double quote), the tokens are folded to at most five,
//! and the types of those five are looked up among fingerprints of known attacks.

mod fold;
mod token;
mod tokenizer;
mod words;

use std::fmt;
use token::{Token, kind};
use tokenizer::{Dialect, Quote, Tokenizer};

/// The types of the folded tokens, like `s&1c`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    kinds: [u8; fold::MAX_TOKENS],
    length: u8,
}

impl Fingerprint {
    fn new(tokens: &[Token]) -> Self {
        let mut kinds = [0; fold::MAX_TOKENS];
        if tokens.iter().any(|token| token.kind == kind::EVIL) {
            // Text that databases parse differently is suspicious as a whole.
            kinds[0] = kind::EVIL;
            return Self { kinds, length: 1 };
        }
        let mut length = 0;
        for (slot, token) in kinds.iter_mut().zip(tokens) {
            *slot = token.kind;
            length += 1;
        }
        Self { kinds, length }
    }

    /// The letters as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn bytes(&self) -> &[u8] {
        &self.kinds[..usize::from(self.length)]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The fingerprint of the injection, if `input` is one in any context.
#[must_use]
pub fn detect_sqli(input: &[u8]) -> Option<Fingerprint> {
    if is_one_word(input) {
        return None;
    }
    in_context(input, Quote::None)
        .or_else(|| memchr::memchr(b'\'', input).and_then(|_| in_context(input, Quote::Single)))
        .or_else(|| {
            memchr::memchr(b'"', input)?;
            parse(input, Quote::Double, Dialect::MySql).0
        })
}

/// One word or whole number is one token, and no fingerprint of one token but that of
/// evil text exists. Most values end here.
fn is_one_word(input: &[u8]) -> bool {
    let Some((first, rest)) = input.split_first() else { return true };
    if first.is_ascii_digit() {
        return rest.iter().all(u8::is_ascii_digit);
    }
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    of_word(first) && rest.iter().all(of_word)
}

/// Standard SQL first; MySQL too when comments mean something else there.
fn in_context(input: &[u8], quote: Quote) -> Option<Fingerprint> {
    let (found, ambiguous) = parse(input, quote, Dialect::Ansi);
    found.or_else(|| ambiguous.then(|| parse(input, quote, Dialect::MySql).0)?)
}

/// The fingerprint if it is one of an attack, and whether MySQL reads the input
/// differently.
fn parse(input: &[u8], quote: Quote, dialect: Dialect) -> (Option<Fingerprint>, bool) {
    let mut tokenizer = Tokenizer::new(input, quote, dialect);
    let mut folded = fold::fold(&mut tokenizer);
    let tokens = folded.tokens_mut();
    // PHP turns an unfinished empty backtick word into a comment.
    if let [_, _, .., last] = tokens
        && last.kind == kind::BAREWORD
        && last.open == b'`'
        && last.close == 0
        && last.text().is_empty()
    {
        last.kind = kind::COMMENT;
    }
    let fingerprint = Fingerprint::new(tokens);
    let attack = words::is_fingerprint(fingerprint.bytes())
        && !harmless(input, &fingerprint, tokens, tokenizer.count);
    (attack.then_some(fingerprint), tokenizer.ambiguous)
}

/// Ordinary text that shares a short fingerprint with attacks.
fn harmless(input: &[u8], fingerprint: &Fingerprint, tokens: &[Token], count: usize) -> bool {
    let kinds = fingerprint.bytes();
    // SQL Server does not log statements with this word.
    if kinds.len() > 1
        && kinds.last() == Some(&kind::COMMENT)
        && memchr::memmem::find(input, b"sp_password").is_some()
    {
        return false;
    }
    match tokens {
        [first, second] if kinds.len() == 2 => harmless_pair(input, first, second, count),
        [first, second, third] if kinds.len() == 3 => match kinds {
            b"sos" | b"s&s" => {
                // Only `foo' + 'bar`: cut out of a statement, both ends open.
                !(first.open == 0 && third.close == 0 && first.close == third.open)
            }
            b"s&n" | b"n&1" | b"1&1" | b"1&v" | b"1&s" => count == 3,
            _ if second.kind == kind::KEYWORD => {
                // `INTO OUTFILE` and `INTO DUMPFILE` write files.
                let into = second.text().get(..4).is_some_and(|t| t.eq_ignore_ascii_case(b"INTO"));
                second.text().len() < 5 || !into
            }
            _ => false,
        },
        _ => false,
    }
}

fn harmless_pair(input: &[u8], first: &Token, second: &Token, count: usize) -> bool {
    if second.kind == kind::UNION {
        return count == 2;
    }
    let comment = second.kind == kind::COMMENT;
    let mark = second.text().first().copied().unwrap_or_default();
    if mark == b'#' {
        return true;
    }
    if first.kind == kind::BAREWORD && comment && mark != b'/' {
        return true;
    }
    if first.kind == kind::NUMBER && comment {
        if mark == b'/' || count > 2 {
            return false;
        }
        // A number that ends here; `1234-ABC--` is none.
        let after = |offset: usize| input.get(first.text().len() + offset).copied().unwrap_or(0);
        return match after(0) {
            b'/' => after(1) != b'*',
            b'-' => after(1) != b'-',
            next => (0x21..0x80).contains(&next),
        };
    }
    // Many write `--` within text; an attack ends with it.
    second.text().len() > 2 && mark == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_have_their_fingerprints() {
        for (input, expected) in [
            ("1' OR '1'='1", "s&sos"),
            ("' or 1=1--", "s&1c"),
            ("1 UNION SELECT NULL,NULL", "1UEv"),
            ("1; DROP TABLE users", "1;Tnn"),
            ("-1' and 1=1 union/* foo */select load_file('/etc/passwd')--", "s&1UE"),
            ("\" or \"\"=\"", "s&sos"),
            ("/*!50000select*/ 1", "X"),
        ] {
            let found = detect_sqli(input.as_bytes()).map(|f| f.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn no_single_token_is_an_attack() {
        for kind in (0..=u8::MAX).filter(|kind| *kind != kind::EVIL) {
            assert!(!words::is_fingerprint(&[kind]) || kind == b'x', "{kind}");
        }
        for word in ["select", "UNION", "not", "_latin1", "x", "1", "0123", "b01", "n"] {
            assert!(is_one_word(word.as_bytes()));
            assert!(in_context(word.as_bytes(), Quote::None).is_none(), "{word}");
        }
    }

    #[test]
    fn ordinary_text_is_none() {
        for input in [
            "",
            "hello",
            "O'Brien",
            "1234",
            "it's a dog's life",
            "select a seat",
            "a -- b",
            "john@example.com",
            "Привет, мир",
            "3 + 4",
            "rock & roll",
            "\0",
        ] {
            assert_eq!(detect_sqli(input.as_bytes()), None, "{input}");
        }
    }

    #[test]
    fn long_input_takes_linear_time() {
        // Each of these makes a naive scanner quadratic.
        for piece in ["'", "\\'", "$a$", "/*", "`", "((", "1,", "a.b", "--\n", "{`"] {
            let input = piece.repeat(200_000);
            let _ = detect_sqli(input.as_bytes());
        }
    }
}
