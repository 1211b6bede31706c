//! Looking at payments and their refunds.

use std::sync::Arc;

use super::ports::{Filter, HistoryEntry, Listing, PaymentStore, Window};
use super::{PaymentError, Viewer};
use crate::domain::{Payment, PaymentReference, Refund};

/// Reads payments for those who may see them.
#[derive(Debug)]
pub struct ReadPayments {
    /// Where payments are kept.
    pub store: Arc<dyn PaymentStore>,
}

impl ReadPayments {
    /// A payment with its history.
    ///
    /// # Errors
    ///
    /// [`PaymentError::NotFound`] also for a payment that the caller may not know of.
    pub async fn one(
        &self,
        viewer: Viewer,
        reference: PaymentReference,
    ) -> Result<(Payment, Vec<HistoryEntry>), PaymentError> {
        let payment = self.visible(viewer, reference).await?;
        let history = self.store.history(reference).await?;
        Ok((payment, history))
    }

    /// The caller's own payments; those who manage payments see everybody's.
    ///
    /// # Errors
    ///
    /// [`PaymentError::Store`].
    pub async fn list(
        &self,
        viewer: Viewer,
        filter: Filter,
        window: Window,
    ) -> Result<Listing<Payment>, PaymentError> {
        let owner = if viewer.manages { filter.owner } else { Some(viewer.owner) };
        Ok(self.store.list(Filter { owner, ..filter }, window).await?)
    }

    /// The refunds of a payment.
    ///
    /// # Errors
    ///
    /// [`PaymentError::NotFound`] also for a payment that the caller may not know of.
    pub async fn refunds(
        &self,
        viewer: Viewer,
        reference: PaymentReference,
        window: Window,
    ) -> Result<Listing<Refund>, PaymentError> {
        self.visible(viewer, reference).await?;
        Ok(self.store.refunds(reference, window).await?)
    }

    async fn visible(
        &self,
        viewer: Viewer,
        reference: PaymentReference,
    ) -> Result<Payment, PaymentError> {
        let found = self.store.find(reference).await?;
        found.filter(|payment| viewer.may_see(payment)).ok_or(PaymentError::NotFound)
    }
}
