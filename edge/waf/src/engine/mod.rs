//! Evaluation of one HTTP transaction against a compiled rule set.
//!
//! The server feeds what it receives in the order of the protocol and asks for a decision
//! after each phase:
//!
//! 1. [`Transaction::connection`], [`Transaction::request_line`],
//!    [`Transaction::request_header`], then [`Transaction::request_headers`];
//! 2. [`Transaction::append_request_body`], then [`Transaction::request_body`];
//! 3. [`Transaction::response_header`], then [`Transaction::response_headers`];
//! 4. [`Transaction::append_response_body`], then [`Transaction::response_body`];
//! 5. [`Transaction::finish`].
//!
//! A phase without rules costs nothing. Memory is bounded by the body limits of the rule
//! set; time by them and by the step limit of backtracking expressions.

mod actions;
mod body;
mod collections;
mod evaluate;
mod intake;
mod operators;
mod redaction;
mod report;
mod resolve;
mod store;
mod values;
pub(crate) mod workspace;

use std::{net::IpAddr, sync::Arc, time::Instant};

pub use collections::{CollectionStore, MemoryCollections};
pub use redaction::Redaction;
pub use report::{AuditEvent, Intervention, InterventionKind, MatchedVariable, RuleMatch};

use crate::{
    compile::{RuleIndex, RuleSet},
    rule::{
        action::{AllowScope, BodyProcessor},
        variable::Variable,
    },
    seclang::{AuditEngine, EngineMode, XmlArguments},
};
use values::ValueId;
use workspace::Workspace;

/// `MODSEC_BUILD`: the version of the language, two digits each for 3.0.14 and 100 for a release.
const LANGUAGE: &[u8] = b"030014100";
/// Headers in an audit event, and bytes of one.
const MOST_HEADERS: usize = 100;
const LONGEST_HEADER: usize = 1024;
/// Bytes of the request's target in an audit event.
const LONGEST_URI: usize = 8192;

/// A value of a variable.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Option<ValueId>,
    value: ValueId,
}

/// A value a rule inspects.
#[derive(Clone, Copy, Debug)]
struct Item {
    variable: Variable,
    name: Option<ValueId>,
    value: ValueId,
}

/// A persistent collection opened by `initcol`.
#[derive(Debug)]
struct Opened {
    variable: Variable,
    key: Vec<u8>,
    members: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What the server knows before the first byte is parsed.
#[derive(Clone, Debug)]
pub struct TransactionContext {
    /// Microseconds since 1970.
    pub now: u64,
    /// An id unique among transactions, for the log.
    pub id: String,
    /// Overrides `SecRuleEngine`, for routes that have their own mode.
    pub mode: Option<EngineMode>,
    /// Where persistent collections live.
    pub collections: Option<Arc<dyn CollectionStore>>,
}

/// One transaction.
#[derive(Debug)]
pub struct Transaction {
    rules: Arc<RuleSet>,
    context: TransactionContext,
    started: Instant,
    work: Workspace,
    opened: Vec<Opened>,
    /// Matches in `matched` belong to a finished rule.
    matched_stale: bool,
    removed: Vec<u64>,
    removed_targets: Vec<(RuleIndex, u32, u32)>,
    mode: EngineMode,
    audit_engine: AuditEngine,
    audit_parts: String,
    body_processor: Option<BodyProcessor>,
    body_access: Option<bool>,
    response_access: Option<bool>,
    force_body: bool,
    xml_arguments: XmlArguments,
    /// What `setenv` set.
    environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names of values the audit event must not show.
    sanitised: Vec<Vec<u8>>,
    request_body: Vec<u8>,
    response_body: Vec<u8>,
    body_over_limit: bool,
    phase: u8,
    allow: Option<AllowScope>,
    intervention: Option<Intervention>,
    matches: Vec<RuleMatch>,
    highest_severity: Option<u8>,
    limits_exceeded: u32,
    /// Steps of backtracking left for the rest of the transaction.
    steps: u64,
    method: Vec<u8>,
    uri: Vec<u8>,
    protocol: Vec<u8>,
    client: Option<IpAddr>,
    status: Option<u16>,
    arguments_size: usize,
    arguments_cut: bool,
    evaluated: usize,
    /// The most bytes held, as far as they were given back.
    peak: usize,
    /// The rule being run, for `%{rule.msg}`.
    current: Option<RuleIndex>,
}

impl Transaction {
    /// Begins a transaction.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, context: TransactionContext) -> Self {
        let mut transaction = Self {
            started: Instant::now(),
            work: rules.workspace(),
            opened: Vec::new(),
            matched_stale: false,
            removed: Vec::new(),
            removed_targets: Vec::new(),
            mode: context.mode.unwrap_or(rules.settings.engine),
            audit_engine: rules.settings.audit_engine,
            audit_parts: rules.settings.audit_parts.clone(),
            body_processor: None,
            body_access: None,
            response_access: None,
            force_body: false,
            xml_arguments: rules.settings.xml_arguments,
            environment: Vec::new(),
            sanitised: Vec::new(),
            request_body: Vec::new(),
            response_body: Vec::new(),
            body_over_limit: false,
            phase: 0,
            allow: None,
            intervention: None,
            matches: Vec::new(),
            highest_severity: None,
            limits_exceeded: 0,
            steps: rules.transaction_steps(),
            method: Vec::new(),
            uri: Vec::new(),
            protocol: Vec::new(),
            client: None,
            status: None,
            arguments_size: 0,
            arguments_cut: false,
            evaluated: 0,
            peak: 0,
            current: None,
            rules,
            context,
        };
        let id = transaction.context.id.clone();
        transaction.set(Variable::UniqueId, id.as_bytes());
        transaction.set(Variable::UrlencodedError, b"0");
        transaction.set(Variable::ModsecBuild, LANGUAGE);
        transaction
    }

