//! One service's way through another service's log.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use marquis_contracts::events::{Cursor, EventSource, Recorded, SourceUnavailable};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Handler, HandlerError};
use crate::error::DatabaseError;
use crate::failure::{chain, panic_message};
use crate::outbox::{cursor, recorded, transaction};
use crate::pool::Database;
use crate::retry::jittered;
use crate::sql;

/// How a subscription paces itself.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionOptions {
    /// Most events read, and handled in one transaction, at once.
    pub batch: u32,
    /// How often it looks without having been woken.
    pub poll: Duration,
    /// Failed attempts after which an event is parked.
    pub attempts: i32,
    /// Pause after the first failed attempt; doubled by each further one.
    pub first_pause: Duration,
    /// Longest pause, in outages too.
    pub longest_pause: Duration,
}

impl Default for SubscriptionOptions {
    fn default() -> Self {
        Self {
            batch: 100,
            poll: Duration::from_secs(1),
            attempts: 8,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(10),
        }
    }
}

/// Consumes the log of one service into this service's schema.
#[derive(Debug)]
pub struct Subscription {
    database: Database,
    source_name: &'static str,
    source: Arc<dyn EventSource>,
    bell: Arc<Notify>,
    options: SubscriptionOptions,
}

/// What became of a look at the log.
enum Look {
    /// There may be more.
    Progress,
    /// Nothing to do now.
    Idle,
    /// The next event failed this often, and is tried again.
    Failed(i32),
}

