//! Operators with their checked arguments.

use std::{
    fs,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{
    Context, Result,
    check_digits::{cpf, luhn, ssn, svnr},
    template::Template,
};
use crate::{
    pattern::{
        Pattern,
        byteset::ByteSet,
        require::{self, Clause},
    },
    seclang::{OperatorSpec, SourceError},
};

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Comparison {
    pub(crate) fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Greater => left > right,
            Self::GreaterEqual => left >= right,
            Self::Less => left < right,
            Self::LessEqual => left <= right,
        }
    }
}

/// How a value is compared with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    Equals,
    Contains,
    ContainsWord,
    BeginsWith,
    EndsWith,
    /// The value occurs in the text.
    Within,
}

/// An operator, ready to run.
#[derive(Debug)]
pub(crate) enum Operator {
    Always,
    Never,
    Rx(Arc<Pattern>),
    /// All matches of an expression, whose groups are captured one after the other.
    RxGlobal(Arc<Pattern>),
    /// An expression with macros, compiled when its text is known.
    RxTemplate(Template, PatternCache),
    Pm(Words),
    Number(Comparison, Template, Option<i64>),
    Text(TextTest, Template),
    IpMatch(Vec<Network>),
    ByteRange(ByteSet),
    UrlEncoding,
    Utf8Encoding,
    Sqli,
    Xss,
    /// A pattern whose match must pass a check-digit test.
    Verify(Arc<Pattern>, fn(&[u8]) -> bool),
}

/// Bytes of an expression with its macros expanded; a longer one never matches.
const LONGEST_EXPANDED: usize = 4096;

/// The last expression made of a text with macros.
#[derive(Debug)]
pub(crate) struct PatternCache {
    limit: u64,
    last: Mutex<Option<Arc<Pattern>>>,
}

impl PatternCache {
    /// The compiled expression; `None` when the expanded text is not a valid one.
    pub(crate) fn get(&self, source: &[u8]) -> Option<Arc<Pattern>> {
        // What a client has a part in must not take long to compile.
        if source.len() > LONGEST_EXPANDED {
            return None;
        }
        let source = std::str::from_utf8(source).ok()?;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(pattern) = last.as_ref().filter(|pattern| pattern.source() == source) {
            return Some(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern::new(source, false, self.limit).ok()?);
        *last = Some(Arc::clone(&pattern));
        Some(pattern)
    }
}

/// The phrases of `@pm`; the automaton is built at first use.
#[derive(Debug)]
pub(crate) struct Words {
    words: Vec<Vec<u8>>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Words {
    fn new(words: Vec<Vec<u8>>) -> Self {
        Self { words, automaton: OnceLock::new() }
    }

    /// The first phrase found, ignoring ASCII case, as the rule writes it.
    pub(crate) fn find(&self, text: &[u8]) -> Option<&[u8]> {
        let automaton = self
            .automaton
            .get_or_init(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .kind(Some(AhoCorasickKind::ContiguousNFA))
                    .build(&self.words)
                    .ok()
            })
            .as_ref()?;
        automaton.find(text).map(|found| self.words[found.pattern().as_usize()].as_slice())
    }
}

/// An address block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    address: u128,
    prefix: u32,
    v6: bool,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, width, v6) = bits(address);
        let prefix = match prefix {
            None => width,
            Some(text) => text.parse().ok().filter(|&prefix| prefix <= width)?,
        };
        Some(Self { address: bits, prefix: prefix + (128 - width), v6 })
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (bits, _, v6) = bits(address);
        v6 == self.v6 && (self.prefix == 0 || (bits ^ self.address) >> (128 - self.prefix) == 0)
    }
}

fn bits(address: IpAddr) -> (u128, u32, bool) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32, false),
        IpAddr::V6(v6) => (u128::from(v6), 128, true),
    }
}

