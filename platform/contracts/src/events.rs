//! Events as they leave a service through its transactional outbox.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// The envelope of every event. Consumers see an event at least once and deduplicate by `id`.
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