    /// The rules matched so far, in order. Rules with `nolog` are among them.
    #[must_use]
    pub fn matches(&self) -> &[RuleMatch] {
        &self.matches
    }

    /// The decision, once there is one.
    #[must_use]
    pub fn intervention(&self) -> Option<&Intervention> {
        self.intervention.as_ref()
    }

    /// The mode in force, which rules may have changed.
    #[must_use]
    pub fn mode(&self) -> EngineMode {
        self.mode
    }

    /// Expressions that were cut short at their step limit.
    #[must_use]
    pub fn limits_exceeded(&self) -> u32 {
        self.limits_exceeded
    }

    /// Bytes the transaction holds: bodies, variables and all their transformed forms. Costs
    /// a few additions.
    #[must_use]
    pub fn memory(&self) -> usize {
        let bodies = self.request_body.len() + self.response_body.len();
        bodies + self.work.values.size() + self.work.tx.size()
    }

    /// The most bytes the transaction held at once so far: a phase gives back what is large
    /// when it ends, so that [`Transaction::memory`] is less then.
    #[must_use]
    pub fn peak_memory(&self) -> usize {
        self.peak.max(self.memory())
    }

    /// Operators that ran, for measurements.
    #[must_use]
    pub fn operators_run(&self) -> usize {
        self.evaluated
    }

    /// The value of a TX member, for tests and explanations.
    #[must_use]
    pub fn tx(&self, name: &str) -> Option<String> {
        self.work
            .tx
            .get(&self.rules.tx, name.as_bytes())
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether the server should hold back and feed the response body.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        if self.mode == EngineMode::Off
            || !self.response_access.unwrap_or(self.rules.settings.response_body_access)
        {
            return false;
        }
        let types = &self.rules.settings.response_mime_types;
        let own = self.first(Variable::ResponseContentType);
        types.is_empty() || types.iter().any(|t| t.as_bytes().eq_ignore_ascii_case(own))
    }

    /// Whether the server should feed the request body.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.mode != EngineMode::Off
            && self.body_access.unwrap_or(self.rules.settings.request_body_access)
    }

    /// Runs the logging phase and returns the audit event, if the transaction is relevant.
    pub fn finish(&mut self) -> Option<AuditEvent> {
        self.run(5);
        let relevant = match self.audit_engine {
            AuditEngine::On => true,
            AuditEngine::Off => false,
            AuditEngine::RelevantOnly => {
                self.matches.iter().any(|found| found.audited)
                    || self.intervention.is_some()
                    || self.relevant_status()
            }
        };
        relevant.then(|| self.audit_event())
    }

    fn relevant_status(&self) -> bool {
        let (Some(status), Some(pattern)) = (self.status, &self.rules.relevant_status) else {
            return false;
        };
        pattern.search(status.to_string().as_bytes()) == crate::pattern::Search::Match
    }

    fn audit_event(&self) -> AuditEvent {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut scores: Vec<(String, i64)> = self
            .work
            .tx
            .iter(&self.rules.tx)
            .filter(|(name, _)| name.to_ascii_lowercase().ends_with(b"score"))
            .map(|(name, value)| {
                (text(name).to_ascii_lowercase(), crate::rule::operator::integer(value))
            })
            .collect();
        scores.sort();
        let headers = |variable: Variable, part: char| -> Vec<(String, String)> {
            if !self.audit_parts.contains(part) {
                return Vec::new();
            }
            let entries = self.work.fields[variable as usize].iter().take(MOST_HEADERS);
            entries
                .filter_map(|entry| {
                    let value = self.work.values.get(entry.value);
                    let value = value.get(..LONGEST_HEADER).unwrap_or(value);
                    Some((text(self.work.values.get(entry.name?)), text(value)))
                })
                .collect()
        };
        let mut event = AuditEvent {
            transaction_id: self.context.id.clone(),
            timestamp: self.context.now,
            client: self.client.map(|client| client.to_string()).unwrap_or_default(),
            method: text(&self.method),
            uri: text(self.uri.get(..LONGEST_URI).unwrap_or(&self.uri)),
            protocol: text(&self.protocol),
            status: self.intervention.as_ref().map(|i| i.status).or(self.status),
            interrupted: self.intervention.is_some(),
            scores,
            request_headers: headers(Variable::RequestHeaders, 'B'),
            response_headers: headers(Variable::ResponseHeaders, 'F'),
            matches: if self.audit_parts.contains(['H', 'K']) {
                self.matches.iter().filter(|found| found.audited).cloned().collect()
            } else {
                Vec::new()
            },
        };
        redaction::Secrets::of(self).apply(&mut event);
        event
    }

    fn set(&mut self, variable: Variable, value: &[u8]) {
        let value = self.work.values.push(value);
        let field = &mut self.work.fields[variable as usize];
        field.clear();
        field.push(Entry { name: None, value });
    }

    fn set_number(&mut self, variable: Variable, number: usize) {
        self.set(variable, number.to_string().as_bytes());
    }

    fn add(&mut self, variable: Variable, name: ValueId, value: ValueId) {
        self.work.fields[variable as usize].push(Entry { name: Some(name), value });
    }

    fn first(&self, variable: Variable) -> &[u8] {
        self.work.fields[variable as usize]
            .first()
            .map_or(b"", |entry| self.work.values.get(entry.value))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.rules.keep(std::mem::take(&mut self.work));
    }
}