impl Operator {
    /// `targets_xml` relaxes nothing; the spec alone decides.
    pub(crate) fn new(spec: &OperatorSpec, context: &mut Context) -> Result<Self> {
        let refused = |message: String| SourceError::new(spec.at.clone(), message);
        let argument = spec.argument.as_str();
        let template = |context: &mut Context| Template::new(argument, &spec.at, context);
        let number = |comparison, context: &mut Context| -> Result<Self> {
            let template = Template::new(argument, &spec.at, context)?;
            let constant = template.constant().map(integer);
            Ok(Self::Number(comparison, template, constant))
        };
        let text = |test, context: &mut Context| -> Result<Self> {
            Ok(Self::Text(test, template(context)?))
        };
        Ok(match spec.name.as_str() {
            "unconditionalmatch" => Self::Always,
            "nomatch" => Self::Never,
            // These ask a network service, a database or a file this engine does not have.
            "rbl" | "geolookup" | "gsblookup" => Self::Never,
            "rx" => rx(spec, context)?,
            "rxglobal" => match rx(spec, context)? {
                Self::Rx(pattern) => Self::RxGlobal(pattern),
                other => other,
            },
            "pm" => Self::Pm(Words::new(phrases(argument))),
            "pmfromfile" | "pmf" => Self::Pm(Words::new(phrase_files(spec)?)),
            "eq" => number(Comparison::Equal, context)?,
            "gt" => number(Comparison::Greater, context)?,
            "ge" => number(Comparison::GreaterEqual, context)?,
            "lt" => number(Comparison::Less, context)?,
            "le" => number(Comparison::LessEqual, context)?,
            "streq" => text(TextTest::Equals, context)?,
            "contains" | "strmatch" => text(TextTest::Contains, context)?,
            "containsword" => text(TextTest::ContainsWord, context)?,
            "beginswith" => text(TextTest::BeginsWith, context)?,
            "endswith" => text(TextTest::EndsWith, context)?,
            "within" => text(TextTest::Within, context)?,
            "ipmatch" => Self::IpMatch(networks(argument, spec)?),
            "ipmatchfromfile" | "ipmatchf" => {
                let mut all = Vec::new();
                for line in file_lines(spec)? {
                    all.extend(networks(&String::from_utf8_lossy(&line), spec)?);
                }
                Self::IpMatch(all)
            }
            "validatebyterange" => Self::ByteRange(byte_range(argument).ok_or_else(|| {
                refused(format!("{argument:?} is not a list of byte ranges such as 9,10,32-126"))
            })?),
            "validateurlencoding" => Self::UrlEncoding,
            "validateutf8encoding" => Self::Utf8Encoding,
            "detectsqli" => Self::Sqli,
            "detectxss" => Self::Xss,
            "verifycc" => verify(spec, context, luhn)?,
            "verifycpf" => verify(spec, context, cpf)?,
            "verifyssn" => verify(spec, context, ssn)?,
            "verifysvnr" => verify(spec, context, svnr)?,
            "inspectfile" | "fuzzyhash" | "rsub" | "validatedtd" | "validateschema"
            | "validatehash" => {
                return Err(refused(format!("the operator @{} is not supported", spec.name)));
            }
            other => return Err(refused(format!("unknown operator @{other}"))),
        })
    }

    /// What a value must contain for the operator to hold; empty when nothing is known.
    pub(crate) fn clauses(&self) -> Vec<Clause> {
        match self {
            Self::Rx(pattern) | Self::RxGlobal(pattern) | Self::Verify(pattern, _) => {
                pattern.clauses().to_vec()
            }
            Self::Pm(words) => {
                require::words_clause(words.words.iter().map(|w| w.to_ascii_lowercase()).collect())
                    .into_iter()
                    .collect()
            }
            Self::Text(
                TextTest::Contains
                | TextTest::ContainsWord
                | TextTest::BeginsWith
                | TextTest::EndsWith,
                text,
            ) => text
                .constant()
                .and_then(|text| require::words_clause(vec![text.to_ascii_lowercase()]))
                .into_iter()
                .collect(),
            Self::ByteRange(allowed) => vec![Clause::Bytes(allowed.negate())],
            Self::UrlEncoding => vec![Clause::Bytes(ByteSet::of([b'%']))],
            Self::Utf8Encoding => vec![Clause::Bytes(ByteSet::of(0x80..=0xff))],
            // One bare word is never an attack: the tokenizer folds it to a single token.
            Self::Sqli => vec![Clause::Bytes(
                ByteSet::of((0..=u8::MAX).filter(|b| b.is_ascii_alphanumeric() || *b == b'_'))
                    .negate(),
            )],
            // A tag, an attribute, a comment or an entity needs one of these.
            Self::Xss => vec![Clause::Bytes(ByteSet::of(*b"<>=`\"'"))],
            _ => Vec::new(),
        }
    }

