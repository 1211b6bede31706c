//! What clients get.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::application::delivery::{MessageView, timestamp};
use crate::application::names::Answer;
use crate::domain::{Conversation, PersonId};

/// A message as its reader has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageResource {
    /// The same for both people.
    id: Uuid,
    /// Who wrote it.
    sender_id: Uuid,
    /// The sender's name now; "deleted user" when there is none any more.
    sender_username: String,
    /// To whom.
    receiver_id: Uuid,
    /// What it says; empty once it is deleted.
    content: String,
    /// When it was sent.
    #[schema(format = DateTime)]
    created_at: String,
    /// Its number with the reader, over all conversations, from 1 without gaps.
    seq: i64,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    edited_at: Option<String>,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

impl From<MessageView> for MessageResource {
    fn from(view: MessageView) -> Self {
        Self {
            id: view.id.uuid(),
            sender_id: view.sender_id.uuid(),
            sender_username: view.sender_username,
            receiver_id: view.receiver_id.uuid(),
            content: view.content,
            created_at: view.created_at,
            seq: view.seq,
            edited_at: view.edited_at,
            deleted_at: view.deleted_at,
        }
    }
}

/// A conversation with its last message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationResource {
    /// The other person.
    user_id: Uuid,
    /// Their name; "deleted user" when there is none any more.
    username: String,
    /// Whether they have an open socket.
    is_online: bool,
    /// When their last socket closed.
    #[schema(format = DateTime)]
    last_seen_at: Option<String>,
    /// The last message.
    last_message: MessageResource,
    /// Messages of theirs that the reader has not read.
    unread_count: i64,
}

impl ConversationResource {
    pub(super) fn of(reader: PersonId, conversation: Conversation, names: &Answer) -> Self {
        let Conversation { last, unread, online, last_seen_at } = conversation;
        let peer = last.peer;
        let sender = if last.outgoing { reader } else { peer };
        Self {
            user_id: peer.uuid(),
            username: names.of(peer).to_string(),
            is_online: online,
            last_seen_at: last_seen_at.map(timestamp),
            last_message: MessageView::of(reader, last, &names.of(sender)).into(),
            unread_count: unread,
        }
    }
}

/// A part of a conversation, the newest message first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
pub(super) struct HistoryResource {
    /// The messages.
    pub(super) data: Vec<MessageResource>,
    /// Where they stand.
    pub(super) meta: HistoryMeta,
}

/// Where a part of a conversation stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryMeta {
    /// The limit asked for.
    pub(super) limit: u32,
    /// What to ask for next; `null` when there is nothing older.
    pub(super) before: Option<i64>,
}

/// A message that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    /// The message.
    pub(super) message_id: Uuid,
}

/// Somebody who is blocked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blocked {
    /// Who.
    pub(super) user_id: Uuid,
    /// Their name.
    pub(super) username: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub(super) since: String,
}

/// Everybody whom the caller blocks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockedList {
    /// The newest first.
    pub(super) data: Vec<Blocked>,
}