/// Why nothing could be done.
enum Trouble {
    Database(DatabaseError),
    Source(SourceUnavailable),
    /// What the event needs is away.
    Handler(Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for Trouble {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What became of some events in one transaction.
enum Applied {
    Committed,
    /// Another node is at work, or has moved the cursor.
    Elsewhere,
    /// Undone: one of the events failed.
    Failed(HandlerError),
}

impl Subscription {
    /// Consumes the log `source`, of the service `source_name`, into the schema of
    /// `database`. A schema that has no cursor yet begins with the oldest event there is.
    #[must_use]
    pub fn new(
        database: Database,
        source_name: &'static str,
        source: Arc<dyn EventSource>,
    ) -> Self {
        let options = SubscriptionOptions::default();
        Self { database, source_name, source, bell: Arc::default(), options }
    }

    /// Looks at once whenever `bell` rings. It only makes things quicker: nothing is lost
    /// when it does not ring.
    #[must_use]
    pub fn woken_by(mut self, bell: Arc<Notify>) -> Self {
        self.bell = bell;
        self
    }

    /// Paces the subscription otherwise.
    #[must_use]
    pub fn with_options(mut self, options: SubscriptionOptions) -> Self {
        self.options = options;
        self
    }

    /// Consumes until `stop`; a transaction that is under way is finished first. Outages
    /// are waited out.
    pub async fn run<H: Handler>(self, handler: H, stop: CancellationToken) {
        let mut pause = self.options.first_pause;
        let mut troubled = false;
        while !stop.is_cancelled() {
            let rest = match self.look(&handler).await {
                Ok(look) => {
                    (pause, troubled) = (self.options.first_pause, false);
                    match look {
                        Look::Progress => continue,
                        Look::Idle => {
                            tokio::select! {
                                () = stop.cancelled() => {}
                                () = self.bell.notified() => {}
                                () = sleep(self.options.poll) => {}
                            }
                            continue;
                        }
                        Look::Failed(attempts) => self.pause_after(attempts),
                    }
                }
                Err(trouble) => {
                    // One line per outage; its repetitions say nothing new.
                    if !troubled {
                        self.report(&trouble);
                        troubled = true;
                    }
                    let rest = pause;
                    pause = (pause * 2).min(self.options.longest_pause);
                    rest
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(jittered(rest)) => {}
            }
        }
    }

    fn pause_after(&self, attempts: i32) -> Duration {
        let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(30);
        self.options.first_pause.saturating_mul(1 << doublings).min(self.options.longest_pause)
    }

    fn report(&self, trouble: &Trouble) {
        let (schema, source) = (self.database.schema(), self.source_name);
        match trouble {
            Trouble::Database(error) => tracing::warn!(
                schema,
                source,
                error = error as &dyn Error,
                "a subscription has lost its own PostgreSQL; events wait"
            ),
            Trouble::Source(error) => tracing::warn!(
                schema,
                source,
                error = error as &dyn Error,
                "a subscription cannot read the log; events wait"
            ),
            Trouble::Handler(error) => tracing::warn!(
                schema,
                source,
                error = &**error as &dyn Error,
                "an event waits for something that is away"
            ),
        }
    }

    async fn look<H: Handler>(&self, handler: &H) -> Result<Look, Trouble> {
        let mut place = self.place().await?;
        let events =
            self.source.events_after(place, self.options.batch).await.map_err(Trouble::Source)?;
        let Some(last) = events.last() else {
            return self.retry_one(handler).await;
        };
        match self.apply(handler, place, &events).await? {
            Applied::Committed => return Ok(Look::Progress),
            Applied::Elsewhere => return self.elsewhere(place).await,
            Applied::Failed(_) if events.len() > 1 => {}
            Applied::Failed(error) => return self.failed(place, last, error).await,
        }
        // One of them fails: those before it take effect on their own.
        for event in &events {
            match self.apply(handler, place, std::slice::from_ref(event)).await? {
                Applied::Committed => place = event.cursor,
                Applied::Elsewhere => return self.elsewhere(place).await,
                Applied::Failed(error) => return self.failed(place, event, error).await,
            }
        }
        Ok(Look::Progress)
    }

    async fn place(&self) -> Result<Cursor, Trouble> {
        let client = self.database.client().await?;
        let statement = client.prepare_cached(sql::FEED_CURSOR).await?;
        if let Some(row) = client.query_opt(&statement, &[&self.source_name]).await? {
            return Ok(cursor(&row));
        }
        client.execute(sql::BEGIN_FEED, &[&self.source_name]).await?;
        Ok(Cursor::START)
    }

    /// Whether the other node has moved on already, or is still at work.
    async fn elsewhere(&self, place: Cursor) -> Result<Look, Trouble> {
        Ok(if self.place().await? == place { Look::Idle } else { Look::Progress })
    }

    /// Handles the events and moves the cursor from `place` past them, in one transaction.
    async fn apply<H: Handler>(
        &self,
        handler: &H,
        place: Cursor,
        events: &[Recorded],
    ) -> Result<Applied, Trouble> {
        let Some(last) = events.last() else { return Ok(Applied::Committed) };
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let lock = tx.prepare_cached(sql::LOCK_FEED).await?;
        let place = (transaction(place), place.position);
        if tx.query_opt(&lock, &[&self.source_name, &place.0, &place.1]).await?.is_none() {
            return Ok(Applied::Elsewhere);
        }
        for recorded in events {
            if let Err(error) = handle(handler, &tx, recorded).await {
                tx.rollback().await?;
                return Ok(Applied::Failed(error));
            }
        }
        let advance = tx.prepare_cached(sql::ADVANCE_FEED).await?;
        let to = (transaction(last.cursor), last.cursor.position);
        tx.execute(&advance, &[&self.source_name, &to.0, &to.1]).await?;
        tx.commit().await?;
        Ok(Applied::Committed)
    }

    /// Counts the failure of the event after `place`; parks the event when it was the last.
    async fn failed(
        &self,
        place: Cursor,
        recorded: &Recorded,
        error: HandlerError,
    ) -> Result<Look, Trouble> {
        let (error, hopeless) = match error {
            HandlerError::Later(error) => return Err(Trouble::Handler(error)),
            HandlerError::Failed(error) => (error, false),
            HandlerError::Refused(error) => (error, true),
        };
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let place = (transaction(place), place.position);
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.source_name, &place.0, &place.1];
        let Some(row) = tx.query_opt(sql::COUNT_FEED_FAILURE, &params).await? else {
            return Ok(Look::Progress);
        };
        let attempts: i32 = row.get(0);
        let parked = hopeless || attempts >= self.options.attempts;
        if parked {
            let event = &recorded.event;
            let at = (transaction(recorded.cursor), recorded.cursor.position);
            tx.execute(
                sql::PARK_EVENT,
                &[
                    &self.source_name,
                    &at.0,
                    &at.1,
                    &event.id,
                    &event.kind,
                    &event.subject,
                    &event.occurred_at,
                    &event.data,
                    &event.traceparent,
                    &attempts,
                    &chain(&*error),
                ],
            )
            .await?;
            tx.execute(sql::ADVANCE_FEED, &[&self.source_name, &at.0, &at.1]).await?;
        }
        tx.commit().await?;
        let (schema, source) = (self.database.schema(), self.source_name);
        let (event, kind, error) =
            (recorded.event.id, recorded.event.kind.as_str(), &*error as &dyn Error);
        if parked {
            tracing::error!(schema, source, %event, kind, attempts, error, "an event is parked");
            return Ok(Look::Progress);
        }
        tracing::info!(schema, source, %event, kind, attempts, error, "an event failed and is tried again");
        Ok(Look::Failed(attempts))
    }

    /// Tries a parked event again that somebody asked for.
    async fn retry_one<H: Handler>(&self, handler: &H) -> Result<Look, Trouble> {
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let lock = tx.prepare_cached(sql::LOCK_RETRY).await?;
        let Some(row) = tx.query_opt(&lock, &[&self.source_name]).await? else {
            return Ok(Look::Idle);
        };
        let recorded = recorded(&row);
        let at = (transaction(recorded.cursor), recorded.cursor.position);
        let error = match handle(handler, &tx, &recorded).await {
            Ok(()) => {
                tx.execute(sql::FORGET_PARKED, &[&self.source_name, &at.0, &at.1]).await?;
                tx.commit().await?;
                tracing::info!(event = %recorded.event.id, "a parked event has taken effect");
                return Ok(Look::Progress);
            }
            Err(HandlerError::Later(error)) => return Err(Trouble::Handler(error)),
            Err(HandlerError::Failed(error) | HandlerError::Refused(error)) => error,
        };
        tx.rollback().await?;
        let error = chain(&*error);
        client.execute(sql::REFUSE_RETRY, &[&self.source_name, &at.0, &at.1, &error]).await?;
        tracing::warn!(event = %recorded.event.id, error, "a parked event failed again");
        Ok(Look::Progress)
    }
}

/// Runs the handler; a panic is a failure like any other.
async fn handle<H: Handler>(
    handler: &H,
    transaction: &deadpool_postgres::Transaction<'_>,
    recorded: &Recorded,
) -> Result<(), HandlerError> {
    AssertUnwindSafe(handler.handle(transaction, &recorded.event))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(HandlerError::Failed(panic_message(&*panic).into())))
}
