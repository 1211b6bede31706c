//! Changing one's own profile.

use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_contracts::people::{Identities, RenameError};
use marquis_kernel::SharedClock;

use super::find_people::FindPeople;
use super::ports::People;
use super::{UsersError, events};
use crate::domain::{PersonId, PrivatePerson, ProfileChange, RequestedUsername};

/// Changes profiles.
#[derive(Debug)]
pub struct ChangeProfile {
    /// Where people are kept.
    pub people: Arc<dyn People>,
    /// Who owns login names.
    pub identities: Arc<dyn Identities>,
    /// Looks at people.
    pub find: Arc<FindPeople>,
    /// The time.
    pub clock: SharedClock,
}

impl ChangeProfile {
    /// Changes what is given and returns the profile afterwards. The username comes first:
    /// when it cannot be had, nothing is changed.
    ///
    /// # Errors
    ///
    /// [`UsersError`].
    pub async fn run(
        &self,
        caller: PersonId,
        whose: PersonId,
        username: Option<RequestedUsername>,
        change: &ProfileChange,
    ) -> Result<PrivatePerson, UsersError> {
        if caller != whose {
            return Err(UsersError::SomebodyElse);
        }
        let before = self.find.oneself(whose).await?;
        if let Some(username) = username.filter(|name| name.as_str() != before.person.username) {
            self.rename(whose, &username).await?;
        }
        if !change.is_empty() {
            let event = events::profile_updated(whose, &*self.clock);
            if !self.people.change(whose, change, &event).await? {
                return Err(UsersError::NotFound);
            }
        }
        self.find.oneself(whose).await
    }

    async fn rename(
        &self,
        whose: PersonId,
        username: &RequestedUsername,
    ) -> Result<(), UsersError> {
        let user = UserId::from_uuid(whose.uuid());
        let renamed = self.identities.rename(user, username.as_str()).await;
        let identity = renamed.map_err(|error| match error {
            RenameError::Taken => UsersError::UsernameTaken,
            RenameError::Invalid(rule) => UsersError::UsernameInvalid(rule),
            RenameError::NotFound => UsersError::NotFound,
            RenameError::Unavailable(error) => UsersError::Identities(error),
        })?;
        // The event says the same again, should this not be reached.
        Ok(self.people.rename(whose, &identity.username).await?)
    }
}
