//! The rule language: lexer, parser and the loader that follows includes.
//!
//! The output is a [`Document`]: the settings and the rules in source order, every part
//! still carrying its position. Nothing here knows how rules are evaluated.

mod actions;
mod directive;
mod lexer;
mod loader;
mod position;
mod settings;
mod targets;

pub use actions::ActionSpec;
pub use directive::{OperatorSpec, RuleSpec};
pub(crate) use loader::parse_id_range;
pub use loader::{Document, Element, Loader, Update, UpdateKind, UpdateSelector};
pub use position::{Position, SourceError};
pub use settings::{AuditEngine, BodyLimitAction, EngineMode, Settings, XmlArguments};
pub(crate) use settings::{parse_audit_engine, parse_engine_mode, parse_xml_arguments};
pub use targets::{SelectorSpec, TargetMode, TargetSpec};
