//! Giving money back.
//!
//! The built-in provider moves no money, so a refund is complete when it is written. A
//! refund that the payment's state does not allow is an answer like any other: it is
//! stored under the key and replayed, also after the payment has moved on.

use std::sync::Arc;

use marquis_kernel::SharedClock;
use time::Duration;

use super::create_payment::Answer;
use super::idempotency::{Claim, Claimed, Fingerprint, IdempotencyKey, StoredAnswer, fingerprint};
use super::ports::{Author, Decision, PaymentStore, Refusal, Refused};
use super::{PaymentError, Viewer, events};
use crate::domain::{Description, Payment, PaymentReference, Refund};

/// What to give back.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Minor units; all that is left when absent.
    pub amount: Option<i64>,
    /// Why.
    pub reason: Option<Description>,
}

impl NewRefund {
    fn fingerprint(&self, reference: PaymentReference) -> Fingerprint {
        let amount = self.amount.map(i64::to_be_bytes);
        let given = [u8::from(self.reason.is_some())];
        fingerprint(&[
            b"POST /payments/{reference}/refunds",
            reference.uuid().as_bytes(),
            amount.as_ref().map_or(&[], |bytes| &bytes[..]),
            &given,
            self.reason.as_ref().map_or("", Description::as_str).as_bytes(),
        ])
    }
}

/// Gives money back.
#[derive(Debug)]
pub struct RefundPayment {
    /// Where payments are kept.
    pub store: Arc<dyn PaymentStore>,
    /// The time.
    pub clock: SharedClock,
    /// How long a key is remembered.
    pub retention: Duration,
}

/// How the answers look.
#[derive(Debug, Clone, Copy)]
pub struct RefundPresenter {
    /// The body of a refund that was made.
    pub made: fn(&Refund) -> String,
    /// The body that stands for one that the payment does not allow.
    pub refused: fn(&str) -> String,
}

impl RefundPayment {
    /// Refunds a payment, once per key.
    ///
    /// # Errors
    ///
    /// [`PaymentError::NotFound`], [`PaymentError::KeyReused`], [`PaymentError::KeyInUse`] or
    /// [`PaymentError::Store`]. A refund that the payment does not allow is an [`Answer`].
    pub async fn run(
        &self,
        viewer: Viewer,
        reference: PaymentReference,
        key: Option<IdempotencyKey>,
        new: NewRefund,
        presenter: RefundPresenter,
    ) -> Result<Answer, PaymentError> {
        let claim = key.map(|key| {
            let fingerprint = new.fingerprint(reference);
            Claim::new(viewer.owner, key, fingerprint, self.clock.now(), self.retention)
        });
        let refused = |refusal: Refusal| match refusal {
            Refusal::Refund(error) => {
                Some(StoredAnswer { status: 409, body: (presenter.refused)(&error.to_string()) })
            }
            _ => None,
        };
        let decide = |payment: &Payment| {
            self.decide(viewer, payment, &new, presenter.made)
                .map_err(|refusal| Refused { refusal, answer: refused(refusal) })
        };
        match self.store.change(reference, claim.as_ref(), &decide).await? {
            None => Err(PaymentError::NotFound),
            Some(Claimed::Now(Ok(change))) => {
                let refund = change.refunds.last().ok_or(PaymentError::NotFound)?;
                tracing::info!(%reference, refund = %refund.reference, "payment refunded");
                let answer = StoredAnswer { status: 201, body: (presenter.made)(refund) };
                Ok(Answer { answer, replayed: false })
            }
            Some(Claimed::Now(Err(refusal))) => match refused(refusal) {
                Some(answer) => Ok(Answer { answer, replayed: false }),
                None => Err(refusal.into()),
            },
            Some(Claimed::Before(answer)) => Ok(Answer { answer, replayed: true }),
            Some(Claimed::OtherParameters) => Err(PaymentError::KeyReused),
            Some(Claimed::InUse) => Err(PaymentError::KeyInUse),
        }
    }

    fn decide(
        &self,
        viewer: Viewer,
        payment: &Payment,
        new: &NewRefund,
        made: fn(&Refund) -> String,
    ) -> Result<Decision, Refusal> {
        if !viewer.may_see(payment) {
            return Err(Refusal::Hidden);
        }
        let clock = &*self.clock;
        let change =
            payment.refund(new.amount, new.reason.clone(), clock).map_err(Refusal::Refund)?;
        let answer =
            change.refunds.last().map(|refund| StoredAnswer { status: 201, body: made(refund) });
        let author = Author::Staff(viewer.owner);
        Ok(Decision { events: events::of(&change, clock), change, author, answer })
    }
}
