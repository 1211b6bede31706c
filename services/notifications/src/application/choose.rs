//! Choosing how to be told.

use std::sync::Arc;

use marquis_kernel::SharedClock;

use super::ports::{Inbox, StoreError};
use crate::domain::{PersonId, Preferences};

/// Choosing how to be told.
#[derive(Debug)]
pub struct ChoosePreferences {
    /// Where it is kept.
    pub inbox: Arc<dyn Inbox>,
    /// The time.
    pub clock: SharedClock,
}

impl ChoosePreferences {
    /// What a person wants.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn of(&self, person: PersonId) -> Result<Preferences, StoreError> {
        self.inbox.preferences(person).await
    }

    /// Replaces what a person wants.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn replace(
        &self,
        person: PersonId,
        preferences: &Preferences,
    ) -> Result<(), StoreError> {
        self.inbox.put_preferences(person, preferences, self.clock.now()).await
    }
}
