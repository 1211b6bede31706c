//! A firewall engine for ModSecurity's rule language, independent of any server.
//!
#![doc = include_str!("../README.md")]

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
