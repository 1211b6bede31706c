//! What becomes of a person who is erased: their copies, marks and blocks go, and every
//! message that nobody else has. The other person of a conversation keeps what they have.
//! Their id stays in `erased_people`, so that nothing on its way brings anything back.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_chat_queries::queries::people::{
    bury_person, erase_blocks, erase_client_ids, erase_deliveries, erase_events,
    erase_locks_mailbox, erase_mailbox, erase_messages, erase_opens_mailbox, erase_reads,
};
use marquis_contracts::events::Event;
use marquis_database::Transaction;
use marquis_database::feed::{Handler, HandlerError};

use crate::application::delivery::Registry;
use crate::application::names::Names;
use crate::domain::PersonId;

/// The event that erases.
const ERASED: &str = "user.erased";

/// Handles the events of the users service.
#[derive(Debug)]
pub struct Erasure {
    /// Names that are kept.
    pub names: Arc<Names>,
    /// Sockets of the person, which end.
    pub registry: Arc<Registry>,
}

#[async_trait]
impl Handler for Erasure {
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        event: &Event,
    ) -> Result<(), HandlerError> {
        if event.kind != ERASED {
            return Ok(());
        }
        let person: PersonId = match event.subject.parse() {
            Ok(person) => person,
            Err(error) => return Err(HandlerError::Refused(Box::new(error))),
        };
        let id = person.uuid();
        bury_person().bind(transaction, &id).await?;
        erase_opens_mailbox().bind(transaction, &id).await?;
        erase_locks_mailbox().bind(transaction, &id).one().await?;
        // Before the copies, by which the messages are found.
        erase_messages().bind(transaction, &id).await?;
        erase_client_ids().bind(transaction, &id).await?;
        erase_deliveries().bind(transaction, &id).await?;
        erase_reads().bind(transaction, &id).await?;
        erase_blocks().bind(transaction, &id).await?;
        erase_mailbox().bind(transaction, &id).await?;
        erase_events().bind(transaction, &event.subject).await?;
        self.names.erase(person);
        self.registry.dismiss(person);
        Ok(())
    }
}
