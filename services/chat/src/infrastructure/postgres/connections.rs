//! [`Connections`] on PostgreSQL: leases by the server's clock, and who is connected where.

use async_trait::async_trait;
use marquis_chat_queries::client::Params as _;
use marquis_chat_queries::queries::people::erased_among;
use marquis_chat_queries::queries::presence::{
    ArriveParams, LeaveParams, OpenNodeParams, RenewNodeParams, abandon, arrive, bury_nodes,
    close_node, connected_peers, leave, numbers_of, online, open_node, orphans, renew_node,
};
use marquis_database::retry;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::save::NewEvent;
use super::{Failure, PostgresChat};
use crate::application::delivery::timestamp;
use crate::application::ports::{Change, ConnectedPeer, Connections, StoreError};
use crate::domain::{NodeId, PersonId};

fn offline(person: Uuid, seen_at: OffsetDateTime) -> NewEvent {
    NewEvent {
        kind: "presence.offline",
        subject: person.to_string(),
        data: json!({ "lastSeenAt": timestamp(seen_at) }),
    }
}

fn uuids(people: &[PersonId]) -> Vec<Uuid> {
    people.iter().map(|person| person.uuid()).collect()
}

#[async_trait]
impl Connections for PostgresChat {
    async fn open(&self, name: &str) -> Result<NodeId, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = OpenNodeParams { name, lease: self.lease.as_secs_f64() };
            Ok::<_, Failure>(open_node().params(&client, &row).one().await?)
        };
        let node = NodeId(self.database.observe("insert", "node", work).await?);
        // What a crash between two statements left behind.
        self.bury().await?;
        Ok(node)
    }

    async fn renew(&self, node: NodeId) -> Result<bool, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = RenewNodeParams { lease: self.lease.as_secs_f64(), id: node.0 };
            Ok::<_, Failure>(renew_node().params(&client, &row).opt().await?)
        };
        Ok(self.database.observe("update", "node", work).await?.is_some())
    }

    async fn close(&self, node: NodeId) -> Result<(), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            close_node().bind(&client, &node.0).await?;
            Ok::<_, Failure>(())
        };
        Ok(self.database.observe("delete", "node", work).await?)
    }

    async fn bury(&self) -> Result<Vec<PersonId>, StoreError> {
        let burying = retry(|| self.bury_dead());
        Ok(self.database.observe("delete", "node", burying).await?)
    }

    async fn arrive(&self, node: NodeId, people: &[PersonId]) -> Result<Vec<Change>, StoreError> {
        let work = retry(|| async {
            let mut client = self.database.client().await?;
            let mut user_ids = uuids(people);
            let (transaction, rows) = loop {
                let transaction = client.transaction().await?;
                let rows = ArriveParams { node: node.0, user_ids: &user_ids };
                let rows = arrive().params(&transaction, &rows).all().await?;
                let erased = erased_among().bind(&transaction, &user_ids).all().await?;
                if erased.is_empty() {
                    break (transaction, rows);
                }
                transaction.rollback().await?;
                user_ids.retain(|person| !erased.contains(person));
            };
            let appeared = rows.iter().filter(|row| row.appeared).map(|row| NewEvent {
                kind: "presence.online",
                subject: row.user_id.to_string(),
                data: json!({}),
            });
            self.append(&transaction, appeared.collect(), self.clock.now()).await?;
            transaction.commit().await?;
            Ok::<_, Failure>(rows)
        });
        let rows = self.database.observe("update", "mailbox", work).await?;
        let change = |row: marquis_chat_queries::queries::presence::Arrive| Change {
            person: PersonId::from_uuid(row.user_id),
            seq: row.seq,
            turned: row.appeared,
        };
        Ok(rows.into_iter().map(change).collect())
    }

    async fn leave(&self, node: NodeId, people: &[PersonId]) -> Result<Vec<Change>, StoreError> {
        let work = retry(|| async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            let rows = LeaveParams { user_ids: uuids(people), node: node.0 };
            let rows = leave().params(&transaction, &rows).all().await?;
            let gone = rows.iter().filter(|row| row.gone);
            let events = gone.map(|row| offline(row.user_id, row.seen_at)).collect();
            self.append(&transaction, events, self.clock.now()).await?;
            transaction.commit().await?;
            Ok::<_, Failure>(rows)
        });
        let rows = self.database.observe("update", "mailbox", work).await?;
        let change = |row: marquis_chat_queries::queries::presence::Leave| Change {
            person: PersonId::from_uuid(row.user_id),
            seq: row.seq,
            turned: row.gone,
        };
        Ok(rows.into_iter().map(change).collect())
    }

    async fn numbers(&self, people: &[PersonId]) -> Result<Vec<(PersonId, i64)>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(numbers_of().bind(&client, &uuids(people)).all().await?)
        };
        let rows = self.database.observe("list", "mailbox", work).await?;
        Ok(rows.into_iter().map(|row| (PersonId::from_uuid(row.user_id), row.seq)).collect())
    }

    async fn online(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(online().bind(&client, &uuids(people)).all().await?)
        };
        let rows = self.database.observe("list", "mailbox", work).await?;
        Ok(rows.into_iter().map(PersonId::from_uuid).collect())
    }

    async fn connected_peers(&self, people: &[PersonId]) -> Result<Vec<ConnectedPeer>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(connected_peers().bind(&client, &uuids(people)).all().await?)
        };
        let rows = self.database.observe("list", "mailbox", work).await?;
        let peer = |row: marquis_chat_queries::queries::presence::ConnectedPeers| ConnectedPeer {
            person: PersonId::from_uuid(row.user_id),
            peer: PersonId::from_uuid(row.peer_id),
            node: NodeId(row.node),
        };
        Ok(rows.into_iter().map(peer).collect())
    }
}

impl PostgresChat {
    async fn bury_dead(&self) -> Result<Vec<PersonId>, Failure> {
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await?;
        let mut dead = bury_nodes().bind(&transaction).all().await?;
        dead.extend(orphans().bind(&transaction).all().await?);
        if dead.is_empty() {
            return Ok(Vec::new());
        }
        let rows = abandon().bind(&transaction, &dead).all().await?;
        let gone: Vec<_> = rows.into_iter().filter(|row| row.gone).collect();
        let events = gone.iter().map(|row| offline(row.user_id, row.seen_at)).collect();
        self.append(&transaction, events, self.clock.now()).await?;
        transaction.commit().await?;
        tracing::info!(nodes = dead.len(), people = gone.len(), "took over from dead nodes");
        Ok(gone.into_iter().map(|row| PersonId::from_uuid(row.user_id)).collect())
    }
}
