//! Looking at people.

use std::sync::Arc;

use super::UsersError;
use super::acquaintance::Acquaintance;
use super::ports::{Filter, Listing, People, Window};
use crate::domain::{Person, PersonId, PrivatePerson};

/// Finds people. Somebody who registered a moment ago is found by id before the event of
/// their registration arrives.
#[derive(Debug)]
pub struct FindPeople {
    /// Where people are kept.
    pub people: Arc<dyn People>,
    /// For those who are not here yet.
    pub acquaintance: Acquaintance,
}

impl FindPeople {
    /// A part of the directory.
    ///
    /// # Errors
    ///
    /// [`UsersError::Store`].
    pub async fn list(&self, filter: &Filter, window: Window) -> Result<Listing, UsersError> {
        Ok(self.people.list(filter, window).await?)
    }

    /// A person as everybody sees them.
    ///
    /// # Errors
    ///
    /// [`UsersError::NotFound`] and those of the storage and of the owner of identities.
    pub async fn one(&self, id: PersonId) -> Result<Person, UsersError> {
        if let Some(person) = self.people.find(id).await? {
            return Ok(person);
        }
        if !self.acquaintance.make(id).await? {
            return Err(UsersError::NotFound);
        }
        self.people.find(id).await?.ok_or(UsersError::NotFound)
    }

    /// A person as they see themselves.
    ///
    /// # Errors
    ///
    /// As [`FindPeople::one`].
    pub async fn oneself(&self, id: PersonId) -> Result<PrivatePerson, UsersError> {
        if let Some(person) = self.people.find_private(id).await? {
            return Ok(person);
        }
        if !self.acquaintance.make(id).await? {
            return Err(UsersError::NotFound);
        }
        self.people.find_private(id).await?.ok_or(UsersError::NotFound)
    }
}
