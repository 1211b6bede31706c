//! Events from providers.
//!
//! An event is authenticated over its raw bytes, stored, and only then understood and
//! settled. Events come in any order and number: settling one that was settled, is behind
//! or contradicts changes nothing. One that a crash left behind, or whose payment is not
//! known yet, is settled later.

pub mod payload;
pub mod signature;

use std::sync::Arc;

use marquis_kernel::SharedClock;
use time::Duration;

use super::ports::{Outcome, ProviderEvents, Settled, StoreError};
use payload::{event_id, understand};
use signature::{Keyring, SignatureError, SignatureHeaders};

/// An event that was stored and not settled for so long was left behind by a crash.
const LEFT_BEHIND: Duration = Duration::seconds(30);

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Nobody we know signed it, or not lately.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is signed, but not what we understand.
    #[error("the event is malformed: {0}")]
    Malformed(String),
    /// The storage failed; the provider is to deliver it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes in provider events.
#[derive(Debug)]
pub struct ReceiveEvent {
    /// Where events are kept.
    pub events: Arc<dyn ProviderEvents>,
    /// Who may send events.
    pub keys: Arc<Keyring>,
    /// The time.
    pub clock: SharedClock,
}

impl ReceiveEvent {
    /// Authenticates, stores and settles an event.
    ///
    /// # Errors
    ///
    /// [`WebhookError`].
    pub async fn run(
        &self,
        headers: SignatureHeaders<'_>,
        body: &[u8],
    ) -> Result<Settled, WebhookError> {
        let now = self.clock.now();
        let authentic = self.keys.authenticate(headers, body, now)?;
        let named = match authentic.event_id {
            Some(id) => id.to_owned(),
            None => event_id(body).map_err(WebhookError::Malformed)?,
        };
        let id = self.events.record(authentic.source, &named, body, now).await?;
        let settled = self.events.settle(id, &understand, &*self.clock).await?;
        report(authentic.source, &named, &settled);
        if settled.outcome == Outcome::Malformed {
            return Err(WebhookError::Malformed(settled.detail.unwrap_or_default()));
        }
        Ok(settled)
    }

    /// Settles events that were left behind or have found their payment; how many. One that
    /// cannot be settled does not hold up the others.
    ///
    /// # Errors
    ///
    /// The first [`StoreError`]; what was not settled is tried again next time.
    pub async fn settle_open(&self) -> Result<usize, StoreError> {
        let open = self.events.open(self.clock.now() - LEFT_BEHIND).await?;
        let mut settled = 0;
        let mut trouble = Ok(());
        for id in open {
            match self.events.settle(id, &understand, &*self.clock).await {
                Ok(done) => {
                    report("open", &id.to_string(), &done);
                    settled += 1;
                }
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => trouble = trouble.and(Err(error)),
            }
        }
        trouble.map(|()| settled)
    }
}

fn report(source: &str, event: &str, settled: &Settled) {
    if !settled.now {
        return;
    }
    let outcome = settled.outcome.as_str();
    let payment = settled.payment.map(tracing::field::display);
    let detail = settled.detail.as_deref();
    match settled.outcome {
        Outcome::Conflict | Outcome::Malformed => {
            tracing::warn!(source, event, outcome, payment, detail, "provider event not applied");
        }
        Outcome::Unmatched => {
            tracing::info!(source, event, outcome, payment, "provider event waits for its payment");
        }
        _ => tracing::debug!(source, event, outcome, payment, detail, "provider event settled"),
    }
}
