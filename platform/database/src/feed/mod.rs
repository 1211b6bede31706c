//! Reading another service's log of events, each event taking effect exactly once.
//!
//! What is promised:
//! * **Exactly once.** [`Handler::handle`] writes in the transaction that moves this
//!   service's cursor. A crash in between undoes both; nodes that consume side by side
//!   exclude each other by the cursor's row. What a handler does outside of that
//!   transaction may happen more than once, or without the transaction being committed.
//! * **In the log's order**, which is the order of commits for each subject.
//! * **Nobody waits for us.** The log's owner knows nothing of its readers. A reader that
//!   was away goes on where it stopped, as long as the log's retention reaches.
//! * **One bad event stops nothing for long.** It is tried again, with pauses, then parked
//!   in `events_parked` with its last error and passed over. Outages count for nothing: an
//!   event waits for what is away.

mod source;
mod subscription;

use std::error::Error;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use marquis_contracts::events::{Cursor, Event, Recorded};
use time::OffsetDateTime;

pub use source::OutboxSource;
pub use subscription::{Subscription, SubscriptionOptions};

use crate::error::{DatabaseError, why_unavailable};
use crate::outbox::{recorded, transaction};
use crate::pool::Database;
use crate::sql;

/// What a service does about events.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Makes one event take effect, in a transaction that also passes it. Kinds that are of
    /// no interest are `Ok`.
    ///
    /// # Errors
    ///
    /// [`HandlerError`] says whether trying again makes sense. Any error undoes the
    /// transaction.
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        event: &Event,
    ) -> Result<(), HandlerError>;
}

#[async_trait]
impl<H: Handler + ?Sized> Handler for std::sync::Arc<H> {
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        event: &Event,
    ) -> Result<(), HandlerError> {
        (**self).handle(transaction, event).await
    }
}

/// Why an event did not take effect. Any error converts by `?`: into
/// [`HandlerError::Later`] when PostgreSQL is unavailable or the transaction collided with
/// another one, else into [`HandlerError::Failed`].
#[derive(Debug)]
pub enum HandlerError {
    /// Something is away that the event needs. It is tried until that is back.
    Later(Box<dyn Error + Send + Sync>),
    /// May succeed another time; counts as an attempt.
    Failed(Box<dyn Error + Send + Sync>),
    /// Will never succeed: parked at once.
    Refused(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        if passes(&error) { Self::Later(error.into()) } else { Self::Failed(error.into()) }
    }
}

/// Whether the error or one of its causes speaks of the database's state.
fn passes(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<DatabaseError>() {
            return error.is_unavailable() || error.is_retryable();
        }
        if let Some(error) = error.downcast_ref::<tokio_postgres::Error>() {
            return why_unavailable(error).is_some();
        }
        cause = error.source();
    }
    false
}

/// An event that was passed over.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// The service whose event it is.
    pub source: String,
    /// The event and its place in that service's log.
    pub recorded: Recorded,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it failed, in the words of the last error and its causes.
    pub last_error: String,
    /// When it was given up.
    pub parked_at: OffsetDateTime,
}

/// Events that were passed over, the latest first.
///
/// # Errors
///
/// As any statement.
pub async fn parked(database: &Database, limit: u32) -> Result<Vec<Parked>, DatabaseError> {
    let rows = database.client().await?.query(sql::PARKED_EVENTS, &[&i64::from(limit)]).await?;
    Ok(rows
        .iter()
        .map(|row| Parked {
            recorded: recorded(row),
            source: row.get(8),
            attempts: row.get(9),
            last_error: row.get(10),
            parked_at: row.get(11),
        })
        .collect())
}

/// How many events were passed over; for health checks and metrics.
///
/// # Errors
///
/// As any statement.
pub async fn count_parked(database: &Database) -> Result<i64, DatabaseError> {
    Ok(database.client().await?.query_one(sql::COUNT_PARKED, &[]).await?.get(0))
}

/// Has a parked event tried once more by the running [`Subscription`], out of its order;
/// `false` when there is no such event.
///
/// # Errors
///
/// As any statement.
pub async fn retry_parked(
    database: &Database,
    source: &str,
    cursor: Cursor,
) -> Result<bool, DatabaseError> {
    let client = database.client().await?;
    let place = transaction(cursor);
    Ok(client.execute(sql::ASK_FOR_RETRY, &[&source, &place, &cursor.position]).await? == 1)
}
