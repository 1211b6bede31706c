//! A message as one of its two people has it, and the conversation it stands in.

use std::fmt;

use time::OffsetDateTime;

marquis_kernel::typed_id!(
    /// A person, by the id that they have everywhere.
    PersonId
);

marquis_kernel::typed_id!(
    /// A message. Both people know it under the same id.
    MessageId
);

/// A process that holds sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub i32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message as one of its two people has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number with this person, from 1 without gaps.
    pub seq: i64,
    /// The other person.
    pub peer: PersonId,
    /// Whether this person wrote it.
    pub outgoing: bool,
    /// The message.
    pub id: MessageId,
    /// What it says; empty once it is deleted.
    pub content: String,
    /// When it was sent.
    pub created_at: OffsetDateTime,
    /// When its sender last changed it.
    pub edited_at: Option<OffsetDateTime>,
    /// When its sender took it back.
    pub deleted_at: Option<OffsetDateTime>,
}

/// Without what was said.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("seq", &self.seq)
            .field("id", &self.id)
            .field("peer", &self.peer)
            .field("outgoing", &self.outgoing)
            .finish_non_exhaustive()
    }
}

/// A conversation as it stands in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its last message; `last.peer` is who it is with.
    pub last: Entry,
    /// Messages of the other person above the read mark.
    pub unread: i64,
    /// Whether the other person has an open socket.
    pub online: bool,
    /// When the other person's last socket closed.
    pub last_seen_at: Option<OffsetDateTime>,
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// The last message that was read.
    pub message: MessageId,
    /// Its number with the reader.
    pub seq: i64,
    /// Its number with the other person.
    pub peer_seq: i64,
}
