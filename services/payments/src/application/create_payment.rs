//! Making a payment.

use std::sync::Arc;

use marquis_kernel::SharedClock;
use time::Duration;

use super::events;
use super::idempotency::{Claim, Claimed, Fingerprint, IdempotencyKey, StoredAnswer, fingerprint};
use super::ports::{Creation, PaymentProvider, PaymentStore};
use super::{PaymentError, Viewer};
use crate::domain::{Amount, Description, Metadata, Payment};

/// What is to be paid.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// How much.
    pub amount: Amount,
    /// What for.
    pub description: Option<Description>,
    /// The caller's own facts.
    pub metadata: Metadata,
}

impl NewPayment {
    fn fingerprint(&self) -> Fingerprint {
        let amount = self.amount.minor_units().to_be_bytes();
        let currency = self.amount.currency();
        // Absent and empty are different.
        let described = [u8::from(self.description.is_some())];
        let description = self.description.as_ref().map_or("", Description::as_str);
        let mut parts: Vec<&[u8]> = vec![
            b"POST /payments",
            &amount,
            currency.code().as_bytes(),
            &described,
            description.as_bytes(),
        ];
        for (key, value) in self.metadata.entries() {
            parts.push(key.as_bytes());
            parts.push(value.as_bytes());
        }
        fingerprint(&parts)
    }
}

/// An answer to a request that may have been made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status and body.
    pub answer: StoredAnswer,
    /// Whether it was given before.
    pub replayed: bool,
}

/// Makes payments.
#[derive(Debug)]
pub struct CreatePayment {
    /// Where payments are kept.
    pub store: Arc<dyn PaymentStore>,
    /// Who collects the money.
    pub provider: Arc<dyn PaymentProvider>,
    /// The time.
    pub clock: SharedClock,
    /// How long a key is remembered.
    pub retention: Duration,
}

impl CreatePayment {
    /// Makes a payment, once per key. `present` writes the body of the answer.
    ///
    /// # Errors
    ///
    /// [`PaymentError::KeyReused`], [`PaymentError::KeyInUse`] or [`PaymentError::Store`].
    pub async fn run(
        &self,
        viewer: Viewer,
        key: Option<IdempotencyKey>,
        new: NewPayment,
        present: fn(&Payment) -> String,
    ) -> Result<Answer, PaymentError> {
        let clock = &*self.clock;
        let claim = key.map(|key| {
            Claim::new(viewer.owner, key, new.fingerprint(), clock.now(), self.retention)
        });
        let payment =
            Payment::begin(viewer.owner, new.amount, new.description, new.metadata, clock);
        let body = present(&payment);
        let creation = Creation {
            payment: &payment,
            event: events::created(&payment, clock),
            claim: claim.map(|claim| (claim, body.as_str())),
            submit: self.provider.wants(&payment),
        };
        match self.store.create(creation).await? {
            Claimed::Now(()) => {
                tracing::debug!(reference = %payment.reference, "payment created");
                Ok(Answer { answer: StoredAnswer { status: 201, body }, replayed: false })
            }
            Claimed::Before(answer) => Ok(Answer { answer, replayed: true }),
            Claimed::OtherParameters => Err(PaymentError::KeyReused),
            Claimed::InUse => Err(PaymentError::KeyInUse),
        }
    }
}
