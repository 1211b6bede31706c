//! Events pushed to a person's open sockets through the cluster's pub/sub.
//!
//! Delivery is best effort: what must not be lost is stored by its service and listed.

use serde::{Deserialize, Serialize};

use crate::identity::UserId;

/// The pub/sub topic.
pub const TOPIC: &str = "push";

/// One event for every socket of one person, JSON on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// The person.
    pub user_id: UserId,
    /// The Socket.IO event: `notification:new`.
    pub event: String,
    /// Its only argument.
    pub data: serde_json::Value,
}
