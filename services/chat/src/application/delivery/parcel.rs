//! What one node tells another: JSON on a topic of the node that is told. Losing it costs
//! time and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MessageView;
use crate::application::typing::Shown;
use crate::domain::{NodeId, PersonId};

/// The pub/sub topic of a node.
#[must_use]
pub fn topic(node: NodeId) -> String {
    format!("chat.node.{node}")
}

/// Something for people whose sockets a node holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Parcel {
    /// A message, numbered for this person.
    Message {
        /// Whose sockets.
        to: PersonId,
        /// The message as they see it.
        message: MessageView,
    },
    /// An event without a number.
    #[serde(rename_all = "camelCase")]
    Event {
        /// Whose sockets.
        to: Vec<PersonId>,
        /// Its name.
        event: String,
        /// Its only argument.
        argument: Value,
    },
    /// Somebody begins or ends typing.
    #[serde(rename_all = "camelCase")]
    Typing {
        /// Who types to whom, and who is shown it.
        shown: Shown,
        /// Whether they do.
        is_typing: bool,
    },
}
