//! Events as packets of Socket.IO 5 in its default namespace, `42["name",argument]`: made
//! once, shared by all sockets that they go to.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::domain::{Entry, MessageId, PersonId};

/// RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A packet with one event.
#[must_use]
pub fn emission(event: &str, argument: &impl Serialize) -> Bytes {
    let mut packet = Vec::with_capacity(256);
    packet.extend_from_slice(b"42");
    // Writing to memory what was made of strings and numbers does not fail.
    if serde_json::to_writer(&mut packet, &(event, argument)).is_err() {
        packet.truncate(2);
        packet.extend_from_slice(b"[\"error\"]");
    }
    Bytes::from(packet)
}

/// A time as clients see it.
pub(crate) fn timestamp(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC).format(TIMESTAMP).unwrap_or_default()
}

/// A message as its two people see it, in events and in histories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Its id, the same for both.
    pub id: MessageId,
    /// Who wrote it.
    pub sender_id: PersonId,
    /// The sender's name now.
    pub sender_username: String,
    /// To whom.
    pub receiver_id: PersonId,
    /// What it says; empty once it is deleted.
    pub content: String,
    /// When it was sent.
    pub created_at: String,
    /// Its number with whoever sees it.
    pub seq: i64,
    /// When it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<String>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
}

impl MessageView {
    /// An entry of `owner`, whose sender is called `sender_username`.
    #[must_use]
    pub fn of(owner: PersonId, entry: Entry, sender_username: &str) -> Self {
        let (sender_id, receiver_id) =
            if entry.outgoing { (owner, entry.peer) } else { (entry.peer, owner) };
        Self {
            id: entry.id,
            sender_id,
            sender_username: sender_username.to_owned(),
            receiver_id,
            content: entry.content,
            created_at: timestamp(entry.created_at),
            seq: entry.seq,
            edited_at: entry.edited_at.map(timestamp),
            deleted_at: entry.deleted_at.map(timestamp),
        }
    }
}

/// A message ready to be told to sockets.
#[derive(Debug, Clone)]
pub struct Emission {
    /// Its number.
    pub seq: i64,
    /// The packets under the receiver's and the sender's name.
    pub packets: [Bytes; 2],
}

impl Emission {
    /// The packets of a message.
    #[must_use]
    pub fn of(view: &MessageView) -> Self {
        let argument = serde_json::value::to_raw_value(view).unwrap_or_default();
        let named = |person: PersonId| emission(&format!("message:{person}"), &argument);
        Self { seq: view.seq, packets: [named(view.receiver_id), named(view.sender_id)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use marquis_kernel::ManualClock;

    #[test]
    fn a_message_is_told_under_both_names() {
        let clock = ManualClock::starting_now();
        let (owner, peer) = (PersonId::new(&*clock), PersonId::new(&*clock));
        let entry = Entry {
            seq: 7,
            peer,
            outgoing: false,
            id: MessageId::new(&*clock),
            content: "\"quoted\" – привет\n".to_owned(),
            created_at: time::macros::datetime!(2026-01-02 03:04:05.678_9 +1),
            edited_at: None,
            deleted_at: None,
        };
        let told = Emission::of(&MessageView::of(owner, entry.clone(), "peer"));
        for (packet, name) in told.packets.iter().zip([owner, peer]) {
            let text = std::str::from_utf8(packet).expect("UTF-8");
            let (event, message): (String, serde_json::Value) =
                serde_json::from_str(text.strip_prefix("42").expect("an event")).expect("JSON");
            assert_eq!(event, format!("message:{name}"));
            assert_eq!(
                message,
                serde_json::json!({
                    "id": entry.id, "senderId": peer, "senderUsername": "peer",
                    "receiverId": owner, "content": entry.content, "seq": 7,
                    "createdAt": "2026-01-02T02:04:05.678Z",
                })
            );
        }
    }
}
