//! Handing a new payment to the provider: the job that its creation enqueues.

use std::sync::Arc;

use super::ports::{PaymentProvider, PaymentStore, ProviderError, StoreError};
use crate::domain::{PaymentReference, PaymentStatus};

/// Kind of the job.
pub const JOB: &str = "payment.submit";

/// Hands payments to the provider.
#[derive(Debug)]
pub struct SubmitPayment {
    /// Where payments are kept.
    pub store: Arc<dyn PaymentStore>,
    /// Who collects the money.
    pub provider: Arc<dyn PaymentProvider>,
}

/// Why a submission did not work; it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl SubmitPayment {
    /// Submits a payment that is still open. Running it twice does no harm: providers
    /// recognise the reference.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]; the job is to be repeated.
    pub async fn run(&self, reference: PaymentReference) -> Result<(), SubmitError> {
        let Some(payment) = self.store.find(reference).await? else {
            tracing::warn!(%reference, "a payment to be submitted does not exist");
            return Ok(());
        };
        if matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Processing) {
            self.provider.submit(&payment).await?;
        }
        Ok(())
    }
}
