//! [`Messages`] on PostgreSQL.

use async_trait::async_trait;
use marquis_chat_queries::client::Params as _;
use marquis_chat_queries::queries::messages::{
    ConversationsParams, DeleteMessageParams, DeliveriesAfter, DeliveriesAfterParams,
    EditMessageParams, History, HistoryParams, MarkReadParams, NumberOfParams, conversations,
    count_conversations, delete_message, deliveries_after, edit_message, history, mark_read,
    number_of,
};
use marquis_chat_queries::queries::people::{
    BlockParams, NodesOfParams, UnblockParams, block, blocked_by, erased_among, export_mailbox,
    export_reads, hold_mailboxes, nodes_of, open_mailboxes, unblock,
};
use marquis_database::{Transaction, retry};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::save::NewEvent;
use super::{Failure, PostgresChat};
use crate::application::delivery::timestamp;
use crate::application::ports::{Draft, Edit, Fate, Messages, StoreError};
use crate::domain::{Content, Conversation, Entry, MessageId, NodeId, PersonId, ReadMark};

/// Entries of a person's own copy read at once.
const EXPORTED: i64 = 1_000;

impl From<DeliveriesAfter> for Entry {
    fn from(row: DeliveriesAfter) -> Self {
        Self {
            seq: row.seq,
            peer: PersonId::from_uuid(row.peer_id),
            outgoing: row.outgoing,
            id: MessageId::from_uuid(row.id),
            content: row.content,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
        }
    }
}

impl From<History> for Entry {
    fn from(row: History) -> Self {
        Self {
            seq: row.seq,
            peer: PersonId::from_uuid(row.peer_id),
            outgoing: row.outgoing,
            id: MessageId::from_uuid(row.id),
            content: row.content,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
        }
    }
}

#[async_trait]
impl Messages for PostgresChat {
    async fn save(&self, drafts: &[&Draft], now: OffsetDateTime) -> Result<Vec<Fate>, StoreError> {
        let saving = retry(|| self.save_drafts(drafts, now));
        Ok(self.database.observe("insert", "message", saving).await?)
    }

    async fn after(
        &self,
        person: PersonId,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = DeliveriesAfterParams { user_id: person.uuid(), after: seq, limit };
            Ok::<_, Failure>(deliveries_after().params(&client, &wanted).all().await?)
        };
        let rows = self.database.observe("list", "delivery", work).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    async fn history(
        &self,
        person: PersonId,
        peer: PersonId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let (user_id, peer_id) = (person.uuid(), peer.uuid());
            let wanted = HistoryParams { user_id, peer_id, before, limit };
            Ok::<_, Failure>(history().params(&client, &wanted).all().await?)
        };
        let rows = self.database.observe("list", "delivery", work).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    async fn edit(
        &self,
        sender: PersonId,
        message: MessageId,
        content: &Content,
        now: OffsetDateTime,
    ) -> Result<Edit, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let (id, sender_id) = (message.uuid(), sender.uuid());
            let change = EditMessageParams { content: content.as_str(), now, id, sender_id };
            Ok::<_, Failure>(edit_message().params(&client, &change).opt().await?)
        };
        Ok(match self.database.observe("update", "message", work).await? {
            Some(row) if row.blocked => Edit::Blocked,
            Some(row) => Edit::Made(PersonId::from_uuid(row.receiver_id)),
            None => Edit::NoSuchMessage,
        })
    }

    async fn delete(
        &self,
        sender: PersonId,
        message: MessageId,
        now: OffsetDateTime,
    ) -> Result<Option<PersonId>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let change = DeleteMessageParams { now, id: message.uuid(), sender_id: sender.uuid() };
            Ok::<_, Failure>(delete_message().params(&client, &change).opt().await?)
        };
        let receiver = self.database.observe("update", "message", work).await?;
        Ok(receiver.map(PersonId::from_uuid))
    }

    async fn mark_read(
        &self,
        reader: PersonId,
        peer: PersonId,
        up_to: i64,
        now: OffsetDateTime,
    ) -> Result<Option<ReadMark>, StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            let (user_id, peer_id) = (reader.uuid(), peer.uuid());
            let both: &[Uuid] = &[user_id, peer_id];
            if hold_mailboxes().bind(&transaction, &both).all().await?.len() < both.len() {
                refuse_erased(&transaction, both).await?;
                // They have never said anything to each other.
                return Ok(None);
            }
            let mark = MarkReadParams { user_id, peer_id, up_to, now };
            let moved = mark_read().params(&transaction, &mark).opt().await?;
            if moved.is_some() {
                // What was announced elsewhere while the reader was away is read, too.
                let read = NewEvent {
                    kind: "message.read",
                    subject: reader.to_string(),
                    data: json!({ "readerId": reader, "peerId": peer }),
                };
                self.append(&transaction, vec![read], now).await?;
            }
            transaction.commit().await?;
            Ok::<_, Failure>(moved)
        };
        let moved = self.database.observe("update", "read", work).await?;
        Ok(moved.map(|row| ReadMark {
            message: MessageId::from_uuid(row.message_id),
            seq: row.seq,
            peer_seq: row.peer_seq,
        }))
    }

    async fn number_of(
        &self,
        person: PersonId,
        peer: PersonId,
        message: MessageId,
    ) -> Result<Option<i64>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let (user_id, peer_id, id) = (person.uuid(), peer.uuid(), message.uuid());
            let wanted = NumberOfParams { user_id, peer_id, id };
            Ok::<_, Failure>(number_of().params(&client, &wanted).opt().await?)
        };
        Ok(self.database.observe("get", "delivery", work).await?)
    }

    async fn conversations(
        &self,
        person: PersonId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Conversation>, i64), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = ConversationsParams { user_id: person.uuid(), limit, offset };
            let rows = conversations().params(&client, &wanted).all().await?;
            let total = match rows.first() {
                Some(row) => row.total,
                None if offset == 0 => 0,
                None => count_conversations().bind(&client, &person.uuid()).one().await?,
            };
            Ok::<_, Failure>((rows, total))
        };
        let (rows, total) = self.database.observe("list", "conversation", work).await?;
        let conversation =
            |row: marquis_chat_queries::queries::messages::Conversations| Conversation {
                unread: row.unread,
                online: row.online,
                last_seen_at: row.last_seen_at,
                last: Entry {
                    seq: row.seq,
                    peer: PersonId::from_uuid(row.peer_id),
                    outgoing: row.outgoing,
                    id: MessageId::from_uuid(row.id),
                    content: row.content,
                    created_at: row.created_at,
                    edited_at: row.edited_at,
                    deleted_at: row.deleted_at,
                },
            };
        Ok((rows.into_iter().map(conversation).collect(), total))
    }

    async fn block(
        &self,
        person: PersonId,
        blocked: PersonId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            let both: &[Uuid] = &[person.uuid(), blocked.uuid()];
            open_mailboxes().bind(&transaction, &both).await?;
            refuse_erased(&transaction, both).await?;
            let row = BlockParams { user_id: person.uuid(), blocked_id: blocked.uuid(), now };
            block().params(&transaction, &row).await?;
            transaction.commit().await?;
            Ok::<_, Failure>(())
        };
        Ok(self.database.observe("insert", "block", work).await?)
    }

    async fn unblock(&self, person: PersonId, blocked: PersonId) -> Result<(), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = UnblockParams { user_id: person.uuid(), blocked_id: blocked.uuid() };
            unblock().params(&client, &row).await?;
            Ok::<_, Failure>(())
        };
        Ok(self.database.observe("delete", "block", work).await?)
    }

    async fn blocked(
        &self,
        person: PersonId,
    ) -> Result<Vec<(PersonId, OffsetDateTime)>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(blocked_by().bind(&client, &person.uuid()).all().await?)
        };
        let rows = self.database.observe("list", "block", work).await?;
        let row = |row: marquis_chat_queries::queries::people::BlockedBy| {
            (PersonId::from_uuid(row.blocked_id), row.created_at)
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn nodes_of(&self, person: PersonId, from: PersonId) -> Result<Vec<NodeId>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = NodesOfParams { user_id: person.uuid(), from_id: from.uuid() };
            Ok::<_, Failure>(nodes_of().params(&client, &wanted).all().await?)
        };
        let nodes = self.database.observe("list", "mailbox", work).await?;
        Ok(nodes.into_iter().map(NodeId).collect())
    }

    async fn export(&self, person: PersonId) -> Result<Value, StoreError> {
        let work = self.export_person(person);
        Ok(self.database.observe("list", "export", work).await?)
    }
}

