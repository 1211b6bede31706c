//! Saving messages: one transaction for any number of them.
//!
//! First the messages, of which those that are blocked or were saved before fall out; then
//! the numbers, which locks the mailboxes of all people concerned until the end, so that
//! numbers become visible in their order; then the copies under these numbers, unless one of
//! the people was erased, and what the absent have missed. When somebody was erased, all is
//! undone and the rest is saved again, so that nobody's numbers have a gap.

use std::collections::{BTreeMap, HashMap, HashSet};

use marquis_chat_queries::client::Params as _;
use marquis_chat_queries::queries::messages::{
    InsertDeliveriesParams, InsertMessagesParams, KnownMessagesParams, TakeNumbersParams,
    insert_deliveries, insert_messages, known_messages, take_numbers,
};
use marquis_chat_queries::queries::outbox::{AppendEventsParams, append_events};
use marquis_chat_queries::queries::people::erased_among;
use marquis_database::Transaction;
use marquis_kernel::id::new_uuid;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Failure, PostgresChat};
use crate::application::ports::{Draft, Fate, Place};
use crate::domain::{ClientId, MessageId, NodeId, PersonId};

/// The last number taken for a person, and where their sockets are.
struct Taken {
    next: i64,
    nodes: Vec<NodeId>,
}

/// An event about to be appended.
pub(super) struct NewEvent {
    pub kind: &'static str,
    pub subject: String,
    pub data: Value,
}

impl PostgresChat {
    pub(super) async fn save_drafts(
        &self,
        drafts: &[&Draft],
        now: OffsetDateTime,
    ) -> Result<Vec<Fate>, Failure> {
        let mut erased: HashSet<PersonId> = HashSet::new();
        loop {
            let lives = |draft: &Draft| {
                ![draft.sender, draft.receiver].iter().any(|person| erased.contains(person))
            };
            let living: Vec<&Draft> = drafts.iter().copied().filter(|draft| lives(draft)).collect();
            match self.save_living(&living, now).await {
                Ok(fates) => {
                    let mut fates = fates.into_iter();
                    let fate = |draft: &&Draft| {
                        let fate = if lives(draft) { fates.next() } else { None };
                        fate.unwrap_or(Fate::NoSuchPerson)
                    };
                    return Ok(drafts.iter().map(fate).collect());
                }
                Err(Failure::Erased) => erased.extend(self.erased(&living).await?),
                Err(error) => return Err(error),
            }
        }
    }

    async fn erased(&self, drafts: &[&Draft]) -> Result<Vec<PersonId>, Failure> {
        let people: Vec<Uuid> =
            drafts.iter().flat_map(|draft| [draft.sender.uuid(), draft.receiver.uuid()]).collect();
        let client = self.database.client().await?;
        let erased = erased_among().bind(&client, &people).all().await?;
        Ok(erased.into_iter().map(PersonId::from_uuid).collect())
    }

    /// Saves drafts of people who all exist; [`Failure::Erased`] when one does not any more.
    async fn save_living(
        &self,
        drafts: &[&Draft],
        now: OffsetDateTime,
    ) -> Result<Vec<Fate>, Failure> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await?;
        let saved = insert(&transaction, drafts, now).await?;
        let mut known = if saved.len() < drafts.len() {
            known(&transaction, drafts, &saved).await?
        } else {
            HashMap::new()
        };
        let fresh: Vec<&Draft> =
            drafts.iter().copied().filter(|draft| saved.contains(&draft.id)).collect();
        let mut places = self.number(&transaction, &fresh, now).await?;
        transaction.commit().await?;
        let fate = |draft: &&Draft| {
            if let Some((sender, receiver)) = places.remove(&draft.id) {
                return Fate::Saved { sender, receiver };
            }
            known.remove(&draft.id).unwrap_or(Fate::Blocked)
        };
        Ok(drafts.iter().map(fate).collect())
    }

    async fn number(
        &self,
        transaction: &Transaction<'_>,
        fresh: &[&Draft],
        now: OffsetDateTime,
    ) -> Result<HashMap<MessageId, (Place, Place)>, Failure> {
        if fresh.is_empty() {
            return Ok(HashMap::new());
        }
        let mut taken = take(transaction, fresh).await?;
        let mut rows = Rows::with_capacity(2 * fresh.len());
        let mut places = HashMap::with_capacity(fresh.len());
        let mut missed = Vec::new();
        for draft in fresh {
            let sender = next(&mut taken, draft.sender)?;
            let receiver = next(&mut taken, draft.receiver)?;
            rows.push(draft, draft.sender, sender.seq, draft.receiver, receiver.seq, true);
            rows.push(draft, draft.receiver, receiver.seq, draft.sender, sender.seq, false);
            if receiver.nodes.is_empty() {
                missed.push(NewEvent {
                    kind: "message.missed",
                    subject: draft.receiver.to_string(),
                    data: json!({
                        "messageId": draft.id, "senderId": draft.sender, "receiverId": draft.receiver,
                    }),
                });
            }
            places.insert(draft.id, (sender, receiver));
        }
        rows.insert(transaction).await?;
        self.append(transaction, missed, now).await?;
        Ok(places)
    }

    /// Appends events in the caller's transaction.
    pub(super) async fn append(
        &self,
        transaction: &Transaction<'_>,
        events: Vec<NewEvent>,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = events.iter().map(|_| new_uuid(&*self.clock)).collect();
        let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
        let subjects: Vec<&str> = events.iter().map(|event| event.subject.as_str()).collect();
        let times = vec![now; events.len()];
        let data: Vec<&Value> = events.iter().map(|event| &event.data).collect();
        let rows = AppendEventsParams { ids, kinds, subjects, occurred_at: times, data };
        append_events().params(transaction, &rows).await?;
        Ok(())
    }
}

