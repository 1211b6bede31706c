//! The first argument of `SecRule`: variables, selectors, counts and exclusions.

use super::{
    lexer::Token,
    position::{Position, SourceError},
};

/// How a variable of a target list is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetMode {
    /// `VAR`: its values are inspected.
    Inspect,
    /// `!VAR`: taken out of what the others select.
    Exclude,
    /// `&VAR`: the number of its values is inspected.
    Count,
}

/// Which members of a collection are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorSpec {
    /// All.
    All,
    /// The members of that name, compared without case.
    Key(String),
    /// The members whose name matches the expression.
    Pattern(String),
}

/// One element of a target list.
#[derive(Clone, Debug)]
pub struct TargetSpec {
    /// The variable's name in capitals.
    pub variable: String,
    /// Which members.
    pub selector: SelectorSpec,
    /// How they are used.
    pub mode: TargetMode,
    /// Where it stands.
    pub at: Position,
}

pub(crate) fn parse(token: &Token) -> Result<Vec<TargetSpec>, SourceError> {
    let text = token.text.as_str();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut targets = Vec::new();
    while at < bytes.len() {
        // Lists are written with `|`, and with `,` by some older rules.
        if matches!(bytes[at], b'|' | b',' | b' ' | b'\t') {
            at += 1;
            continue;
        }
        let begin = at;
        let mode = match bytes[at] {
            b'!' => TargetMode::Exclude,
            b'&' => TargetMode::Count,
            _ => TargetMode::Inspect,
        };
        if mode != TargetMode::Inspect {
            at += 1;
        }
        let name = at;
        while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
            at += 1;
        }
        if name == at {
            return Err(token.error(begin, "a variable name is expected here"));
        }
        let variable = text[name..at].to_ascii_uppercase();
        let mut selector = SelectorSpec::All;
        if matches!(bytes.get(at), Some(b':' | b'.')) {
            at += 1;
            let (parsed, end) = parse_selector(token, at, variable == "XML")?;
            selector = parsed;
            at = end;
        }
        if at < bytes.len() && !matches!(bytes[at], b'|' | b',' | b' ' | b'\t') {
            return Err(token.error(at, format!("unexpected text after {variable}")));
        }
        targets.push(TargetSpec { variable, selector, mode, at: token.position(begin) });
    }
    if targets.is_empty() {
        return Err(token.error(0, "the rule inspects nothing"));
    }
    Ok(targets)
}

fn parse_selector(
    token: &Token,
    begin: usize,
    xpath: bool,
) -> Result<(SelectorSpec, usize), SourceError> {
    let text = token.text.as_str();
    let bytes = text.as_bytes();
    let quoted = bytes.get(begin) == Some(&b'\'');
    let start = begin + usize::from(quoted);
    if !xpath && bytes.get(start) == Some(&b'/') {
        let mut at = start + 1;
        let mut pattern = String::new();
        let mut from = at;
        while at < bytes.len() && bytes[at] != b'/' {
            if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&b'/') {
                pattern.push_str(&text[from..at]);
                from = at + 1;
                at += 1;
            }
            at += 1;
        }
        if at >= bytes.len() {
            return Err(token.error(begin, "the selector's expression does not end with /"));
        }
        pattern.push_str(&text[from..at]);
        at += 1;
        if quoted {
            if bytes.get(at) != Some(&b'\'') {
                return Err(token.error(at, "the quoted selector does not end"));
            }
            at += 1;
        }
        return Ok((SelectorSpec::Pattern(pattern), at));
    }
    let stop: &[u8] = if quoted { b"'" } else { b"|, \t" };
    let mut at = start;
    while at < bytes.len() && !stop.contains(&bytes[at]) {
        at += 1;
    }
    let key = text[start..at].to_owned();
    if quoted {
        if at >= bytes.len() {
            return Err(token.error(begin, "the quoted selector does not end"));
        }
        at += 1;
    }
    if key.is_empty() {
        return Err(token.error(begin, "the selector is empty"));
    }
    Ok((SelectorSpec::Key(key), at))
}
