//! What must not appear in audit events: values of named variables, wherever they stand.
//!
//! A value named by the configuration or by a `sanitise...` action is masked where it was
//! matched, and also inside other values: a password is in `ARGS:password`, and in
//! `REQUEST_BODY` as well.

use super::{AuditEvent, RuleMatch, Transaction};
use crate::rule::variable::Variable;

/// What stands for a value that is not shown.
const MASK: &str = "***";
/// A shorter secret is masked under its own name only: inside other values it would be
/// found by chance.
const SHORTEST: usize = 4;
/// Secrets looked for inside other values.
const MOST_SECRETS: usize = 64;

/// Names of variables whose values are not shown: `ARGS:*password*`,
/// `REQUEST_HEADERS:authorization`, `REQUEST_COOKIES`. Compared without case; `*` stands
/// for any text. A collection without a member is all of it, and `ARGS` includes
/// `ARGS_GET` and `ARGS_POST`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    names: Vec<String>,
}

impl Redaction {
    /// From names as described at the type.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(|n| n.as_ref().to_ascii_lowercase()).collect() }
    }

    fn hides(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let general = match name.split_once(':') {
            Some(("args_get" | "args_post", member)) => Some(format!("args:{member}")),
            _ => None,
        };
        self.names.iter().any(|pattern| {
            let covers = |name: &str| {
                let collection = name.split(':').next().unwrap_or(name);
                glob(pattern.as_bytes(), name.as_bytes()) || pattern == collection
            };
            covers(&name) || general.as_deref().is_some_and(covers)
        })
    }
}

/// Whether `name` is what `pattern` describes; linear in their product.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            back = Some((p + 1, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((after, at)) = back {
            (p, n) = (after, at + 1);
            back = Some((after, at + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

/// The names and values one event must not show.
pub(super) struct Secrets<'a> {
    configured: &'a Redaction,
    sanitised: &'a [Vec<u8>],
    values: Vec<String>,
}

impl<'a> Secrets<'a> {
    pub(super) fn of(transaction: &'a Transaction) -> Self {
        let mut secrets = Self {
            configured: &transaction.rules.redaction,
            sanitised: &transaction.sanitised,
            values: Vec::new(),
        };
        if secrets.configured.names.is_empty() && secrets.sanitised.is_empty() {
            return secrets;
        }
        for variable in [Variable::Args, Variable::RequestHeaders, Variable::RequestCookies] {
            for entry in &transaction.work.fields[variable as usize] {
                let Some(member) = entry.name else { continue };
                let member = String::from_utf8_lossy(transaction.work.values.get(member));
                if secrets.hides(&format!("{}:{member}", variable.name())) {
                    let value = transaction.work.values.get(entry.value);
                    let value = String::from_utf8_lossy(value).to_ascii_lowercase();
                    if value.len() >= SHORTEST && secrets.values.len() < MOST_SECRETS {
                        secrets.values.push(value);
                    }
                }
            }
        }
        // The longest first: one may contain another.
        secrets.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        secrets
    }

    fn hides(&self, name: &str) -> bool {
        self.configured.hides(name)
            || self.sanitised.iter().any(|known| known.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn none(&self) -> bool {
        self.configured.names.is_empty() && self.sanitised.is_empty()
    }

    /// Masks every secret inside a text.
    fn mask(&self, text: &mut String) {
        for secret in &self.values {
            let lower = text.to_ascii_lowercase();
            if !lower.contains(secret.as_str()) {
                continue;
            }
            let mut out = String::new();
            let mut rest = 0;
            for (at, _) in lower.match_indices(secret.as_str()) {
                out.push_str(&text[rest..at]);
                out.push_str(MASK);
                rest = at + secret.len();
            }
            out.push_str(&text[rest..]);
            *text = out;
        }
    }

    /// Masks values of a query or a form by their names, and then by what they are.
    fn mask_form(&self, text: &mut String) {
        let mut out = String::new();
        for (index, piece) in text.split_inclusive(['?', '&', ' ']).enumerate() {
            let kept = piece.trim_end_matches(['?', '&', ' ']);
            let hidden = kept.split_once('=').filter(|(name, _)| {
                let name = percent_decoded(name);
                index > 0 && self.hides(&format!("ARGS:{name}"))
                    || index == 0 && !name.contains('/') && self.hides(&format!("ARGS:{name}"))
            });
            match hidden {
                Some((name, _)) => {
                    out.push_str(name);
                    out.push('=');
                    out.push_str(MASK);
                    out.push_str(&piece[kept.len()..]);
                }
                None => out.push_str(piece),
            }
        }
        *text = out;
        self.mask(text);
    }

    fn apply_to_match(&self, found: &mut RuleMatch) {
        let mut tainted = false;
        for variable in &mut found.variables {
            if self.hides(&variable.name) {
                variable.value = MASK.to_owned();
                tainted = true;
                continue;
            }
            let raw = ["QUERY_STRING", "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_LINE"];
            if raw.contains(&variable.name.as_str()) || variable.name == "REQUEST_BODY" {
                self.mask_form(&mut variable.value);
            } else {
                self.mask(&mut variable.value);
            }
        }
        if tainted {
            // Parts of the value stand there, perhaps transformed.
            if !found.data.is_empty() {
                MASK.clone_into(&mut found.data);
            }
        } else {
            self.mask_form(&mut found.data);
        }
        self.mask(&mut found.message);
    }

    pub(super) fn apply(&self, event: &mut AuditEvent) {
        if self.none() {
            return;
        }
        self.mask_form(&mut event.uri);
        for found in &mut event.matches {
            self.apply_to_match(found);
        }
        for (prefix, headers) in [
            ("REQUEST_HEADERS", &mut event.request_headers),
            ("RESPONSE_HEADERS", &mut event.response_headers),
        ] {
            for (name, value) in headers {
                if self.hides(&format!("{prefix}:{name}"))
                    || name.eq_ignore_ascii_case("cookie") && self.hides("REQUEST_COOKIES:")
                {
                    MASK.clone_into(value);
                } else {
                    self.mask(value);
                }
            }
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let bytes = crate::transform::Transformation::UrlDecode
        .apply(text.as_bytes(), &crate::transform::UnicodeMap::default())
        .into_owned();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_with_wildcards_and_without_case() {
        let redaction =
            Redaction::new(["ARGS:*passw*", "REQUEST_HEADERS:authorization", "REQUEST_COOKIES"]);
        for name in [
            "ARGS:Password",
            "ARGS_POST:old_password2",
            "REQUEST_HEADERS:Authorization",
            "REQUEST_COOKIES:sid",
        ] {
            assert!(redaction.hides(name), "{name}");
        }
        for name in ["ARGS:pass", "REQUEST_HEADERS:Host", "REQUEST_URI"] {
            assert!(!redaction.hides(name), "{name}");
        }
    }
}
