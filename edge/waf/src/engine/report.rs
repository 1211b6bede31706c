//! What a transaction tells: matched rules, decisions and the audit event.

use serde::Serialize;

/// What the server must do with the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervention {
    /// The response status to send.
    pub status: u16,
    /// What kind of interruption.
    pub kind: InterventionKind,
    /// The rule that decided, if a rule did.
    pub rule_id: Option<u64>,
}

/// The kinds of interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterventionKind {
    /// Answer with the status.
    Deny,
    /// Close the connection without an answer.
    Drop,
    /// Redirect to the location.
    Redirect(String),
    /// The body is above its limit.
    BodyLimit,
}

/// A variable a rule matched on.
#[derive(Clone, Debug, Serialize)]
pub struct MatchedVariable {
    /// Name, as `ARGS:id`.
    pub name: String,
    /// The value the operator saw, cut to a bounded length.
    pub value: String,
}

/// A rule that matched.
#[derive(Clone, Debug, Serialize)]
pub struct RuleMatch {
    /// The rule's id.
    pub rule_id: u64,
    /// Phase, 1 to 5.
    pub phase: u8,
    /// The expanded `msg`.
    pub message: String,
    /// The expanded `logdata`.
    pub data: String,
    /// Severity by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// Tags.
    pub tags: Vec<String>,
    /// File of the rule.
    pub file: String,
    /// Line of the rule.
    pub line: u32,
    /// On what it matched; bounded in number.
    pub variables: Vec<MatchedVariable>,
    /// Whether the rule interrupted the transaction.
    pub disruptive: bool,
    /// Whether the rule asks for a line in the error log (`log`).
    #[serde(skip)]
    pub logged: bool,
    /// Whether the rule makes the transaction relevant for the audit log (`auditlog`).
    #[serde(skip)]
    pub audited: bool,
}

/// One transaction for the audit log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// The transaction's unique id.
    pub transaction_id: String,
    /// Microseconds since 1970 at its start.
    pub timestamp: u64,
    /// The client's address.
    pub client: String,
    /// Method of the request.
    pub method: String,
    /// Target of the request as received.
    pub uri: String,
    /// `HTTP/1.1` and the like.
    pub protocol: String,
    /// Response status, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the engine interrupted the transaction.
    pub interrupted: bool,
    /// Members of TX whose names end in `score`, with their values.
    pub scores: Vec<(String, i64)>,
    /// Headers of the request, if `SecAuditLogParts` has B.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<(String, String)>,
    /// Headers of the response, if `SecAuditLogParts` has F.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<(String, String)>,
    /// The rules that matched and ask for the audit log, if `SecAuditLogParts` has H or K.
    pub matches: Vec<RuleMatch>,
}
