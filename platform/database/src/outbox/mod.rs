//! The transactional outbox: an event is a row written in the transaction that causes it,
//! and a relay publishes committed rows and deletes them.
//!
//! What is promised:
//! * **At least once.** A row is deleted after its publication succeeded. A crash or a lost
//!   answer in between publishes it again, with the same `id`.
//! * **Order per subject.** Rows are published by `position`, which a row is given when it
//!   is inserted. When every transaction that appends for a subject first locks that
//!   subject (updates or inserts its row), positions follow commits, so the first
//!   appearances of a subject's events are in the order of its commits. A repetition may
//!   appear later.
//! * **Nothing between subjects.** A transaction that commits late is published late, even
//!   when its position is lower; nothing is skipped, because there is no cursor.
//! * **Any number of nodes.** One relay per schema leads, the others stand by; the server
//!   passes the leadership on when the leader's session ends.
//!
//! Appending is a plain insert, usable in a data-modifying CTE:
//! `INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent) ...`.

mod relay;

use deadpool_postgres::GenericClient;
use marquis_contracts::events::Event;
use time::OffsetDateTime;

pub use relay::{Publisher, Relay, RelayOptions};

use crate::error::DatabaseError;
use crate::pool::Database;
use crate::sql;

/// Appends an event in the caller's transaction.
///
/// # Errors
///
/// As any statement.
pub async fn append(client: &impl GenericClient, event: &Event) -> Result<(), DatabaseError> {
    let statement = client.prepare_cached(sql::APPEND_EVENT).await?;
    client
        .execute(
            &statement,
            &[
                &event.id,
                &event.kind,
                &event.subject,
                &event.occurred_at,
                &event.data,
                &event.traceparent,
            ],
        )
        .await?;
    Ok(())
}

/// Events that wait to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub events: i64,
    /// When the oldest of them happened.
    pub oldest: Option<OffsetDateTime>,
}

/// How far the relay is behind; for health checks and metrics.
///
/// # Errors
///
/// As any statement.
pub async fn backlog(database: &Database) -> Result<Backlog, DatabaseError> {
    let row = database.client().await?.query_one(sql::OUTBOX_BACKLOG, &[]).await?;
    Ok(Backlog { events: row.get(0), oldest: row.get(1) })
}
