//! The transactional outbox: an event is a row written in the transaction that causes it.
//!
//! The rows are a log. A relay publishes them, other services read them with cursors of
//! their own ([`crate::feed`]), and rows that were published are swept once they are older
//! than the retention.
//!
//! What is promised:
//! * **At least once.** The relay's cursor passes an event after its publication succeeded.
//!   A crash or a lost answer in between publishes it again, with the same `id`.
//! * **Order per subject.** When every transaction that appends for a subject first locks
//!   that subject (updates or inserts its row), the first appearances of a subject's events
//!   are in the order of its commits. A repetition may appear later.
//! * **Nothing is skipped.** Events are read in the order of (`transaction`, `position`), and
//!   none before every transaction that could still append below it has ended: see
//!   `outbox_transaction` in the migration. So a transaction that stays open and has written
//!   something, anywhere on the server, holds up what is appended after it.
//! * **Any number of nodes.** One relay per schema leads, the others stand by; the server
//!   passes the leadership on when the leader's session ends.
//!
//! Appending is a plain insert, usable in a data-modifying CTE:
//! `INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent) ...`.

mod relay;

use deadpool_postgres::GenericClient;
use marquis_contracts::events::{Cursor, Event, Recorded};
use time::OffsetDateTime;
use tokio_postgres::Row;

pub use relay::{Publisher, Relay, RelayOptions};

use crate::error::DatabaseError;
use crate::pool::Database;
use crate::sql;

/// The relay's own name among the readers of logs.
pub(crate) const RELAY: &str = "outbox";

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

/// An event from the columns that all statements on logs begin with.
pub(crate) fn recorded(row: &Row) -> Recorded {
    Recorded {
        cursor: cursor(row),
        event: Event {
            id: row.get(2),
            kind: row.get(3),
            subject: row.get(4),
            occurred_at: row.get(5),
            data: row.get(6),
            traceparent: row.get(7),
        },
    }
}

/// The cursor in the first two columns. Transactions are numbered from 3.
pub(crate) fn cursor(row: &Row) -> Cursor {
    let transaction: i64 = row.get(0);
    Cursor { transaction: transaction.unsigned_abs(), position: row.get(1) }
}

/// The cursor's transaction as PostgreSQL has it. 2^63 transactions are out of reach.
pub(crate) fn transaction(cursor: Cursor) -> i64 {
    i64::try_from(cursor.transaction).unwrap_or(i64::MAX)
}

/// Deletes events that were published and happened before `before`; how many.
///
/// # Errors
///
/// As any statement; the rest is deleted next time.
pub async fn sweep(database: &Database, before: OffsetDateTime) -> Result<u64, DatabaseError> {
    const BATCH: i64 = 5_000;
    let client = database.client().await?;
    let mut swept = 0;
    loop {
        let batch = client.execute(sql::SWEEP_EVENTS, &[&before, &BATCH]).await?;
        swept += batch;
        if batch == 0 {
            return Ok(swept);
        }
    }
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
