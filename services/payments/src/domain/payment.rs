//! The payment itself, and the three ways in which it changes: a transition that a person
//! asks for, a report of the provider, and a refund.
//!
//! After every change `0 <= refunded <= amount`, the status tells how much was refunded,
//! and the journal holds exactly one capture when the payment was captured.

use marquis_kernel::{Clock, Money};
use time::OffsetDateTime;

use super::status::Standing;
use super::{
    Amount, Change, Description, Metadata, OwnerId, PaymentReference, PaymentStatus, RefundError,
};

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its public name.
    pub reference: PaymentReference,
    /// Who made it.
    pub owner: OwnerId,
    /// How much.
    pub amount: Amount,
    /// How much of it was returned, in the same minor units.
    pub refunded: i64,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What for.
    pub description: Option<Description>,
    /// The caller's own facts.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// The transition does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A payment that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// The state it is in.
    pub from: PaymentStatus,
    /// The state asked for.
    pub to: PaymentStatus,
}

/// What a provider says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It reached a state. Providers may repeat the amount, which then must agree.
    Reached {
        /// One of processing, succeeded, failed, cancelled.
        status: PaymentStatus,
        /// The amount as the provider knows it.
        amount: Option<Money>,
    },
    /// It returned money.
    Refunded {
        /// The provider's id of the refund.
        provider_id: String,
        /// How much.
        amount: Money,
        /// Why.
        reason: Option<Description>,
    },
}

/// What a report means for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It brings this change.
    Applied(Box<Change>),
    /// It tells nothing new.
    Stale,
    /// It contradicts what is known; the text says how.
    Conflict(String),
}

impl Payment {
    /// A payment that begins now.
    #[must_use]
    pub fn begin(
        owner: OwnerId,
        amount: Amount,
        description: Option<Description>,
        metadata: Metadata,
        clock: &dyn Clock,
    ) -> Self {
        let now = clock.now();
        Self {
            reference: PaymentReference::new(clock),
            owner,
            amount,
            refunded: 0,
            status: PaymentStatus::Pending,
            description,
            metadata,
            created_at: now,
            updated_at: now,
        }
    }

    /// What can still be refunded once the payment is captured.
    #[must_use]
    pub fn refundable(&self) -> Money {
        let captured = self.amount.money();
        Money::new(captured.amount.saturating_sub(self.refunded), captured.currency)
    }

    /// One transition, as a person or another service asks for it.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] when the state machine has no such transition, or when the
    /// target is a state that only a refund leads to.
    pub fn transition(
        &self,
        to: PaymentStatus,
        clock: &dyn Clock,
    ) -> Result<Change, IllegalTransition> {
        if to.is_refund() || !self.status.can_become(to) {
            return Err(IllegalTransition { from: self.status, to });
        }
        Ok(Change::nothing(self, clock).through(&[to], clock))
    }

    /// Returns `amount`, or all that is left, of a captured payment.
    ///
    /// # Errors
    ///
    /// [`RefundError`] when nothing was captured or not as much is left.
    pub fn refund(
        &self,
        amount: Option<i64>,
        reason: Option<Description>,
        clock: &dyn Clock,
    ) -> Result<Change, RefundError> {
        Change::nothing(self, clock).returning(amount, reason, None, clock)
    }

    /// Takes in a provider's report. Reports may come late, early, twice or never: one
    /// that is ahead is applied along the path that leads there.
    ///
    /// `known_refund` tells whether a refund with the report's `provider_id` is on record.
    #[must_use]
    pub fn settle(&self, report: &Report, known_refund: bool, clock: &dyn Clock) -> Settlement {
        match report {
            Report::Reached { status, amount } => self.settle_status(*status, *amount, clock),
            Report::Refunded { .. } if known_refund => Settlement::Stale,
            Report::Refunded { provider_id, amount, reason } => {
                self.settle_refund(provider_id, *amount, reason.clone(), clock)
            }
        }
    }

    fn settle_status(
        &self,
        status: PaymentStatus,
        amount: Option<Money>,
        clock: &dyn Clock,
    ) -> Settlement {
        if let Some(amount) = amount
            && amount != self.amount.money()
        {
            return Settlement::Conflict(format!(
                "the provider reports {amount} for a payment of {}",
                self.amount
            ));
        }
        match self.status.standing_of(status) {
            Standing::Ahead(path) if !status.is_refund() => {
                Settlement::Applied(Box::new(Change::nothing(self, clock).through(&path, clock)))
            }
            Standing::Behind => Settlement::Stale,
            Standing::Ahead(_) | Standing::Elsewhere => Settlement::Conflict(
                IllegalTransition { from: self.status, to: status }.to_string(),
            ),
        }
    }

