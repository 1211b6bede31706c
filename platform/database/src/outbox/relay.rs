//! Publishing committed rows of the outbox, by one leader per schema, which also sweeps
//! what is old.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use marquis_contracts::events::{Cursor, Event};
use time::OffsetDateTime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::error::DatabaseError;
use crate::listen::Listener;
use crate::outbox;
use crate::pool::Database;
use crate::retry::jittered;
use crate::sql;

/// Where events go.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Publishes the events one after the other. An error means that any prefix of them
    /// may have been published; all of them are then published again.
    ///
    /// # Errors
    ///
    /// Whatever kept the events from being published; they are tried again.
    async fn publish(&self, events: &[Event]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// How the relay paces itself.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// Most events published at once.
    pub batch: u32,
    /// How often an idle leader looks without having been woken, and a standby asks for
    /// the leadership.
    pub poll: Duration,
    /// How long events stay after they happened, for services that read the log.
    pub retention: Duration,
    /// How often older ones are deleted.
    pub sweep_every: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            batch: 500,
            poll: Duration::from_secs(1),
            retention: Duration::from_secs(7 * 24 * 3_600),
            sweep_every: Duration::from_secs(60),
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// First pause when events wait for a transaction that is still at work; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Publishes the outbox of one schema.
pub struct Relay {
    database: Database,
    publisher: Arc<dyn Publisher>,
    options: RelayOptions,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("schema", &self.database.schema())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Why leading ended.
enum Trouble {
    Database(DatabaseError),
    Publisher(Box<dyn Error + Send + Sync>),
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

impl Relay {
    /// A relay for the outbox of `database`.
    #[must_use]
    pub fn new(database: &Database, publisher: Arc<dyn Publisher>) -> Self {
        Self { database: database.clone(), publisher, options: RelayOptions::default() }
    }

    /// Paces the relay otherwise.
    #[must_use]
    pub fn with_options(mut self, options: RelayOptions) -> Self {
        self.options = options;
        self
    }

    /// Publishes until `stop`; a batch that is being published is finished first. Outages
    /// of PostgreSQL and of the publisher are waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut troubled = false;
        while !stop.is_cancelled() {
            let mut progressed = false;
            match self.lead(&stop, &mut progressed).await {
                Ok(()) => return,
                Err(trouble) => {
                    if progressed {
                        (pause, troubled) = (FIRST_PAUSE, false);
                    }
                    // One line per outage; its repetitions say nothing new.
                    if !troubled {
                        self.report(&trouble);
                        troubled = true;
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(jittered(pause)) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn report(&self, trouble: &Trouble) {
        let schema = self.database.schema();
        match trouble {
            Trouble::Database(error) => tracing::warn!(
                schema,
                error = error as &dyn Error,
                "the outbox relay has lost PostgreSQL; events wait"
            ),
            Trouble::Publisher(error) => tracing::warn!(
                schema,
                error = &**error as &dyn Error,
                "the outbox relay cannot publish; events wait"
            ),
        }
    }

    /// Waits for the leadership and publishes until told to stop, which alone is `Ok`.
    async fn lead(&self, stop: &CancellationToken, progressed: &mut bool) -> Result<(), Trouble> {
        let mut session = Listener::open(&self.database, "outbox").await?;
        let schema = self.database.schema();
        while !session.client.query_one(sql::TRY_LEAD_OUTBOX, &[&schema]).await?.get::<_, bool>(0) {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = sleep(self.options.poll) => {}
            }
        }
        let after = session.client.prepare(sql::EVENTS_AFTER).await?;
        let advance = session.client.prepare(sql::ADVANCE_FEED).await?;
        let place = session.client.query_one(sql::FEED_CURSOR, &[&outbox::RELAY]).await?;
        let mut cursor = outbox::cursor(&place);
        let mut wait = FIRST_WAIT;
        let mut swept: Option<Instant> = None;
        while !stop.is_cancelled() {
            if swept.is_none_or(|when| when.elapsed() >= self.options.sweep_every) {
                self.sweep().await?;
                swept = Some(Instant::now());
            }
            let limit = i64::from(self.options.batch);
            let (transaction, position) = (outbox::transaction(cursor), cursor.position);
            let rows = session.client.query(&after, &[&transaction, &position, &limit]).await?;
            if rows.is_empty() {
                session.rest(self.options.poll, stop).await?;
                continue;
            }
            session.stay_awake().await?;
            let ripe: Vec<_> = rows.iter().take_while(|row| row.get::<_, bool>(8)).collect();
            let (cursors, events): (Vec<Cursor>, Vec<Event>) = ripe
                .into_iter()
                .map(outbox::recorded)
                .map(|recorded| (recorded.cursor, recorded.event))
                .unzip();
            let Some(last) = cursors.last().copied() else {
                // Committed, but a transaction that could still append below is at work;
                // its end rings no bell.
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
                }
                continue;
            };
            wait = FIRST_WAIT;
            self.publisher.publish(&events).await.map_err(Trouble::Publisher)?;
            let (transaction, position) = (outbox::transaction(last), last.position);
            session.client.execute(&advance, &[&outbox::RELAY, &transaction, &position]).await?;
            cursor = last;
            *progressed = true;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), DatabaseError> {
        let retention = self.options.retention.as_secs_f64();
        let row = self.database.client().await?.query_one(sql::AGO, &[&retention]).await?;
        let swept = outbox::sweep(&self.database, row.get::<_, OffsetDateTime>(0)).await?;
        if swept > 0 {
            tracing::debug!(schema = self.database.schema(), events = swept, "old events are gone");
        }
        Ok(())
    }
}
