//! Following other services' events.
//!
//! An event that says that somebody changed is a reason to ask who they are now, not an
//! answer: so an old event never brings an old name back.

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_database::Transaction;
use marquis_database::feed::{Handler, HandlerError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::postgres::PostgresPeople;
use crate::application::acquaintance::Acquaintance;
use crate::domain::PersonId;

/// Follows the auth service: who registers, and under which name and address.
#[derive(Debug)]
pub struct AuthEvents {
    people: PostgresPeople,
    acquaintance: Acquaintance,
}

/// Follows the chat service: who comes and goes.
#[derive(Debug)]
pub struct ChatEvents {
    people: PostgresPeople,
    acquaintance: Acquaintance,
}

impl AuthEvents {
    /// Keeps `people` up to date with what `acquaintance` learns.
    #[must_use]
    pub const fn new(people: PostgresPeople, acquaintance: Acquaintance) -> Self {
        Self { people, acquaintance }
    }
}

impl ChatEvents {
    /// Keeps the presence of `people`.
    #[must_use]
    pub const fn new(people: PostgresPeople, acquaintance: Acquaintance) -> Self {
        Self { people, acquaintance }
    }
}

#[async_trait]
impl Handler for AuthEvents {
    async fn handle(&self, tx: &Transaction<'_>, event: &Event) -> Result<(), HandlerError> {
        match event.kind.as_str() {
            "user.registered" | "user.renamed" | "user.email_changed" => {
                meet(&self.people, &self.acquaintance, tx, person(event)?).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Handler for ChatEvents {
    async fn handle(&self, tx: &Transaction<'_>, event: &Event) -> Result<(), HandlerError> {
        let last_seen_at = match event.kind.as_str() {
            "presence.online" => None,
            "presence.offline" => Some(last_seen(event)),
            _ => return Ok(()),
        };
        let id = person(event)?;
        if self.people.show_presence(tx, id, last_seen_at).await? {
            return Ok(());
        }
        // The event of their registration has not arrived.
        if meet(&self.people, &self.acquaintance, tx, id).await? {
            self.people.show_presence(tx, id, last_seen_at).await?;
        }
        Ok(())
    }
}

/// Brings a person up to date; whether there is such a person.
async fn meet(
    people: &PostgresPeople,
    acquaintance: &Acquaintance,
    tx: &Transaction<'_>,
    id: PersonId,
) -> Result<bool, HandlerError> {
    let asked = acquaintance.ask(id).await;
    let Some(known) = asked.map_err(|error| HandlerError::Later(error.into()))? else {
        // Erased meanwhile.
        return Ok(false);
    };
    people.learn_in(tx, &known).await?;
    Ok(true)
}

fn person(event: &Event) -> Result<PersonId, HandlerError> {
    event.subject.parse().map_err(|error: uuid::Error| HandlerError::Refused(error.into()))
}

fn last_seen(event: &Event) -> OffsetDateTime {
    let told = event.data.get("lastSeenAt").and_then(serde_json::Value::as_str);
    told.and_then(|told| OffsetDateTime::parse(told, &Rfc3339).ok()).unwrap_or(event.occurred_at)
}
