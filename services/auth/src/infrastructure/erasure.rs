//! What becomes of a person who was erased: the account, its sessions and devices are gone
//! at once, and the audit trail keeps what happened without saying to whom.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::attempts;
use marquis_auth_queries::queries::people::{self, RememberErasedSessionsParams};
use marquis_contracts::events::Event;
use marquis_contracts::identity::{SessionId, UserId};
use marquis_database::Transaction;
use marquis_database::feed::{Handler, HandlerError};
use marquis_kernel::SharedClock;
use serde_json::json;

use super::addresses::Addresses;
use super::postgres::write_journal;
use crate::application::Origin;
use crate::application::audit::{AuditKind, AuditRecord};
use crate::application::ports::{Announcer, Journal, Pseudonyms};

/// Follows the events of the service that keeps profiles.
pub struct ForgetErased {
    /// Hears that tokens are void.
    pub announcer: Arc<dyn Announcer>,
    /// Finds the failed logins of an address.
    pub pseudonyms: Arc<dyn Pseudonyms>,
    /// Reads addresses.
    pub addresses: Addresses,
    /// Time.
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
        let held = people::hold_erased().bind(transaction, &user.uuid()).opt().await?;
        // An address that does not open keeps nobody from being erased.
        let email = held.as_ref().and_then(|row| {
            let (data_key, sealed) = (row.data_key.as_deref(), row.sealed_email.as_deref());
            self.addresses.of_row(user, row.email.clone(), data_key, sealed).ok()
        });
        if let Some(email) = email {
            let account = self.pseudonyms.of(&email);
            attempts::clear_attempts().bind(transaction, &account.as_slice()).await?;
        }
        let now = self.clock.now();
        let sessions = RememberErasedSessionsParams { now, user_id: user.uuid() };
        let sessions =
            people::remember_erased_sessions().params(transaction, &sessions).all().await?;
        people::delete_user().bind(transaction, &user.uuid()).await?;
        people::forget_in_audit().bind(transaction, &user.uuid()).await?;

        if held.is_none() {
            // Erased before, or never here.
            return Ok(());
        }
        let origin = Origin { traceparent: event.traceparent.clone(), ..Origin::default() };
        let record = AuditRecord::now(&*self.clock, AuditKind::Erased, &origin)
            .details(json!({ "event": event.id }));
        let journal = Journal::of(record);
        write_journal(transaction, &journal).await?;
        journal.log();

        // Before the commit: should it fail the event comes again, and until then nobody
        // misses tokens of somebody who asked to be forgotten.
        let sessions: Vec<SessionId> = sessions.into_iter().map(SessionId::from_uuid).collect();
        self.announcer.sessions_revoked(&sessions);
        self.announcer.user_changed(user).await;
        Ok(())
    }
}
