//! What the use cases need from outside: a store of messages, a store of who is connected
//! where, and the sockets themselves.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;

use crate::domain::{
    ClientId, Content, Conversation, Entry, MessageId, NodeId, PersonId, ReadMark,
};

/// The store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached; the same may succeed later.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// It refused.
    #[error("the store failed")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// Somebody whom it is about was erased, whatever the owner of names says meanwhile.
    #[error("the person was erased")]
    Erased,
}

/// A message to be saved.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The id it gets.
    pub id: MessageId,
    /// Who says it.
    pub sender: PersonId,
    /// To whom; somebody else.
    pub receiver: PersonId,
    /// What.
    pub content: Content,
    /// The sender's own name for it.
    pub client_id: Option<ClientId>,
}

/// Where the numbers of a saved message have to be announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The message's number with this person.
    pub seq: i64,
    /// The living nodes that hold sockets of this person.
    pub nodes: Vec<NodeId>,
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is saved.
    Saved {
        /// The sender's copy.
        sender: Place,
        /// The receiver's copy.
        receiver: Place,
    },
    /// The same message of this sender was saved under the same client id before.
    Known(MessageId),
    /// Another message of this sender was saved under the same client id before.
    NameTaken,
    /// One of the two blocks the other.
    Blocked,
    /// One of the two was erased.
    NoSuchPerson,
}

/// What became of a change to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// It is made; the message's receiver.
    Made(PersonId),
    /// One of the two blocks the other.
    Blocked,
    /// There is no such message of this sender.
    NoSuchMessage,
}

/// Messages, read marks and blocks.
#[async_trait]
pub trait Messages: fmt::Debug + Send + Sync + 'static {
    /// Saves drafts in one transaction, numbers them for both people in the order given, and
    /// records those whose receiver is connected nowhere as missed. Their fates in the same
    /// order. All or nothing.
    async fn save(&self, drafts: &[&Draft], now: OffsetDateTime) -> Result<Vec<Fate>, StoreError>;

    /// At most `limit` entries of a person above a number, in order.
    async fn after(&self, person: PersonId, seq: i64, limit: i64)
    -> Result<Vec<Entry>, StoreError>;

    /// At most `limit` entries of a conversation below a number, newest first.
    async fn history(
        &self,
        person: PersonId,
        peer: PersonId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Changes a message of this sender.
    async fn edit(
        &self,
        sender: PersonId,
        message: MessageId,
        content: &Content,
        now: OffsetDateTime,
    ) -> Result<Edit, StoreError>;

    /// Empties a message of this sender; its receiver, or `None` when there is no such message.
    async fn delete(
        &self,
        sender: PersonId,
        message: MessageId,
        now: OffsetDateTime,
    ) -> Result<Option<PersonId>, StoreError>;

    /// Moves the read mark forward. `None` when it was there already;
    /// [`StoreError::Erased`] when one of the two was erased.
    async fn mark_read(
        &self,
        reader: PersonId,
        peer: PersonId,
        up_to: i64,
        now: OffsetDateTime,
    ) -> Result<Option<ReadMark>, StoreError>;

    /// The number under which a person has a message of a conversation.
    async fn number_of(
        &self,
        person: PersonId,
        peer: PersonId,
        message: MessageId,
    ) -> Result<Option<i64>, StoreError>;

    /// Conversations, the newest first, and how many there are in all.
    async fn conversations(
        &self,
        person: PersonId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Conversation>, i64), StoreError>;

    /// Blocks somebody. Repeating it is harmless. [`StoreError::Erased`] when one of the two
    /// was erased.
    async fn block(
        &self,
        person: PersonId,
        blocked: PersonId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Ends a block. Repeating it is harmless.
    async fn unblock(&self, person: PersonId, blocked: PersonId) -> Result<(), StoreError>;

    /// Whom a person blocks, and since when; the newest first.
    async fn blocked(
        &self,
        person: PersonId,
    ) -> Result<Vec<(PersonId, OffsetDateTime)>, StoreError>;

    /// The living nodes that hold sockets of `person`; none when one of the two blocks the other.
    async fn nodes_of(&self, person: PersonId, from: PersonId) -> Result<Vec<NodeId>, StoreError>;

    /// Everything held about a person, as one JSON object.
    async fn export(&self, person: PersonId) -> Result<serde_json::Value, StoreError>;
}

/// What a change of connections means for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub person: PersonId,
    /// The last number of the person's messages.
    pub seq: i64,
    /// Whether this was their first or last connection anywhere.
    pub turned: bool,
}

/// A person's peer that is connected somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectedPeer {
    /// The person.
    pub person: PersonId,
    /// Whom they have a conversation with.
    pub peer: PersonId,
    /// A node that holds sockets of the peer.
    pub node: NodeId,
}

/// Nodes with leases, and which people they hold.
#[async_trait]
pub trait Connections: fmt::Debug + Send + Sync + 'static {
    /// A row for this process.
    async fn open(&self, name: &str) -> Result<NodeId, StoreError>;

    /// Renews the lease; false when the node was declared dead.
    async fn renew(&self, node: NodeId) -> Result<bool, StoreError>;

    /// Gives the row back.
    async fn close(&self, node: NodeId) -> Result<(), StoreError>;

    /// Takes over from nodes whose lease has ended: who is connected nowhere now.
    async fn bury(&self) -> Result<Vec<PersonId>, StoreError>;

    /// People connect to a node. Writes `presence.online` for those who appear. Whoever was
    /// erased does not connect and is not in the answer.
    async fn arrive(&self, node: NodeId, people: &[PersonId]) -> Result<Vec<Change>, StoreError>;

    /// People leave a node. Writes `presence.offline` for those who are gone.
    async fn leave(&self, node: NodeId, people: &[PersonId]) -> Result<Vec<Change>, StoreError>;

    /// The last numbers of people.
    async fn numbers(&self, people: &[PersonId]) -> Result<Vec<(PersonId, i64)>, StoreError>;

    /// Those who are connected to a living node.
    async fn online(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError>;

    /// The connected peers of people.
    async fn connected_peers(&self, people: &[PersonId]) -> Result<Vec<ConnectedPeer>, StoreError>;
}

/// The socket is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the socket is closed")]
pub struct Closed;

/// One socket of a person, from this side.
#[async_trait]
pub trait Outlet: fmt::Debug + Send + Sync + 'static {
    /// Puts packets into the socket's queue. One that is full closes the socket: what it
    /// does not take now it asks for when it is back.
    fn emit(&self, packets: &[Bytes]) -> Result<(), Closed>;

    /// Waits until the queue is at most half full.
    async fn room(&self) -> Result<(), Closed>;

    /// Ends the connection, so that the client connects again by itself.
    fn end(&self);
}
