//! One broken rule, as it is printed: where, what, and what to do about it.

use std::fmt;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Printed; the task succeeds.
    Warning,
    /// Printed; the task fails.
    Error,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// From the root of the repository.
    pub file: String,
    /// From 1.
    pub line: usize,
    pub weight: Weight,
    /// The section of the rules it breaks.
    pub rule: &'static str,
    /// What stands there.
    pub what: String,
    /// What to do instead.
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warning => "warning",
            Weight::Error => "error",
        };
        let Self { file, line, rule, what, advice, .. } = self;
        write!(out, "{file}:{line}: {weight} [{rule}] {what}\n    -> {advice}")
    }
}