    /// Whether the result depends on the value alone, not on the transaction.
    pub(crate) fn is_unsupported_lookup(spec: &OperatorSpec) -> bool {
        matches!(spec.name.as_str(), "rbl" | "geolookup" | "gsblookup")
    }
}

fn rx(spec: &OperatorSpec, context: &mut Context) -> Result<Operator> {
    if spec.argument.contains("%{")
        && let Ok(template) = Template::new(&spec.argument, &spec.at, context)
        && template.constant().is_none()
    {
        let cache = PatternCache { limit: context.match_limit, last: Mutex::new(None) };
        return Ok(Operator::RxTemplate(template, cache));
    }
    Ok(Operator::Rx(Arc::new(pattern(spec, &spec.argument, context)?)))
}

fn pattern(spec: &OperatorSpec, source: &str, context: &Context) -> Result<Pattern> {
    Pattern::new(source, false, context.match_limit).map_err(|e| {
        SourceError::new(spec.at.clone(), format!("the expression is not valid: {e}")).caused_by(e)
    })
}

fn verify(spec: &OperatorSpec, context: &Context, check: fn(&[u8]) -> bool) -> Result<Operator> {
    Ok(Operator::Verify(Arc::new(pattern(spec, &spec.argument, context)?), check))
}

/// Words between blanks; `|41 42|` inside a word stands for bytes.
fn phrases(argument: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = Vec::new();
    let bytes = argument.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            b'|' => {
                let hex = bytes[at + 1..].iter().position(|&b| b == b'|').and_then(|end| {
                    let decoded = std::str::from_utf8(&bytes[at + 1..at + 1 + end])
                        .ok()?
                        .split_ascii_whitespace()
                        .map(|pair| u8::from_str_radix(pair, 16).ok())
                        .collect::<Option<Vec<u8>>>()?;
                    (!decoded.is_empty()).then_some((decoded, end))
                });
                match hex {
                    Some((decoded, end)) => {
                        word.extend(decoded);
                        at += end + 1;
                    }
                    None => word.push(b'|'),
                }
            }
            byte => word.push(byte),
        }
        at += 1;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn phrase_files(spec: &OperatorSpec) -> Result<Vec<Vec<u8>>> {
    file_lines(spec)
}

/// Lines of the operator's data files without comments and empty lines.
fn file_lines(spec: &OperatorSpec) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    for name in spec.argument.split_ascii_whitespace() {
        let content = fs::read(name).map_err(|e| {
            SourceError::new(spec.at.clone(), format!("cannot read {name}: {e}")).caused_by(e)
        })?;
        for line in content.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let text = line.trim_ascii_start();
            if !text.is_empty() && text[0] != b'#' {
                lines.push(line.to_vec());
            }
        }
    }
    Ok(lines)
}

fn networks(argument: &str, spec: &OperatorSpec) -> Result<Vec<Network>> {
    argument
        .split([',', ' '])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            Network::parse(part).ok_or_else(|| {
                SourceError::new(
                    spec.at.clone(),
                    format!("{part:?} is not an address or a network"),
                )
            })
        })
        .collect()
}

fn byte_range(argument: &str) -> Option<ByteSet> {
    let mut set = ByteSet::EMPTY;
    for part in argument.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (u8, u8) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        set = set.union(ByteSet::of(low..=high));
    }
    Some(set)
}

/// The integer a text begins with, as C's `atoi`: 0 where there is none.
pub(crate) fn integer(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    for &digit in digits.iter().take_while(|b| b.is_ascii_digit()) {
        value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    }
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_know_hexadecimal_parts() {
        assert_eq!(phrases("ab  c|64 65|f |"), [b"ab".to_vec(), b"cdef".to_vec(), b"|".to_vec()]);
    }

    #[test]
    fn networks_contain_their_addresses_only() {
        let net = Network::parse("10.1.0.0/16").unwrap();
        assert!(net.contains("10.1.255.3".parse().unwrap()));
        assert!(!net.contains("10.2.0.1".parse().unwrap()));
        assert!(!net.contains("::a01:1".parse().unwrap()));
        assert!(Network::parse("::/0").unwrap().contains("fe80::1".parse().unwrap()));
        assert!(Network::parse("10.0.0.0/33").is_none());
    }

    #[test]
    fn numbers_are_read_as_c_does() {
        assert_eq!([integer(b" 12x"), integer(b"-3"), integer(b"x"), integer(b"")], [12, -3, 0, 0]);
    }
}
