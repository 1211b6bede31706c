//! A web application firewall engine for the ModSecurity v3 rule language.
//!
//! The crate loads SecLang rule files, compiles them and evaluates HTTP transactions
//! against them. It performs no network I/O and knows nothing of the server around it.

pub mod body;
mod compile;
mod engine;
pub mod libinjection;
mod pattern;
mod rule;
pub mod seclang;
pub mod transform;

pub use compile::RuleSet;
pub use engine::{
    AuditEvent, CollectionStore, Intervention, InterventionKind, MatchedVariable,
    MemoryCollections, Redaction, RuleMatch, Transaction, TransactionContext,
};
pub use pattern::PatternError;
