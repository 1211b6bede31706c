//! Whether what the ledger says and what the payments say is the same.
//!
//! Works on sums that storage computed over all entries of one payment, so that a ledger
//! of any size is checked in constant memory. Sums are 128 bits wide: a corrupted ledger
//! must be reported, not overflow.

use std::fmt;

use super::{PaymentReference, PaymentStatus};

/// What storage knows of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFacts {
    /// Whose facts.
    pub reference: PaymentReference,
    /// The payment's row, unless entries or refunds refer to a payment that is not there.
    pub payment: Option<StatedFacts>,
    /// Sum over all its entries.
    pub net: i128,
    /// Sum on clearing accounts.
    pub clearing: i128,
    /// Sum on balance accounts; a credit, so negative.
    pub balance: i128,
    /// Sum on refunds accounts.
    pub refunds: i128,
    /// Entries in another currency than the payment's.
    pub foreign_entries: i64,
    /// Captures in the journal.
    pub captures: i64,
    /// Sum over its refunds.
    pub refunded: i128,
    /// The state that its last recorded transition led to.
    pub last_transition: Option<PaymentStatus>,
}

/// What the payment's own row states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedFacts {
    /// Its amount.
    pub amount: i64,
    /// How much of it was returned.
    pub refunded: i64,
    /// Where it stands.
    pub status: PaymentStatus,
}

/// One thing that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// All entries of a currency do not sum to zero.
    GlobalImbalance {
        /// The currency's code as stored.
        currency: String,
        /// The sum.
        sum: i128,
    },
    /// The entries of a journal transaction do not sum to zero.
    TransactionImbalance {
        /// Whose, unless the transaction itself is gone and only its entries are left.
        reference: Option<PaymentReference>,
        /// Which.
        transaction: uuid::Uuid,
        /// The sum.
        sum: i128,
    },
    /// Something about one payment.
    Payment {
        /// Which.
        reference: PaymentReference,
        /// What is compared.
        what: &'static str,
        /// What the payment implies.
        expected: i128,
        /// What is stored.
        found: i128,
    },
    /// Entries or refunds of a payment that does not exist.
    Orphan {
        /// The payment they name.
        reference: PaymentReference,
    },
    /// The payment's state is not the one that its last transition led to.
    Status {
        /// Which payment.
        reference: PaymentReference,
        /// The state in its row.
        stated: PaymentStatus,
        /// The state of its history.
        history: PaymentStatus,
    },
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GlobalImbalance { currency, sum } => {
                write!(f, "all entries in {currency} sum to {sum}, not to zero")
            }
            Self::TransactionImbalance { reference: Some(reference), transaction, sum } => write!(
                f,
                "{reference}: journal transaction {transaction} sums to {sum}, not to zero"
            ),
            Self::TransactionImbalance { reference: None, transaction, sum } => write!(
                f,
                "journal transaction {transaction} is gone and left entries that sum to {sum}"
            ),
            Self::Payment { reference, what, expected, found } => {
                write!(f, "{reference}: {what} should be {expected} and is {found}")
            }
            Self::Orphan { reference } => {
                write!(f, "{reference}: entries or refunds exist, the payment does not")
            }
            Self::Status { reference, stated, history } => {
                write!(f, "{reference}: the payment is {stated}, its history ends in {history}")
            }
        }
    }
}

