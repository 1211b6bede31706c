//! Everything that one operation changes about a payment, and how it is put together.
//!
//! A change is only ever extended by legal transitions and by refunds that fit, each with
//! its posting.

use marquis_kernel::{Clock, Money};

use super::ledger::{Cause, JournalTransaction, Posting};
use super::{Amount, Description, Payment, PaymentStatus, Refund, RefundError, RefundReference};

/// The provider whose clearing account takes the money.
pub const PROVIDER: &str = "sandbox";

/// One transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The state before.
    pub from: PaymentStatus,
    /// The state after.
    pub to: PaymentStatus,
}

/// Everything that one operation changes, to be written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The payment afterwards.
    pub after: Payment,
    /// The transitions passed, in order. Empty for a further partial refund.
    pub steps: Vec<Step>,
    /// What to post.
    pub journal: Vec<JournalTransaction>,
    /// What was returned.
    pub refunds: Vec<Refund>,
}

impl Change {
    /// What leaves the payment as it is, but for the time.
    pub(super) fn nothing(payment: &Payment, clock: &dyn Clock) -> Self {
        let mut after = payment.clone();
        // Never before the previous change, whatever the clocks of two nodes say.
        after.updated_at = clock.now().max(payment.updated_at);
        Self { after, steps: Vec::new(), journal: Vec::new(), refunds: Vec::new() }
    }

    /// Goes through `path`, each state of which follows the one before.
    pub(super) fn through(mut self, path: &[PaymentStatus], clock: &dyn Clock) -> Self {
        for &to in path {
            self.steps.push(Step { from: self.after.status, to });
            self.after.status = to;
            if to == PaymentStatus::Succeeded {
                let payment = &self.after;
                let posting = Posting::capture(PROVIDER, payment.owner, payment.amount);
                self.journal.push(JournalTransaction::new(
                    payment.reference,
                    Cause::Capture,
                    posting,
                    clock,
                ));
            }
        }
        self
    }

    /// Returns `amount`, or all that is left.
    pub(super) fn returning(
        mut self,
        amount: Option<i64>,
        reason: Option<Description>,
        provider_id: Option<String>,
        clock: &dyn Clock,
    ) -> Result<Self, RefundError> {
        let payment = &self.after;
        if !payment.status.is_captured() {
            return Err(RefundError::NotCaptured(payment.status));
        }
        let available = payment.refundable();
        if available.amount == 0 {
            return Err(RefundError::NothingLeft);
        }
        let returned = Money::new(amount.unwrap_or(available.amount), available.currency);
        let amount = Amount::new(returned).map_err(|_| RefundError::NotPositive)?;
        if returned.amount > available.amount {
            return Err(RefundError::ExceedsCaptured { requested: returned, available });
        }
        let refund = Refund {
            reference: RefundReference::new(clock),
            payment: payment.reference,
            amount,
            reason,
            provider_id,
            created_at: payment.updated_at,
        };
        self.journal.push(JournalTransaction::new(
            payment.reference,
            Cause::Refund(refund.reference),
            Posting::refund(PROVIDER, payment.owner, amount),
            clock,
        ));
        // At most the amount, which fits.
        self.after.refunded += returned.amount;
        let reached = if self.after.refundable().amount == 0 {
            PaymentStatus::Refunded
        } else {
            PaymentStatus::PartiallyRefunded
        };
        if self.after.status != reached {
            self.steps.push(Step { from: self.after.status, to: reached });
            self.after.status = reached;
        }
        self.refunds.push(refund);
        Ok(self)
    }
}
