//! The buffers of a transaction, kept for the next one.

use super::{Entry, Item, store::TxStore, values::Values};
use crate::{compile::RuleSet, rule::variable::Variable};

/// Everything a transaction allocates on the common path. Belongs to one rule set: the
/// sizes of its tables and the prefilters' memory depend on it.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(super) values: Values,
    pub(super) fields: Vec<Vec<Entry>>,
    pub(super) tx: TxStore,
    pub(super) items: Vec<Item>,
    pub(super) resolved: Vec<Option<(u32, u32)>>,
    pub(super) unions: Vec<u32>,
    pub(super) union_bits: Vec<u64>,
    pub(super) matched: Vec<Item>,
    /// A buffer for texts with macros.
    pub(super) scratch: Vec<u8>,
}

/// Workspaces kept by a rule set.
pub(crate) const MOST_KEPT: usize = 64;

impl Workspace {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        Self {
            values: Values::new(),
            fields: vec![Vec::new(); Variable::ALL.len()],
            tx: TxStore::new(&rules.tx, &rules.initial),
            items: Vec::with_capacity(256),
            resolved: vec![None; rules.sets.len()],
            unions: vec![u32::MAX; rules.groups],
            union_bits: Vec::with_capacity(1024),
            matched: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Makes the workspace as new; nothing of the transaction stays readable.
    pub(crate) fn reset(&mut self, initial: &[(u32, Box<[u8]>)]) {
        self.values.reset();
        for field in &mut self.fields {
            field.clear();
            field.shrink_to(1024);
        }
        self.tx.reset(initial);
        self.items.clear();
        self.items.shrink_to(16 * 1024);
        self.resolved.fill(None);
        self.unions.fill(u32::MAX);
        self.union_bits.clear();
        self.matched.clear();
        self.scratch.clear();
        self.matched.shrink_to(1024);
    }
}
