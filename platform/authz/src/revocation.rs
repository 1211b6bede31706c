//! Sessions whose tokens are void before they expire.
//!
//! A revocation is remembered as long as a token of its session could be valid, counted
//! from when this node learned of it, and is never forgotten because the issuer is away.

use std::collections::HashMap;

use marquis_contracts::identity::SessionId;
use parking_lot::RwLock;

use crate::rules::MAX_LIFETIME;

/// Slack on top of the longest lifetime, for clocks that differ, in seconds.
const SLACK: i64 = 60;

/// The list of one node.
#[derive(Debug, Default)]
pub(crate) struct RevocationList {
    /// When each can be forgotten, in Unix seconds.
    forget_at: RwLock<HashMap<SessionId, i64>>,
}

impl RevocationList {
    /// Adds sessions, learned of at `now`. Those on the list already stay as they are.
    pub(crate) fn add(&self, sessions: impl IntoIterator<Item = SessionId>, now: i64) {
        let lifetime = i64::try_from(MAX_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        let forget_at = now.saturating_add(lifetime).saturating_add(SLACK);
        let mut list = self.forget_at.write();
        for session in sessions {
            list.entry(session).or_insert(forget_at);
        }
    }

    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.forget_at.read().contains_key(&session)
    }

    /// Drops those that no valid token can name any more.
    pub(crate) fn forget(&self, now: i64) {
        let overdue = self.forget_at.read().values().any(|forget_at| *forget_at <= now);
        if overdue {
            self.forget_at.write().retain(|_, forget_at| *forget_at > now);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.forget_at.read().len()
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;

    use super::*;

    #[test]
    fn a_revocation_outlives_every_token() {
        let list = RevocationList::default();
        let session = SessionId::new(&SystemClock);
        list.add([session], 1_000);
        list.add([session], 2_000);
        list.forget(1_000 + 3_600);
        assert!(list.contains(session));
        list.forget(1_000 + 3_600 + SLACK);
        assert!(!list.contains(session));
        assert_eq!(list.len(), 0);
    }
}
