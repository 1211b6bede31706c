//! Being forgotten (GDPR, article 17).

use std::sync::Arc;

use marquis_kernel::SharedClock;

use super::ports::{People, Pictures};
use super::{UsersError, events};
use crate::domain::PersonId;

/// Forgets people.
#[derive(Debug)]
pub struct Erase {
    /// Where people are kept.
    pub people: Arc<dyn People>,
    /// Their pictures.
    pub pictures: Arc<dyn Pictures>,
    /// The time.
    pub clock: SharedClock,
}

impl Erase {
    /// Forgets a person here and has every other service do so. Once this returns it will
    /// happen everywhere, whatever is away now; doing it again does nothing.
    ///
    /// # Errors
    ///
    /// [`UsersError::Store`]; nothing was forgotten then.
    pub async fn run(&self, id: PersonId) -> Result<(), UsersError> {
        let event = events::user_erased(id, &*self.clock);
        let Some(picture) = self.people.erase(id, &event).await? else { return Ok(()) };
        if let Err(error) = self.pictures.remove_unused(picture).await {
            // It is nobody's now, and is removed when those are looked for next.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the picture of an erased person could not be removed at once"
            );
        }
        Ok(())
    }
}
