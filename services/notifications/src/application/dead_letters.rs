//! Deliveries that were given up, for whoever runs the installation.

use std::sync::Arc;

use marquis_kernel::SharedClock;
use uuid::Uuid;

use super::ports::{DeadLetter, DeadLetters, StoreError};

/// Looking after dead letters.
#[derive(Debug)]
pub struct TendDeadLetters {
    /// Where they are.
    pub letters: Arc<dyn DeadLetters>,
    /// The time.
    pub clock: SharedClock,
}

impl TendDeadLetters {
    /// Some of them, the latest first, and how many there are.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn list(
        &self,
        limit: u32,
        offset: i64,
    ) -> Result<(Vec<DeadLetter>, i64), StoreError> {
        self.letters.list(limit, offset).await
    }

    /// Has one delivered again, with all its attempts; `false` when there is no such.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn retry(&self, id: Uuid) -> Result<bool, StoreError> {
        self.letters.retry(id, self.clock.now()).await
    }

    /// Gives one up for good; `false` when there is no such.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn discard(&self, id: Uuid) -> Result<bool, StoreError> {
        self.letters.discard(id).await
    }
}
