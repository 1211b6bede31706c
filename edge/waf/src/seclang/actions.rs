//! The comma-separated action list of a rule.

use super::{
    lexer::Token,
    position::{Position, SourceError},
};

/// One action as written: a name in lower case and an optional value.
#[derive(Clone, Debug)]
pub struct ActionSpec {
    /// The action's name, lower case.
    pub name: String,
    /// What stands after the colon, unquoted.
    pub value: Option<String>,
    /// Where the action stands.
    pub at: Position,
}

pub(crate) fn parse(token: &Token) -> Result<Vec<ActionSpec>, SourceError> {
    let text = token.text.as_str();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut actions = Vec::new();
    loop {
        while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b',') {
            at += 1;
        }
        if at >= bytes.len() {
            return Ok(actions);
        }
        let begin = at;
        while at < bytes.len()
            && !matches!(bytes[at], b':' | b',' | b'=')
            && !bytes[at].is_ascii_whitespace()
        {
            at += 1;
        }
        let name = text[begin..at].to_ascii_lowercase();
        if name.is_empty() {
            return Err(token.error(begin, "an action name is expected here"));
        }
        while at < bytes.len() && bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        let mut value = None;
        if matches!(bytes.get(at), Some(b':' | b'=')) {
            let (parsed, end) = parse_value(token, at + 1)?;
            value = Some(parsed);
            at = end;
        }
        while at < bytes.len() && bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        if at < bytes.len() && bytes[at] != b',' {
            return Err(token.error(at, format!("a comma is expected after the action {name}")));
        }
        actions.push(ActionSpec { name, value, at: token.position(begin) });
    }
}

/// A value ends at a comma outside of single quotes; quotes around all of it, or around
/// the right side of an assignment, are not part of it.
fn parse_value(token: &Token, begin: usize) -> Result<(String, usize), SourceError> {
    let text = token.text.as_str();
    let bytes = text.as_bytes();
    let mut at = begin;
    while at < bytes.len() && bytes[at].is_ascii_whitespace() {
        at += 1;
    }
    let mut value = Vec::new();
    let mut quote = None;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'\'') => {
                value.push(b'\'');
                at += 1;
            }
            // `ARGS:'/a,b/'`: the target reader takes these quotes off.
            b'\''
                if quote.is_none() && bytes.get(at + 1) == Some(&b'/') && ends_in_colon(&value) =>
            {
                let end = text[at + 1..].find("/'").map(|end| at + 1 + end + 2);
                let Some(end) = end.filter(|&end| end > at + 3) else {
                    return Err(token.error(at, "the quoted expression does not end"));
                };
                value.extend_from_slice(&bytes[at..end]);
                at = end;
                continue;
            }
            // A quote opens a quoted part only where a part begins: `it's` is text.
            b'\'' if quote.is_none() && matches!(value.last(), None | Some(b'=')) => {
                quote = Some(at);
            }
            b'\'' if quote.is_some() => {
                quote = None;
            }
            b',' if quote.is_none() => break,
            byte => value.push(byte),
        }
        at += 1;
    }
    if let Some(open) = quote {
        return Err(token.error(open, "the quoted value does not end"));
    }
    let value = String::from_utf8(value)
        .map_err(|e| token.error(begin, "the value is not UTF-8").caused_by(e))?;
    Ok((value.trim_end().to_owned(), at))
}

/// Whether a selector is about to begin: `...;ARGS:`.
fn ends_in_colon(value: &[u8]) -> bool {
    value.strip_suffix(b":").is_some_and(|rest| {
        let name = rest.iter().rev().take_while(|b| b.is_ascii_uppercase() || **b == b'_').count();
        name > 1 && rest.len() > name && rest[rest.len() - name - 1] == b';'
    })
}