impl PaymentFacts {
    /// Everything that does not agree.
    #[must_use]
    pub fn discrepancies(&self) -> Vec<Discrepancy> {
        let reference = self.reference;
        let Some(stated) = self.payment else {
            return vec![Discrepancy::Orphan { reference }];
        };
        let captured = stated.status.is_captured();
        let taken = if captured { i128::from(stated.amount) } else { 0 };
        let returned = i128::from(stated.refunded);
        let comparisons = [
            ("the sum of all entries", 0, self.net),
            ("the captured amount", taken, -self.balance),
            ("the number of captures", i128::from(captured), i128::from(self.captures)),
            ("the amount on the refunds account", returned, self.refunds),
            ("the sum of the refunds", returned, self.refunded),
            ("the amount on the clearing account", taken - returned, self.clearing),
            ("the number of entries in another currency", 0, i128::from(self.foreign_entries)),
        ];
        let mut found: Vec<Discrepancy> = comparisons
            .into_iter()
            .filter(|(_, expected, found)| expected != found)
            .map(|(what, expected, found)| Discrepancy::Payment {
                reference,
                what,
                expected,
                found,
            })
            .collect();
        let history = self.last_transition.unwrap_or(PaymentStatus::Pending);
        if history != stated.status {
            found.push(Discrepancy::Status { reference, stated: stated.status, history });
        }
        let refund_state = match stated.refunded {
            0 => !stated.status.is_refund(),
            all if all == stated.amount => stated.status == PaymentStatus::Refunded,
            _ => stated.status == PaymentStatus::PartiallyRefunded,
        };
        if !refund_state {
            let what = if stated.status == PaymentStatus::Refunded {
                "the refunded amount of a refunded payment"
            } else {
                "the refunded amount that its status implies"
            };
            let expected = if stated.status == PaymentStatus::Refunded { stated.amount } else { 0 };
            found.push(Discrepancy::Payment {
                reference,
                what,
                expected: i128::from(expected),
                found: returned,
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;

    use super::*;

    fn agreeing() -> PaymentFacts {
        PaymentFacts {
            reference: PaymentReference::new(&SystemClock),
            payment: Some(StatedFacts {
                amount: 1_000,
                refunded: 400,
                status: PaymentStatus::PartiallyRefunded,
            }),
            net: 0,
            clearing: 600,
            balance: -1_000,
            refunds: 400,
            foreign_entries: 0,
            captures: 1,
            refunded: 400,
            last_transition: Some(PaymentStatus::PartiallyRefunded),
        }
    }

    #[test]
    fn agreement_is_silent() {
        assert_eq!(agreeing().discrepancies(), []);
        let untouched = PaymentFacts {
            payment: Some(StatedFacts {
                amount: 1_000,
                refunded: 0,
                status: PaymentStatus::Pending,
            }),
            clearing: 0,
            balance: 0,
            refunds: 0,
            captures: 0,
            refunded: 0,
            last_transition: None,
            ..agreeing()
        };
        assert_eq!(untouched.discrepancies(), []);
    }

    #[test]
    fn every_disagreement_is_named() {
        type Corrupt = fn(&mut PaymentFacts);
        let wrong: [(&str, Corrupt); 7] = [
            ("sum of all entries", |facts| facts.net = 1),
            ("captured amount", |facts| facts.balance = -999),
            ("number of captures", |facts| facts.captures = 2),
            ("refunds account", |facts| facts.refunds = 0),
            ("sum of the refunds", |facts| facts.refunded = 401),
            ("clearing account", |facts| facts.clearing = i128::MAX),
            ("history ends in", |facts| facts.last_transition = None),
        ];
        for (text, corrupt) in wrong {
            let mut facts = agreeing();
            corrupt(&mut facts);
            let found = facts.discrepancies();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].to_string().contains(text), "{}", found[0]);
        }
        let orphan = PaymentFacts { payment: None, ..agreeing() };
        assert!(matches!(orphan.discrepancies()[..], [Discrepancy::Orphan { .. }]));
    }

    #[test]
    fn a_status_that_contradicts_the_refunds_is_named() {
        let mut facts = agreeing();
        facts.payment =
            Some(StatedFacts { amount: 1_000, refunded: 400, status: PaymentStatus::Refunded });
        facts.last_transition = Some(PaymentStatus::Refunded);
        let found = facts.discrepancies();
        assert!(found.iter().any(|one| one.to_string().contains("of a refunded payment")));
    }
}
