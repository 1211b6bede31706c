//! What becomes of the payments of a person who was erased: amounts, states, references and
//! the ledger stay, as the law wants them to; whose they were, and everything in the
//! person's words, goes.

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_contracts::identity::UserId;
use marquis_database::Transaction;
use marquis_database::feed::{Handler, HandlerError};
use marquis_kernel::SharedClock;
use marquis_payments_queries::client::Params as _;
use marquis_payments_queries::queries::people::{
    DisownEntriesParams, DisownPaymentsParams, DisownRefundsParams, DisownTransitionsParams,
    disown_entries, disown_payments, disown_refunds, disown_transitions, forget_keys,
    lock_payments_of, silence_events, silence_refunds, take_time,
};

use crate::domain::OwnerId;

/// Follows the events of the service that keeps profiles.
#[derive(Debug)]
pub struct ForgetErased {
    /// Time, for the ids that take a person's place.
    pub clock: SharedClock,
}

#[async_trait]
impl Handler for ForgetErased {
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        event: &Event,
    ) -> Result<(), HandlerError> {
        if event.kind != "user.erased" {
            return Ok(());
        }
        let Ok(user) = event.subject.parse::<UserId>() else {
            return Err(HandlerError::Refused("the event names no user".into()));
        };
        let user_id = user.uuid();
        // Written down nowhere but in the rows themselves: it leads to nobody.
        let successor = OwnerId::new(&*self.clock).uuid();
        take_time().bind(transaction).one().await?;
        lock_payments_of().bind(transaction, &user_id).all().await?;
        let entries = DisownEntriesParams { successor, user_id };
        disown_entries().params(transaction, &entries).await?;
        silence_refunds().bind(transaction, &user_id).await?;
        let refunds = DisownRefundsParams { successor, user_id };
        disown_refunds().params(transaction, &refunds).await?;
        let transitions = DisownTransitionsParams { successor, user_id };
        disown_transitions().params(transaction, &transitions).await?;
        silence_events().bind(transaction, &user_id).await?;
        forget_keys().bind(transaction, &user_id).await?;
        let payments = DisownPaymentsParams { successor, user_id };
        disown_payments().params(transaction, &payments).await?;
        Ok(())
    }
}
