//! Rules with their meaning: variables, operators, actions and macro texts.
//!
//! Everything is checked here against what the engine can do, so that evaluation cannot
//! meet an unknown name.

pub(crate) mod action;
mod check_digits;
mod ctl;
pub(crate) mod operator;
pub(crate) mod target;
pub(crate) mod template;
pub(crate) mod variable;

use std::collections::HashMap;

use crate::seclang::SourceError;

/// Names of TX members known when the rules are loaded; each has a fixed slot at run time.
#[derive(Debug)]
pub(crate) struct TxNames {
    slots: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

/// Slots of the captures `TX:0` to `TX:9`.
pub(crate) const CAPTURES: u32 = 10;

impl TxNames {
    pub(crate) fn new() -> Self {
        let mut names = Self { slots: HashMap::new(), names: Vec::new() };
        for digit in 0..CAPTURES {
            names.slot(&digit.to_string());
        }
        names
    }

    /// The slot of `name`, made at first sight. The first spelling is the one shown.
    pub(crate) fn slot(&mut self, name: &str) -> u32 {
        let key = name.to_ascii_lowercase();
        if let Some(&slot) = self.slots.get(key.as_str()) {
            return slot;
        }
        let slot = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.slots.insert(key.into(), slot);
        self.names.push(name.into());
        slot
    }

    /// The slot of a name built at run time, if it is a known one.
    pub(crate) fn find(&self, name: &[u8]) -> Option<u32> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.slots.get(name.as_str()).copied()
    }

    pub(crate) fn name(&self, slot: u32) -> &str {
        self.names.get(slot as usize).map_or("", |name| name)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// What the parts of rules share while they are built.
pub(crate) struct Context {
    pub(crate) tx: TxNames,
    /// Steps of a backtracking search.
    pub(crate) match_limit: u64,
}

pub(crate) type Result<T> = std::result::Result<T, SourceError>;
