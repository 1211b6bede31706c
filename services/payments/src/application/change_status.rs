//! Moving a payment by hand: those who manage payments along the state machine, the owner
//! only into `cancelled`.

use std::sync::Arc;

use marquis_kernel::SharedClock;

use super::idempotency::Claimed;
use super::ports::{Author, Decision, PaymentStore, Refusal, Refused};
use super::{PaymentError, Viewer, events};
use crate::domain::{Payment, PaymentReference, PaymentStatus};

/// Moves payments by hand.
#[derive(Debug)]
pub struct ChangeStatus {
    /// Where payments are kept.
    pub store: Arc<dyn PaymentStore>,
    /// The time.
    pub clock: SharedClock,
}

impl ChangeStatus {
    /// Takes one transition; the payment afterwards.
    ///
    /// # Errors
    ///
    /// [`PaymentError::NotFound`], [`PaymentError::Forbidden`],
    /// [`PaymentError::IllegalTransition`] or [`PaymentError::Store`].
    pub async fn run(
        &self,
        viewer: Viewer,
        reference: PaymentReference,
        to: PaymentStatus,
    ) -> Result<Payment, PaymentError> {
        let decide = |payment: &Payment| {
            self.decide(viewer, payment, to).map_err(|refusal| Refused { refusal, answer: None })
        };
        match self.store.change(reference, None, &decide).await? {
            Some(Claimed::Now(Ok(change))) => {
                let status = change.after.status;
                tracing::info!(%reference, %status, manages = viewer.manages, "payment moved by hand");
                Ok(change.after)
            }
            Some(Claimed::Now(Err(refusal))) => Err(refusal.into()),
            // Without a claim there is nothing to replay.
            None | Some(Claimed::Before(_) | Claimed::OtherParameters | Claimed::InUse) => {
                Err(PaymentError::NotFound)
            }
        }
    }

    fn decide(
        &self,
        viewer: Viewer,
        payment: &Payment,
        to: PaymentStatus,
    ) -> Result<Decision, Refusal> {
        if !viewer.may_see(payment) {
            return Err(Refusal::Hidden);
        }
        if !viewer.manages && to != PaymentStatus::Cancelled {
            return Err(Refusal::Forbidden);
        }
        let change = payment.transition(to, &*self.clock).map_err(Refusal::Illegal)?;
        let author =
            if viewer.manages { Author::Staff(viewer.owner) } else { Author::Owner(viewer.owner) };
        Ok(Decision { events: events::of(&change, &*self.clock), change, author, answer: None })
    }
}

impl From<Refusal> for PaymentError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Hidden => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
            Refusal::Illegal(illegal) => Self::IllegalTransition(illegal),
            Refusal::Refund(error) => Self::Refund(error),
        }
    }
}
