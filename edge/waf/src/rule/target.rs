//! Target lists with their meaning.

use super::{Context, Result, TxNames, variable::Variable};
use crate::{
    pattern::{Pattern, Search},
    seclang::{SelectorSpec, SourceError, TargetMode, TargetSpec},
};
use std::sync::Arc;

/// Which members of a collection are meant.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    All,
    /// Compared without case.
    Key(Box<[u8]>),
    Pattern(Arc<Pattern>),
}

impl Selector {
    pub(crate) fn selects(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Key(key) => key.eq_ignore_ascii_case(name),
            Self::Pattern(pattern) => pattern.search(name) == Search::Match,
        }
    }
}

/// One element of a target list.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) variable: Variable,
    pub(crate) selector: Selector,
    pub(crate) mode: TargetMode,
    /// The TX member a key selects.
    pub(crate) slot: Option<u32>,
    /// The TX members known at load time that an expression selects; filled in when all
    /// names are known.
    pub(crate) slots: Box<[u32]>,
}

impl Target {
    pub(crate) fn new(spec: &TargetSpec, context: &mut Context) -> Result<Self> {
        let refused = |message: String| SourceError::new(spec.at.clone(), message);
        let variable = Variable::from_name(&spec.variable)
            .ok_or_else(|| refused(format!("unknown variable {}", spec.variable)))?;
        if spec.selector != SelectorSpec::All && !variable.has_members() {
            return Err(refused(format!("{} has no members to select", spec.variable)));
        }
        let mut slot = None;
        let selector = match &spec.selector {
            SelectorSpec::All => Selector::All,
            SelectorSpec::Key(key) => {
                if variable == Variable::Tx {
                    slot = Some(context.tx.slot(key));
                }
                Selector::Key(key.as_bytes().into())
            }
            SelectorSpec::Pattern(pattern) => Selector::Pattern(Arc::new(
                Pattern::new(pattern, true, context.match_limit)
                    .map_err(|e| refused(format!("the selector is not valid: {e}")).caused_by(e))?,
            )),
        };
        Ok(Self { variable, selector, mode: spec.mode, slot, slots: Box::default() })
    }

    /// Looks up the TX members an expression selects.
    pub(crate) fn find_slots(&mut self, names: &TxNames) {
        if self.variable == Variable::Tx && self.slot.is_none() {
            self.slots = (0..u32::try_from(names.len()).unwrap_or(u32::MAX))
                .filter(|&slot| self.selector.selects(names.name(slot).as_bytes()))
                .collect();
        }
    }

    /// A text equal for targets that select the same.
    pub(crate) fn identity(&self) -> String {
        let mode = match self.mode {
            TargetMode::Inspect => "",
            TargetMode::Exclude => "!",
            TargetMode::Count => "&",
        };
        let selector = match &self.selector {
            Selector::All => String::new(),
            Selector::Key(key) => format!(":{}", String::from_utf8_lossy(key).to_ascii_lowercase()),
            Selector::Pattern(pattern) => format!(":/{}/", pattern.source()),
        };
        format!("{mode}{}{selector}", self.variable.name())
    }
}
