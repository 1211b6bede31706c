//! The kinds of problems that answers carry (`urn:marquis:problem:<kind>`), against the page
//! that lists them for clients. A kind is a promise: it is written down or not given.

use super::tokens::{Kind, Token, tokens};
use super::violation::{Violation, Weight};
use std::collections::BTreeMap;

/// Where each kind is given, and the string constants it may be named by.
#[derive(Debug, Default)]
pub struct Kinds {
    given: Vec<(Named, Place)>,
    constants: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Place {
    file: String,
    line: usize,
}

#[derive(Debug)]
enum Named {
    Literally(String),
    ByConstant(String),
}

impl Kinds {
    /// Takes note of what `text`, the source at `file`, gives. Its tests do not count.
    pub fn read(&mut self, file: &str, text: &str) {
        let all = tokens(text);
        let before_tests = all
            .windows(3)
            .position(|words| {
                words[0].is_word("cfg") && words[1].is_mark('(') && words[2].is_word("test")
            })
            .unwrap_or(all.len());
        for (at, token) in all[..before_tests].iter().enumerate() {
            let rest = &all[at + 1..];
            if token.is_word("with_kind") && rest.first().is_some_and(|next| next.is_mark('(')) {
                if let Some(named) = named(&rest[1..]) {
                    let place = Place { file: file.to_owned(), line: token.line };
                    self.given.push((named, place));
                }
            } else if token.is_word("const")
                && let Some((name, value)) = constant(rest)
            {
                self.constants.insert(name, value);
            }
        }
    }

    /// What the page `document` at `file` does not list, and what it lists in vain. Kinds
    /// stand in the first column of its tables: `` | `kind` | ``.
    pub fn check(&self, file: &str, document: &str) -> Vec<Violation> {
        let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, line) in document.lines().enumerate() {
            let kind = line.strip_prefix("| `").and_then(|rest| rest.split_once('`'));
            if let Some((kind, _)) = kind {
                listed.insert(kind, at + 1);
            }
        }
        let mut found = Vec::new();
        let mut report = |file: &str, line, what: String, advice: &str| {
            found.push(Violation {
                file: file.to_owned(),
                line,
                weight: Weight::Error,
                rule: "problem kinds",
                what,
                advice: advice.to_owned(),
            });
        };
        let mut given = Vec::new();
        for (named, place) in &self.given {
            let kind = match named {
                Named::Literally(kind) => Some(kind),
                Named::ByConstant(name) => self.constants.get(name),
            };
            // A kind that comes in as a value is given by whoever names it.
            let Some(kind) = kind else { continue };
            if !listed.contains_key(kind.as_str()) {
                let what = format!("the kind `{kind}` is not in {file}");
                report(&place.file, place.line, what, "tell clients when it is answered");
            }
            given.push(kind.as_str());
        }
        for (kind, line) in listed {
            if !given.contains(&kind) {
                let what = format!("nothing answers with the kind `{kind}`");
                report(file, line, what, "remove it from the page");
            }
        }
        found
    }
}

/// The argument of a call: a string, or the last segment of a path to an upper-case name.
fn named(argument: &[Token]) -> Option<Named> {
    let mut last = None;
    for token in argument {
        match &token.kind {
            Kind::Text(text) => return Some(Named::Literally(text.clone())),
            Kind::Word(word) => last = Some(word),
            Kind::PathSeparator => {}
            Kind::Mark(_) => break,
        }
    }
    last.map(|name| Named::ByConstant(name.clone()))
}

/// `NAME: &str = "value"`.
fn constant(rest: &[Token]) -> Option<(String, String)> {
    let Kind::Word(name) = &rest.first()?.kind else { return None };
    let end = rest.iter().position(|token| token.is_mark(';'))?;
    rest[..end].iter().find_map(|token| match &token.kind {
        Kind::Text(value) => Some((name.clone(), value.clone())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        const REFUSED: &str = "refund-refused";
        fn f() { problem.with_kind("email-taken"); problem.with_kind(failure::REFUSED); }
        fn with(kind: &str) { problem.with_kind(kind) }
        #[cfg(test)]
        mod tests { fn g() { problem.with_kind("only-in-tests"); } }
    "#;

    fn found(document: &str) -> Vec<String> {
        let mut kinds = Kinds::default();
        kinds.read("a.rs", SOURCE);
        let found = kinds.check("errors.md", document);
        found.into_iter().map(|found| format!("{}: {}", found.file, found.what)).collect()
    }

    #[test]
    fn the_page_and_the_code_agree() {
        assert_eq!(found("| `email-taken` | 409 |\n| `refund-refused` | 409 |"), [""; 0]);
        assert_eq!(
            found("| `email-taken` | 409 |\n| `forgotten` | 409 |"),
            [
                "a.rs: the kind `refund-refused` is not in errors.md",
                "errors.md: nothing answers with the kind `forgotten`"
            ]
        );
    }
}
