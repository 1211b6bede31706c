//! The state machine of a payment.
//!
//! `pending -> processing -> succeeded | failed | cancelled`, `pending -> failed | cancelled`,
//! `succeeded -> partially_refunded -> refunded`, `succeeded -> refunded`. The graph has no
//! cycle, which is what makes events safe in any order: of two states on one path, one is
//! always the earlier.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// Created, not yet taken up by the provider.
    Pending,
    /// The provider works on it.
    Processing,
    /// Captured.
    Succeeded,
    /// Refused by the provider.
    Failed,
    /// Called off before it was captured.
    Cancelled,
    /// Captured, and a part of it returned.
    PartiallyRefunded,
    /// Captured and wholly returned.
    Refunded,
}

/// How a target state lies relative to the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The target can be reached through these states, the last being the target itself.
    Ahead(Vec<PaymentStatus>),
    /// The payment is there already, or has been there or could have.
    Behind,
    /// The target lies on a branch that the payment did not take.
    Elsewhere,
}

impl PaymentStatus {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::PartiallyRefunded,
        Self::Refunded,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// The states that may follow directly.
    #[must_use]
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Processing, Self::Failed, Self::Cancelled],
            Self::Processing => &[Self::Succeeded, Self::Failed, Self::Cancelled],
            Self::Succeeded => &[Self::PartiallyRefunded, Self::Refunded],
            Self::PartiallyRefunded => &[Self::Refunded],
            Self::Failed | Self::Cancelled | Self::Refunded => &[],
        }
    }

    /// Whether `next` may follow directly.
    #[must_use]
    pub fn can_become(self, next: Self) -> bool {
        self.successors().contains(&next)
    }

    /// Whether the money was captured, be it returned since or not.
    #[must_use]
    pub const fn is_captured(self) -> bool {
        matches!(self, Self::Succeeded | Self::PartiallyRefunded | Self::Refunded)
    }

    /// Whether this is a state that only a refund leads to.
    #[must_use]
    pub const fn is_refund(self) -> bool {
        matches!(self, Self::PartiallyRefunded | Self::Refunded)
    }

    /// How `target` lies relative to this state.
    #[must_use]
    pub fn standing_of(self, target: Self) -> Standing {
        if self == target || target.shortest_path_to(self).is_some() {
            return Standing::Behind;
        }
        self.shortest_path_to(target).map_or(Standing::Elsewhere, Standing::Ahead)
    }

    /// The states to pass from here to `target`, without this one; `None` when there is no way.
    fn shortest_path_to(self, target: Self) -> Option<Vec<Self>> {
        let mut queue = VecDeque::from([vec![self]]);
        while let Some(path) = queue.pop_front() {
            let last = *path.last()?;
            for &next in last.successors() {
                let mut longer = path.clone();
                longer.push(next);
                if next == target {
                    longer.remove(0);
                    return Some(longer);
                }
                queue.push_back(longer);
            }
        }
        None
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not one of pending, processing, succeeded, failed, cancelled, partially_refunded, refunded"
)]
pub struct UnknownStatus;

impl FromStr for PaymentStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::PaymentStatus::{
        Cancelled, Failed, PartiallyRefunded, Pending, Processing, Refunded, Succeeded,
    };
    use super::*;

    #[test]
    fn exactly_these_transitions_are_legal() {
        let legal: Vec<(PaymentStatus, PaymentStatus)> = PaymentStatus::ALL
            .into_iter()
            .flat_map(|from| PaymentStatus::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from.can_become(*to))
            .collect();
        assert_eq!(
            legal,
            [
                (Pending, Processing),
                (Pending, Failed),
                (Pending, Cancelled),
                (Processing, Succeeded),
                (Processing, Failed),
                (Processing, Cancelled),
                (Succeeded, PartiallyRefunded),
                (Succeeded, Refunded),
                (PartiallyRefunded, Refunded),
            ]
        );
    }

    #[test]
    fn a_target_is_ahead_behind_or_elsewhere() {
        assert_eq!(Pending.standing_of(Succeeded), Standing::Ahead(vec![Processing, Succeeded]));
        assert_eq!(Pending.standing_of(Failed), Standing::Ahead(vec![Failed]));
        assert_eq!(Succeeded.standing_of(Processing), Standing::Behind);
        assert_eq!(Failed.standing_of(Processing), Standing::Behind);
        assert_eq!(Refunded.standing_of(Succeeded), Standing::Behind);
        assert_eq!(Failed.standing_of(Failed), Standing::Behind);
        assert_eq!(Failed.standing_of(Succeeded), Standing::Elsewhere);
        assert_eq!(Succeeded.standing_of(Cancelled), Standing::Elsewhere);
    }

    #[test]
    fn names_round_trip() {
        for status in PaymentStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("Pending".parse::<PaymentStatus>(), Err(UnknownStatus));
    }
}
