//! The audit log: one JSON line for each transaction in which a rule matched that asks for it.
//!
//! Its fields are those of every log line of the platform; the event stands in `metadata`. The
//! values that made rules match are what an operator needs to judge, and are what attackers
//! and users typed: those of variables with secret names, or with names of what people are
//! called, are left out wherever they stand, others lose whatever looks like a secret or an
//! address.

use marquis_telemetry::redact;
use marquis_waf::{AuditEvent, RuleMatch};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::hidden::Hidden;

const REDACTED: &str = redact::REDACTED;

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
    let hidden = Hidden::of(event, about.hidden);
    let matches: Vec<Value> = event.matches.iter().map(|found| one(found, &hidden)).collect();
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
            "uri": hidden.target(&event.uri),
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

fn one(found: &RuleMatch, hidden: &Hidden<'_>) -> Value {
    let any_hidden = found.variables.iter().any(|variable| hidden.is(&variable.name));
    let variables: Vec<Value> = found
        .variables
        .iter()
        .map(|variable| {
            let value = match hidden.is(&variable.name) {
                true => REDACTED.to_owned(),
                false => hidden.value(&variable.name, &variable.value),
            };
            json!({"name": variable.name, "value": value})
        })
        .collect();
    // Parts of the target stand there that have no name any more.
    let of_target = found.variables.iter().any(|variable| hidden.is_part(&variable.name));
    json!({
        "rule_id": found.rule_id,
        "phase": found.phase,
        // Messages can hold values too (`%{MATCHED_VAR}`), and data nearly always does.
        "message": hidden.text(&found.message),
        "data": match any_hidden || of_target {
            true => REDACTED.to_owned(),
            false => hidden.text(&found.data),
        },
        "severity": found.severity,
        "tags": found.tags,
        "file": found.file,
        "line": found.line,
        "variables": variables,
        "disruptive": found.disruptive,
    })
}