/// Drafts, column by column.
struct Columns<'a> {
    ids: Vec<Uuid>,
    sender_ids: Vec<Uuid>,
    receiver_ids: Vec<Uuid>,
    client_ids: Vec<&'a str>,
    contents: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(drafts: &[&'a Draft]) -> Self {
        let name = |draft: &&'a Draft| draft.client_id.as_ref().map_or("", ClientId::as_str);
        Self {
            ids: drafts.iter().map(|draft| draft.id.uuid()).collect(),
            sender_ids: drafts.iter().map(|draft| draft.sender.uuid()).collect(),
            receiver_ids: drafts.iter().map(|draft| draft.receiver.uuid()).collect(),
            client_ids: drafts.iter().map(name).collect(),
            contents: drafts.iter().map(|draft| draft.content.as_str()).collect(),
        }
    }
}

async fn insert(
    transaction: &Transaction<'_>,
    drafts: &[&Draft],
    now: OffsetDateTime,
) -> Result<HashSet<MessageId>, Failure> {
    let Columns { ids, sender_ids, receiver_ids, client_ids, contents } = Columns::of(drafts);
    let rows = InsertMessagesParams { now, ids, sender_ids, receiver_ids, client_ids, contents };
    let saved = insert_messages().params(transaction, &rows).all().await?;
    Ok(saved.into_iter().map(MessageId::from_uuid).collect())
}

/// What those that were not saved now were named after: nothing for those without a name.
async fn known(
    transaction: &Transaction<'_>,
    drafts: &[&Draft],
    saved: &HashSet<MessageId>,
) -> Result<HashMap<MessageId, Fate>, Failure> {
    let named = |draft: &&&Draft| !saved.contains(&draft.id) && draft.client_id.is_some();
    let named: Vec<&Draft> = drafts.iter().filter(named).copied().collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let Columns { ids, sender_ids, receiver_ids, client_ids, contents } = Columns::of(&named);
    let names = KnownMessagesParams { ids, sender_ids, receiver_ids, client_ids, contents };
    let found = known_messages().params(transaction, &names).all().await?;
    let fate = |row: marquis_chat_queries::queries::messages::KnownMessages| {
        let known = Fate::Known(MessageId::from_uuid(row.id));
        (MessageId::from_uuid(row.draft_id), if row.same { known } else { Fate::NameTaken })
    };
    Ok(found.into_iter().map(fate).collect())
}

/// Takes as many numbers for each person as there are copies for them.
async fn take(
    transaction: &Transaction<'_>,
    fresh: &[&Draft],
) -> Result<HashMap<PersonId, Taken>, Failure> {
    let mut wanted: BTreeMap<PersonId, i64> = BTreeMap::new();
    for person in fresh.iter().flat_map(|draft| [draft.sender, draft.receiver]) {
        *wanted.entry(person).or_default() += 1;
    }
    let numbers = TakeNumbersParams {
        user_ids: wanted.keys().map(|person| person.uuid()).collect::<Vec<Uuid>>(),
        wanted: wanted.values().copied().collect::<Vec<i64>>(),
    };
    let rows = take_numbers().params(transaction, &numbers).all().await?;
    let mut taken = HashMap::with_capacity(rows.len());
    for row in rows {
        let person = PersonId::from_uuid(row.user_id);
        let count = wanted.get(&person).copied().unwrap_or(0);
        let nodes = row.nodes.into_iter().map(NodeId).collect();
        taken.insert(person, Taken { next: row.seq - count + 1, nodes });
    }
    Ok(taken)
}

fn next(taken: &mut HashMap<PersonId, Taken>, person: PersonId) -> Result<Place, Failure> {
    let taken = taken.get_mut(&person).ok_or(Failure::NoNumber(person.uuid()))?;
    let place = Place { seq: taken.next, nodes: taken.nodes.clone() };
    taken.next += 1;
    Ok(place)
}

/// Rows of `deliveries`, column by column.
struct Rows {
    user_ids: Vec<Uuid>,
    seqs: Vec<i64>,
    peer_ids: Vec<Uuid>,
    peer_seqs: Vec<i64>,
    message_ids: Vec<Uuid>,
    outgoing: Vec<bool>,
}

impl Rows {
    fn with_capacity(rows: usize) -> Self {
        Self {
            user_ids: Vec::with_capacity(rows),
            seqs: Vec::with_capacity(rows),
            peer_ids: Vec::with_capacity(rows),
            peer_seqs: Vec::with_capacity(rows),
            message_ids: Vec::with_capacity(rows),
            outgoing: Vec::with_capacity(rows),
        }
    }

    fn push(
        &mut self,
        draft: &Draft,
        person: PersonId,
        seq: i64,
        peer: PersonId,
        peer_seq: i64,
        outgoing: bool,
    ) {
        self.user_ids.push(person.uuid());
        self.seqs.push(seq);
        self.peer_ids.push(peer.uuid());
        self.peer_seqs.push(peer_seq);
        self.message_ids.push(draft.id.uuid());
        self.outgoing.push(outgoing);
    }

    async fn insert(self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let Self { user_ids, seqs, peer_ids, peer_seqs, message_ids, outgoing } = self;
        let rows =
            InsertDeliveriesParams { user_ids, seqs, peer_ids, peer_seqs, message_ids, outgoing };
        // None at all: one of these people was erased.
        let inserted = insert_deliveries().params(transaction, &rows).await?;
        if inserted == 0 { Err(Failure::Erased) } else { Ok(()) }
    }
}
