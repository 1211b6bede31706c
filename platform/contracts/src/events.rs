//! Events as they leave a service through its transactional outbox, and how another
//! service reads them.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// The envelope of every event. Who listens on the cluster sees an event at least once and
/// deduplicates by `id`; who reads an [`EventSource`] deduplicates by cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Unique, increasing by creation time.
    pub id: Uuid,
    /// What happened, `<aggregate>.<past participle>`: `payment.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it happened to: a payment's reference, a user's id.
    pub subject: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub occurred_at: OffsetDateTime,
    /// The details, one object whose fields depend on `kind`.
    pub data: serde_json::Value,
    /// W3C `traceparent` of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Pub/sub topic on which the outbox of a service publishes its events.
#[must_use]
pub fn topic(service: &str) -> String {
    format!("events.{service}")
}

/// A place in a service's log of events: the transaction that an event was appended after,
/// then the event's position. Text form `<transaction>-<position>`, both decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor {
    /// The newest transaction (PostgreSQL `xid8`) that may have been at work when the event
    /// was appended, the appending one or a later one.
    pub transaction: u64,
    /// The event's position within the log.
    pub position: i64,
}

impl Cursor {
    /// Before every event.
    pub const START: Self = Self { transaction: 0, position: 0 };
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.position)
    }
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor (two decimal numbers with a hyphen between them)")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (transaction, position) = text.split_once('-').ok_or(InvalidCursor)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(transaction) || !digits(position) {
            return Err(InvalidCursor);
        }
        Ok(Self {
            transaction: transaction.parse().map_err(|_| InvalidCursor)?,
            position: position.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

impl TryFrom<String> for Cursor {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

/// An event and its place in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Where to go on after it.
    pub cursor: Cursor,
    /// The event.
    pub event: Event,
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the events cannot be read now")]
pub struct SourceUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A service's log of events. A reader keeps its own cursor, so a reader that is away holds
/// up nobody and misses nothing within the log's retention.
#[async_trait]
pub trait EventSource: fmt::Debug + Send + Sync + 'static {
    /// At most `limit` events after the cursor, in order. No event ever appears before a
    /// cursor that was handed out.
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_order_by_transaction_then_position_and_survive_text() {
        let early = Cursor { transaction: 7, position: 900 };
        let late = Cursor { transaction: 12, position: 3 };
        assert!(Cursor::START < early && early < late);
        assert_eq!(late.to_string().parse(), Ok(late));
        for wrong in ["", "-", "1", "1-", "-1", "+1-2", "1--2", "1-2-3", "99999999999999999999-1"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(InvalidCursor), "{wrong}");
        }
    }
}
