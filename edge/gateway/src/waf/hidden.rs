//! What of an audit event must not be logged.

use std::borrow::Cow;

use marquis_telemetry::redact;
use marquis_waf::AuditEvent;

/// A shorter value is hidden under its own name only: elsewhere it would be found by chance.
const SHORTEST: usize = 4;
/// Hidden values looked for in others.
const MOST: usize = 64;

/// Which variables of an event are hidden, and the values they have.
pub(super) struct Hidden<'a> {
    patterns: &'a [String],
    /// In small letters, the longest first: one may contain another.
    values: Vec<String>,
    /// Whether something of the target is hidden.
    target: bool,
}

impl<'a> Hidden<'a> {
    pub(super) fn of(event: &AuditEvent, patterns: &'a [String]) -> Self {
        let target =
            matches!(redact::request_target(&event.uri), Cow::Owned(shown) if shown != event.uri);
        let mut hidden = Self { patterns, values: Vec::new(), target };
        let matched = event.matches.iter().flat_map(|found| &found.variables);
        let matched = matched.filter(|one| hidden.is(&one.name)).map(|one| one.value.as_str());
        let query = event.uri.split_once('?').map_or("", |(_, query)| query);
        let asked = query.split('&').filter_map(|pair| pair.split_once('='));
        let asked = asked.filter(|(name, value)| redact::hides_parameter(name, value));
        let mut values: Vec<String> = matched
            .chain(asked.map(|(_, value)| value))
            .filter(|value| value.len() >= SHORTEST)
            .map(str::to_ascii_lowercase)
            .take(MOST)
            .collect();
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        hidden.values = values;
        hidden
    }

    /// Whether the values of a variable are hidden.
    pub(super) fn is(&self, name: &str) -> bool {
        is_secret(name) || self.patterns.iter().any(|pattern| names(pattern, name))
    }

    /// Whether a variable is made of the target and something of that is hidden.
    pub(super) fn is_part(&self, name: &str) -> bool {
        self.target && is_target(name)
    }

    /// What may be shown of the value of a variable that is not hidden.
    pub(super) fn value(&self, name: &str, value: &str) -> String {
        if is_target(name) || name.eq_ignore_ascii_case("REQUEST_HEADERS:Referer") {
            self.target(value)
        } else {
            self.text(value)
        }
    }

    /// What may be shown of a target.
    pub(super) fn target(&self, target: &str) -> String {
        self.text(&redact::request_target(target))
    }

    /// What may be shown of any text.
    pub(super) fn text(&self, text: &str) -> String {
        let mut shown = redact::encoded_text(text).into_owned();
        for value in &self.values {
            let lower = shown.to_ascii_lowercase();
            if !lower.contains(value.as_str()) {
                continue;
            }
            let (mut out, mut copied) = (String::with_capacity(shown.len()), 0);
            for (at, _) in lower.match_indices(value.as_str()) {
                out.push_str(&shown[copied..at]);
                out.push_str(redact::REDACTED);
                copied = at + value.len();
            }
            out.push_str(&shown[copied..]);
            shown = out;
        }
        shown
    }
}

/// Whether a variable is the target or a part of it.
fn is_target(name: &str) -> bool {
    ["REQUEST_URI", "REQUEST_FILENAME", "REQUEST_BASENAME", "PATH_INFO"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
}

/// Whether a variable holds what must not be logged: `ARGS:json.password`, a header or cookie
/// that carries credentials, or `ARGS:json.displayName`, which is sealed where it is kept.
/// Whole headers and bodies may hold anything.
fn is_secret(name: &str) -> bool {
    let (collection, member) = name.split_once(':').unwrap_or((name, ""));
    match collection {
        "REQUEST_COOKIES" | "AUTH_TYPE" => true,
        "REQUEST_BODY" | "FULL_REQUEST" | "QUERY_STRING" | "REQUEST_LINE" | "REQUEST_URI_RAW" => {
            true
        }
        // Names of arguments are not their values.
        "ARGS_NAMES" | "REQUEST_HEADERS_NAMES" | "REQUEST_COOKIES_NAMES" => false,
        "REQUEST_HEADERS" => {
            ["cookie", "authorization", "proxy-authorization"]
                .iter()
                .any(|one| member.eq_ignore_ascii_case(one))
                || redact::is_sensitive(member)
        }
        _ => redact::is_sensitive(member) || redact::is_personal(member),
    }
}

/// Whether a pattern of the settings names the variable.
fn names(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => {
            name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        }
        None => name.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(values: &[&str]) -> Hidden<'static> {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Hidden { patterns: &[], values, target: true }
    }

    #[test]
    fn what_is_secret_by_name() {
        for name in [
            "ARGS:json.password",
            "ARGS:access_token",
            "ARGS:search",
            "ARGS_GET:search",
            "ARGS:json.displayName",
            "ARGS_POST:json.displayName",
            "MATCHED_VARS:ARGS:json.displayName",
            "REQUEST_COOKIES:session",
            "REQUEST_HEADERS:Authorization",
            "REQUEST_HEADERS:X-Api-Key",
            "REQUEST_BODY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["ARGS:q", "ARGS_NAMES:password", "REQUEST_HEADERS:User-Agent", "REQUEST_URI"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn installations_name_more() {
        assert!(names("ARGS:iban", "args:IBAN"));
        assert!(names("ARGS:json.card*", "ARGS:json.cardNumber"));
        assert!(!names("ARGS:iban", "ARGS:iban2"));
    }

    #[test]
    fn hidden_values_stand_nowhere_else() {
        let hidden = hidden(&["zborix the", "zborix"]);
        assert_eq!(hidden.text("Found: Zborix The in zborix!"), "Found: [redacted] in [redacted]!");
        assert_eq!(hidden.value("MATCHED_VAR", "é ZBORIX é"), "é [redacted] é");
    }

    #[test]
    fn targets_lose_what_access_logs_lose() {
        let hidden = hidden(&[]);
        for name in ["REQUEST_URI", "REQUEST_HEADERS:Referer"] {
            for value in [
                "/u?search=zborix",
                "/u?q=zborix%40example.com",
                "/u?q=zborix%2540example.com",
                "https://a.example/u?search=zborix",
            ] {
                let shown = hidden.value(name, value);
                assert!(!shown.contains("zborix"), "{name} {value} {shown}");
            }
        }
        assert_eq!(hidden.value("REQUEST_FILENAME", "/u/zborix%40b.example/x"), "/u/[redacted]/x");
        assert_eq!(hidden.value("ARGS:q", "say zborix%40example.com"), "[redacted]");
        assert_eq!(hidden.value("ARGS:q", "100%25 @@version"), "100%25 @@version");
        assert!(hidden.is_part("REQUEST_URI") && !hidden.is_part("ARGS:q"));
    }
}
