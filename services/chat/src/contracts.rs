//! What other services ask this one for.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use marquis_contracts::presence::{Presence, PresenceUnavailable};

use crate::application::ports::{Connections, Messages};
use crate::domain::PersonId;

/// [`Presence`] by the store's leases.
#[derive(Debug)]
pub(crate) struct ChatPresence(pub(crate) Arc<dyn Connections>);

#[async_trait]
impl Presence for ChatPresence {
    async fn online(&self, users: &[UserId]) -> Result<Vec<UserId>, PresenceUnavailable> {
        let people: Vec<PersonId> =
            users.iter().map(|user| PersonId::from_uuid(user.uuid())).collect();
        let online = self.0.online(&people).await;
        let online = online.map_err(|error| PresenceUnavailable(Box::new(error)))?;
        Ok(online.into_iter().map(|person| UserId::from_uuid(person.uuid())).collect())
    }
}

/// [`PersonalData`] of a person: what they said and were told, read marks and blocks.
#[derive(Debug)]
pub(crate) struct ChatPersonalData(pub(crate) Arc<dyn Messages>);

#[async_trait]
impl PersonalData for ChatPersonalData {
    async fn export(&self, user: UserId) -> Result<serde_json::Value, PersonalDataUnavailable> {
        let exported = self.0.export(PersonId::from_uuid(user.uuid())).await;
        exported.map_err(|error| PersonalDataUnavailable(Box::new(error)))
    }
}