    fn settle_refund(
        &self,
        provider_id: &str,
        amount: Money,
        reason: Option<Description>,
        clock: &dyn Clock,
    ) -> Settlement {
        if amount.currency != self.amount.currency() {
            return Settlement::Conflict(format!(
                "the provider refunds {amount} of a payment of {}",
                self.amount
            ));
        }
        // Money goes back only after it was captured: such a report implies the capture
        // whose own event is still on its way.
        let mut change = Change::nothing(self, clock);
        if !self.status.is_captured() {
            match self.status.standing_of(PaymentStatus::Succeeded) {
                Standing::Ahead(path) => change = change.through(&path, clock),
                Standing::Behind | Standing::Elsewhere => {
                    return Settlement::Conflict(RefundError::NotCaptured(self.status).to_string());
                }
            }
        }
        let provider_id = Some(provider_id.to_owned());
        match change.returning(Some(amount.amount), reason, provider_id, clock) {
            Ok(change) => Settlement::Applied(Box::new(change)),
            Err(error) => Settlement::Conflict(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::{Currency, SystemClock};

    use super::*;

    fn payment(status: PaymentStatus) -> Payment {
        let clock = &SystemClock;
        let mut payment = Payment::begin(
            OwnerId::new(clock),
            Amount::new(Money::new(1_000, Currency::EUR)).expect("positive"),
            None,
            Metadata::default(),
            clock,
        );
        payment.status = status;
        payment
    }

    fn reached(status: PaymentStatus) -> Report {
        Report::Reached { status, amount: None }
    }

    #[test]
    fn a_success_out_of_the_blue_passes_processing_and_captures_once() {
        let pending = payment(PaymentStatus::Pending);
        let Settlement::Applied(change) =
            pending.settle(&reached(PaymentStatus::Succeeded), false, &SystemClock)
        else {
            panic!("not applied");
        };
        let passed: Vec<_> = change.steps.iter().map(|step| step.to).collect();
        assert_eq!(passed, [PaymentStatus::Processing, PaymentStatus::Succeeded]);
        assert_eq!(change.journal.len(), 1);
    }

    #[test]
    fn a_person_takes_one_step_at_a_time_and_never_into_a_refund() {
        let pending = payment(PaymentStatus::Pending);
        let error = pending.transition(PaymentStatus::Succeeded, &SystemClock).expect_err("a jump");
        assert_eq!(error.to_string(), "A payment that is pending cannot become succeeded");
        let captured = payment(PaymentStatus::Succeeded);
        assert!(captured.transition(PaymentStatus::Refunded, &SystemClock).is_err());
        assert!(pending.transition(PaymentStatus::Pending, &SystemClock).is_err());
    }

    #[test]
    fn reports_that_disagree_are_conflicts() {
        let failed = payment(PaymentStatus::Failed);
        assert_eq!(
            failed.settle(&reached(PaymentStatus::Succeeded), false, &SystemClock),
            Settlement::Conflict("A payment that is failed cannot become succeeded".to_owned())
        );
        let other_amount = Report::Reached {
            status: PaymentStatus::Succeeded,
            amount: Some(Money::new(999, Currency::EUR)),
        };
        let pending = payment(PaymentStatus::Pending);
        assert!(matches!(
            pending.settle(&other_amount, false, &SystemClock),
            Settlement::Conflict(_)
        ));
    }

    #[test]
    fn a_refund_report_before_the_capture_implies_it() {
        let report = Report::Refunded {
            provider_id: "re_1".to_owned(),
            amount: Money::new(400, Currency::EUR),
            reason: None,
        };
        let pending = payment(PaymentStatus::Pending);
        let Settlement::Applied(change) = pending.settle(&report, false, &SystemClock) else {
            panic!("not applied");
        };
        assert_eq!(change.after.status, PaymentStatus::PartiallyRefunded);
        assert_eq!((change.after.refunded, change.journal.len()), (400, 2));
        assert_eq!(change.after.settle(&report, true, &SystemClock), Settlement::Stale);
        let failed = payment(PaymentStatus::Failed);
        assert!(matches!(failed.settle(&report, false, &SystemClock), Settlement::Conflict(_)));
    }

    #[test]
    fn refunds_stop_at_what_was_captured() {
        let clock = &SystemClock;
        let captured = payment(PaymentStatus::Succeeded);
        let part = captured.refund(Some(300), None, clock).expect("a part").after;
        assert_eq!(part.status, PaymentStatus::PartiallyRefunded);
        assert_eq!(
            part.refund(Some(701), None, clock),
            Err(RefundError::ExceedsCaptured {
                requested: Money::new(701, Currency::EUR),
                available: Money::new(700, Currency::EUR),
            })
        );
        assert_eq!(part.refund(Some(0), None, clock), Err(RefundError::NotPositive));
        let rest = part.refund(None, None, clock).expect("the rest").after;
        assert_eq!((rest.status, rest.refunded), (PaymentStatus::Refunded, 1_000));
        assert_eq!(rest.refund(None, None, clock), Err(RefundError::NothingLeft));
        let pending = payment(PaymentStatus::Pending);
        assert_eq!(
            pending.refund(None, None, clock),
            Err(RefundError::NotCaptured(PaymentStatus::Pending))
        );
    }
}
