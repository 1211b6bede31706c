//! What is wrong with a configuration. Problems are collected, never returned one by one:
//! an operator corrects a file once. Values never appear in them, because a value may be
//! a secret or sit where a secret was meant.

use std::collections::BTreeMap;
use std::fmt;

use crate::tree::Origin;

/// One thing that is wrong and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, `server.body_limit`; empty when a whole file is meant.
    pub key: String,
    /// Where the value came from: `marquis.toml:12`, `environment variable MARQUIS__...`.
    pub source: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.source)?;
        if !self.key.is_empty() {
            // An open quote makes a key of the lines that follow, and secrets may be there.
            let line = self.key.split(char::is_control).next().unwrap_or_default();
            let cut = if line.len() < self.key.len() { ".." } else { "" };
            write!(f, "`{line}{cut}` ")?;
        }
        f.write_str(&self.what)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Every problem of a configuration. At least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a problem:")?,
            n => write!(f, "the configuration has {n} problems:")?,
        }
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// Collects what the sections find wrong with their values and adds where each value
/// came from.
#[derive(Debug, Default)]
pub struct Problems {
    pub(crate) list: Vec<Problem>,
    pub(crate) origins: BTreeMap<String, Origin>,
}

impl Problems {
    /// Reports that the value at `key` (absolute and dotted, `auth.access_token_ttl`,
    /// `gateway.routes[0].path`) is not usable. `what` continues the sentence "`key` ...":
    /// `"must be at most 1h"`; `remedy` says what to write instead and may be empty.
    pub fn reject(&mut self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        if self.list.iter().any(|known| known.key == key) {
            return;
        }
        self.list.push(Problem {
            key: key.to_owned(),
            source: self.source(key),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Rejects the value at `key` unless `holds`.
    pub fn require(&mut self, holds: bool, key: &str, what: &str, remedy: &str) {
        if !holds {
            self.reject(key, what, remedy);
        }
    }

    /// Where the value at `key`, or the table or element that it belongs to, was given.
    fn source(&self, key: &str) -> String {
        let mut at = key;
        loop {
            if let Some(origin) = self.origins.get(at) {
                return origin.to_string();
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = &at[..end],
                None => return Origin::Default.to_string(),
            }
        }
    }
}

/// A setting that works and yet must not be used where real users are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The dotted key.
    pub key: String,
    /// What an attacker or an accident makes of it.
    pub problem: String,
    /// What to set instead.
    pub remedy: String,
}

impl Finding {
    /// A finding on `key`.
    pub fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.problem, self.remedy)
    }
}
