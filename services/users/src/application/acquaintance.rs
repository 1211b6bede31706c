//! Getting to know people who are not here yet, or who changed: the owner of identities is
//! asked who they are.

use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_contracts::people::{Identities, IdentitiesUnavailable};
use marquis_kernel::SharedClock;
use time::OffsetDateTime;
use uuid::Uuid;

use super::UsersError;
use super::ports::{Known, People};
use crate::domain::{EmailAddress, PersonId};

/// Asks who people are.
#[derive(Debug, Clone)]
pub struct Acquaintance {
    /// Where people are kept.
    pub people: Arc<dyn People>,
    /// Who knows them.
    pub identities: Arc<dyn Identities>,
    /// The time.
    pub clock: SharedClock,
}

impl Acquaintance {
    /// Who a person is; `None` when there is no such person.
    ///
    /// # Errors
    ///
    /// [`IdentitiesUnavailable`].
    pub async fn ask(&self, id: PersonId) -> Result<Option<Known>, IdentitiesUnavailable> {
        let user = UserId::from_uuid(id.uuid());
        let identities = self.identities.identities(&[user]).await?;
        let Some(identity) = identities.into_iter().find(|identity| identity.user_id == user)
        else {
            return Ok(None);
        };
        let email = self.identities.email(user).await?;
        Ok(Some(Known {
            id,
            username: identity.username,
            email: email.as_deref().map(EmailAddress::normalised),
            since: made_at(id.uuid()).unwrap_or_else(|| self.clock.now()),
        }))
    }

    /// Asks and remembers; whether there is such a person.
    ///
    /// # Errors
    ///
    /// [`UsersError::Identities`] and [`UsersError::Store`].
    pub async fn make(&self, id: PersonId) -> Result<bool, UsersError> {
        let Some(known) = self.ask(id).await? else { return Ok(false) };
        self.people.learn(&known).await?;
        Ok(true)
    }
}

/// User ids are made when people register, and carry that time.
fn made_at(id: Uuid) -> Option<OffsetDateTime> {
    if id.get_version_num() != 7 {
        return None;
    }
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    let at = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds / 1_000_000 * 1_000_000);
    OffsetDateTime::from_unix_timestamp_nanos(at).ok()
}