async fn refuse_erased(transaction: &Transaction<'_>, people: &[Uuid]) -> Result<(), Failure> {
    let erased = erased_among().bind(transaction, &people).all().await?;
    if erased.is_empty() { Ok(()) } else { Err(Failure::Erased) }
}

impl PostgresChat {
    async fn export_person(&self, person: PersonId) -> Result<Value, Failure> {
        let client = self.database.client().await?;
        let id = person.uuid();
        let mut messages = Vec::new();
        let mut after = 0;
        loop {
            let wanted = DeliveriesAfterParams { user_id: id, after, limit: EXPORTED };
            let rows = deliveries_after().params(&client, &wanted).all().await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in rows {
                let (from, to) = if row.outgoing { (id, row.peer_id) } else { (row.peer_id, id) };
                messages.push(json!({
                    "id": row.id, "senderId": from, "receiverId": to, "content": row.content,
                    "createdAt": timestamp(row.created_at), "seq": row.seq,
                    "editedAt": row.edited_at.map(timestamp),
                    "deletedAt": row.deleted_at.map(timestamp),
                }));
            }
        }
        // One that says nothing is only a lock.
        let mailbox = export_mailbox().bind(&client, &id).opt().await?;
        let mailbox = mailbox.filter(|row| row.seq > 0 || row.last_seen_at.is_some());
        let reads = export_reads().bind(&client, &id).all().await?;
        let blocked = blocked_by().bind(&client, &id).all().await?;
        if messages.is_empty() && mailbox.is_none() && blocked.is_empty() {
            return Ok(json!({}));
        }
        Ok(json!({
            "messages": messages,
            "lastSeenAt": mailbox.and_then(|row| row.last_seen_at).map(timestamp),
            "readMarks": reads.iter().map(|row| json!({
                "peerId": row.peer_id, "upTo": row.seq, "readAt": timestamp(row.read_at),
            })).collect::<Vec<_>>(),
            "blocked": blocked.iter().map(|row| json!({
                "userId": row.blocked_id, "since": timestamp(row.created_at),
            })).collect::<Vec<_>>(),
        }))
    }
}
