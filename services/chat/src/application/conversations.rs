//! Everything about conversations but sending: reading them, changing what one said, read
//! marks, typing and blocks.

use std::sync::Arc;

use marquis_kernel::SharedClock;
use serde_json::json;
use time::OffsetDateTime;

use super::ChatError;
use super::delivery::{MessageView, Parcel, Post, timestamp};
use super::limits::{Counted, Limits};
use super::names::{Answer, Names};
use super::ports::{Edit, Messages};
use super::typing::Shown;
use crate::domain::{Content, Conversation, MessageId, NodeId, PersonId};

/// How far a conversation has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpTo {
    /// Up to a number of the reader.
    Seq(i64),
    /// Up to a message.
    Message(MessageId),
}

/// A part of a conversation.
#[derive(Debug)]
pub struct HistoryPage {
    /// Messages, the newest first.
    pub messages: Vec<MessageView>,
    /// Where older ones begin; `None` when there are none.
    pub before: Option<i64>,
}

/// Conversations of people.
#[derive(Debug)]
pub struct Conversations {
    /// The store.
    pub store: Arc<dyn Messages>,
    /// Who tells sockets.
    pub post: Arc<Post>,
    /// Names of people.
    pub names: Arc<Names>,
    /// What one person may do.
    pub limits: Arc<Limits>,
    /// The time.
    pub clock: SharedClock,
}

impl Conversations {
    /// A person's conversations, the newest first, with names, and how many there are.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn list(
        &self,
        person: PersonId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Conversation>, Answer, i64), ChatError> {
        let (found, total) = self.store.conversations(person, limit, offset).await?;
        let mut people: Vec<PersonId> = found.iter().map(|one| one.last.peer).collect();
        people.push(person);
        let names = self.names.of(&people).await;
        Ok((found, names, total))
    }

    /// A part of a conversation, backwards from a number.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn history(
        &self,
        person: PersonId,
        peer: PersonId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<HistoryPage, ChatError> {
        let before = before.unwrap_or(i64::MAX);
        let mut entries = self.store.history(person, peer, before, limit + 1).await?;
        let more = i64::try_from(entries.len()).is_ok_and(|found| found > limit);
        if more {
            entries.pop();
        }
        let before = entries.last().filter(|_| more).map(|oldest| oldest.seq);
        Ok(HistoryPage { messages: self.post.view(person, entries).await, before })
    }

    /// Changes what one said; both people's sockets are told `message:edited`.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn edit(
        &self,
        sender: PersonId,
        message: MessageId,
        content: Content,
    ) -> Result<OffsetDateTime, ChatError> {
        self.limits.take(sender, Counted::Actions).await?;
        let now = self.clock.now();
        let receiver = match self.store.edit(sender, message, &content, now).await? {
            Edit::Made(receiver) => receiver,
            Edit::Blocked => return Err(ChatError::Blocked),
            Edit::NoSuchMessage => return Err(ChatError::NoSuchMessage),
        };
        let argument = json!({
            "id": message, "senderId": sender, "receiverId": receiver,
            "content": content.as_str(), "editedAt": timestamp(now),
        });
        self.tell_both(sender, receiver, "message:edited", &argument).await?;
        Ok(now)
    }

    /// Takes back what one said; both people's sockets are told `message:deleted`.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn delete(&self, sender: PersonId, message: MessageId) -> Result<(), ChatError> {
        self.limits.take(sender, Counted::Actions).await?;
        let now = self.clock.now();
        let receiver = self.store.delete(sender, message, now).await?;
        let receiver = receiver.ok_or(ChatError::NoSuchMessage)?;
        let argument = json!({
            "id": message, "senderId": sender, "receiverId": receiver, "deletedAt": timestamp(now),
        });
        self.tell_both(sender, receiver, "message:deleted", &argument).await
    }

    /// Says how far somebody has read. Both people's sockets are told `message:read`, each
    /// with the number that the message has with them; `upTo` is that number for the reader.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn read(
        &self,
        reader: PersonId,
        peer: PersonId,
        up_to: UpTo,
    ) -> Result<(), ChatError> {
        self.limits.take(reader, Counted::Actions).await?;
        let up_to = match up_to {
            UpTo::Seq(seq) => seq,
            UpTo::Message(message) => {
                let number = self.store.number_of(reader, peer, message).await?;
                number.ok_or(ChatError::NoSuchMessage)?
            }
        };
        let now = self.clock.now();
        let Some(mark) = self.store.mark_read(reader, peer, up_to, now).await? else {
            return Ok(());
        };
        let argument = |seq: i64| {
            json!({
                "userId": reader, "peerId": peer, "messageId": mark.message, "upTo": seq,
                "readAt": timestamp(now),
            })
        };
        let nodes = self.store.nodes_of(peer, reader).await?;
        self.post.tell(&nodes, peer, "message:read", &argument(mark.peer_seq)).await;
        let nodes = self.store.nodes_of(reader, reader).await?;
        self.post.tell(&nodes, reader, "message:read", &argument(mark.seq)).await;
        Ok(())
    }

    /// Shows both people's sockets that one of them types, or not any more.
    ///
    /// # Errors
    ///
    /// [`ChatError`]. A block is not an error: nothing is shown, and nothing is given away.
    pub async fn typing(
        &self,
        from: PersonId,
        to: PersonId,
        is_typing: bool,
    ) -> Result<(), ChatError> {
        self.limits.take(from, Counted::Actions).await?;
        if from == to {
            return Err(ChatError::Oneself);
        }
        // One's own sockets are shown it across a block as well, so that it does not show.
        for (room, about) in [(from, from), (to, from)] {
            let nodes = self.store.nodes_of(room, about).await?;
            let shown = Shown { room, from, to };
            let parcel = |node: NodeId| (node, Parcel::Typing { shown, is_typing });
            self.post.send(nodes.into_iter().map(parcel)).await;
        }
        Ok(())
    }

    /// Blocks somebody: neither of the two can write to the other.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn block(&self, person: PersonId, blocked: PersonId) -> Result<(), ChatError> {
        self.limits.take(person, Counted::Actions).await?;
        if person == blocked {
            return Err(ChatError::Oneself);
        }
        let name = self.names.one(blocked).await;
        let name = name.map_err(|error| ChatError::Unavailable(Box::new(error)))?;
        name.ok_or(ChatError::NoSuchPerson)?;
        Ok(self.store.block(person, blocked, self.clock.now()).await?)
    }

    /// Ends a block.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn unblock(&self, person: PersonId, blocked: PersonId) -> Result<(), ChatError> {
        self.limits.take(person, Counted::Actions).await?;
        Ok(self.store.unblock(person, blocked).await?)
    }

    /// Whom somebody blocks, with names.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn blocked(
        &self,
        person: PersonId,
    ) -> Result<(Vec<(PersonId, OffsetDateTime)>, Answer), ChatError> {
        let blocked = self.store.blocked(person).await?;
        let people: Vec<PersonId> = blocked.iter().map(|(person, _)| *person).collect();
        let names = self.names.of(&people).await;
        Ok((blocked, names))
    }

    async fn tell_both(
        &self,
        one: PersonId,
        other: PersonId,
        event: &str,
        argument: &serde_json::Value,
    ) -> Result<(), ChatError> {
        for person in [one, other] {
            // Of oneself, not of the other: a block does not hide what both have.
            let nodes = self.store.nodes_of(person, person).await?;
            self.post.tell(&nodes, person, event, argument).await;
        }
        Ok(())
    }
}
