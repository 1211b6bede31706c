//! The audit log: one JSON line for each transaction in which a rule matched that asks for it.
//!
//! Its fields are those of every log line of the platform; the event stands in `metadata`. The
//! values that made rules match are what an operator needs to judge, and are what attackers
//! and users typed: those of variables with secret names are left out, others lose whatever
//! looks like a secret or an address.

use marquis_telemetry::redact;
use marquis_waf::{AuditEvent, RuleMatch};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const REDACTED: &str = "[redacted]";

/// What the gateway knows of the transaction.
pub(super) struct About<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) trace_id: String,
    pub(super) request_id: &'a str,
    pub(super) user_id: Option<String>,
    pub(super) route: &'a str,
    pub(super) status: u16,
    pub(super) detecting: bool,
    /// Expressions that ran out of steps.
    pub(super) limits_reached: u32,
    /// Variables whose values the installation wants left out.
    pub(super) hidden: &'a [String],
}

/// The line, without its end.
pub(super) fn line(event: &AuditEvent, about: &About<'_>) -> String {
    let matches: Vec<Value> = event.matches.iter().map(|found| one(found, about.hidden)).collect();
    let scores: serde_json::Map<String, Value> =
        event.scores.iter().map(|(name, score)| (name.clone(), json!(score))).collect();
    let action = match (event.interrupted, about.detecting) {
        (true, _) => "blocked",
        (false, true) => "detected",
        (false, false) => "passed",
    };
    json!({
        "timestamp": about.now.format(&Rfc3339).unwrap_or_default(),
        "level": if event.interrupted { "warn" } else { "info" },
        "service": "gateway",
        "trace_id": about.trace_id,
        "user_id": about.user_id,
        "message": "firewall",
        "metadata": {
            "action": action,
            "request_id": about.request_id,
            "client": event.client,
            "method": event.method,
            "uri": redact::text(&redact::request_target(&event.uri)),
            "protocol": event.protocol,
            "route": about.route,
            "status": about.status,
            "limits_reached": about.limits_reached,
            "scores": scores,
            "matches": matches,
        },
    })
    .to_string()
}

fn one(found: &RuleMatch, hidden: &[String]) -> Value {
    let is_hidden = |name: &str| is_secret(name) || hidden.iter().any(|one| names(one, name));
    let any_hidden = found.variables.iter().any(|variable| is_hidden(&variable.name));
    let shown = |text: &str| -> String {
        if any_hidden { REDACTED.to_owned() } else { redact::text(text).into_owned() }
    };
    let variables: Vec<Value> = found
        .variables
        .iter()
        .map(|variable| {
            let value = match is_hidden(&variable.name) {
                true => REDACTED.to_owned(),
                false => redact::text(&variable.value).into_owned(),
            };
            json!({"name": variable.name, "value": value})
        })
        .collect();
    json!({
        "rule_id": found.rule_id,
        "phase": found.phase,
        // Messages can hold values too (`%{MATCHED_VAR}`), and data nearly always does.
        "message": if any_hidden { found.message.clone() } else { shown(&found.message) },
        "data": shown(&found.data),
        "severity": found.severity,
        "tags": found.tags,
        "file": found.file,
        "line": found.line,
        "variables": variables,
        "disruptive": found.disruptive,
    })
}

/// Whether a variable holds what must not be logged: `ARGS:json.password`, or a header or
/// cookie that carries credentials. Whole headers and bodies may hold anything.
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
        _ => redact::is_sensitive(member),
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

    #[test]
    fn what_is_secret_by_name() {
        for name in [
            "ARGS:json.password",
            "ARGS:access_token",
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
}
