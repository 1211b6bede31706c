//! What an event gives rise to, before it is known how the person wants to be told.

use serde_json::Value;
use time::OffsetDateTime;

use super::{Kind, PersonId};

/// How much a notification may disturb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Listed and pushed to open sockets, nothing more.
    Low,
    /// Through every channel, but not during quiet hours.
    Normal,
    /// Through every channel at once, quiet hours or not.
    Urgent,
}

/// A notification to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Whom it is for.
    pub person: PersonId,
    /// What it is about.
    pub kind: Kind,
    /// The kind of the event it tells of: `payment.succeeded`.
    pub event: String,
    /// What its text is made of: ids and amounts, no names.
    pub data: Value,
    /// Drafts with the same key become one notification as long as it is unread.
    pub merge_key: Option<String>,
    /// How much it may disturb.
    pub importance: Importance,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
}
