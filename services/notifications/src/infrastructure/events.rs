//! Events of other services, each taking effect once: in the transaction that moves the
//! cursor into the other service's log.

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_database::Transaction;
use marquis_database::feed::{Handler, HandlerError};

use super::postgres::PostgresNotifications;
use crate::application::translate::reaction;
use crate::domain::Delays;

/// Makes events take effect.
#[derive(Debug, Clone)]
pub struct EventHandler {
    /// Where notifications are stored.
    pub store: PostgresNotifications,
    /// Pauses between e-mails and push messages.
    pub delays: Delays,
}

#[async_trait]
impl Handler for EventHandler {
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        event: &Event,
    ) -> Result<(), HandlerError> {
        match reaction(event) {
            Ok(reaction) => {
                Ok(self.store.react(transaction, event.id, &reaction, self.delays).await?)
            }
            Err(malformed) => Err(HandlerError::Refused(malformed.into())),
        }
    }
}
