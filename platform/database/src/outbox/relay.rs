//! Publishing committed rows of the outbox, by one leader per schema.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::events::Event;
use tokio::time::sleep;
use tokio_postgres::Row;
use tokio_util::sync::CancellationToken;

use crate::error::DatabaseError;
use crate::listen::Listener;
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
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self { batch: 500, poll: Duration::from_secs(1) }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
        let oldest = session.client.prepare(sql::OLDEST_EVENTS).await?;
        let delete = session.client.prepare(sql::DELETE_EVENTS).await?;
        while !stop.is_cancelled() {
            let rows = session.client.query(&oldest, &[&i64::from(self.options.batch)]).await?;
            if rows.is_empty() {
                session.rest(self.options.poll, stop).await?;
                continue;
            }
            session.stay_awake().await?;
            let (positions, events) = read(&rows);
            self.publisher.publish(&events).await.map_err(Trouble::Publisher)?;
            session.client.execute(&delete, &[&positions]).await?;
            *progressed = true;
        }
        Ok(())
    }
}

fn read(rows: &[Row]) -> (Vec<i64>, Vec<Event>) {
    rows.iter()
        .map(|row| {
            let event = Event {
                id: row.get(1),
                kind: row.get(2),
                subject: row.get(3),
                occurred_at: row.get(4),
                data: row.get(5),
                traceparent: row.get(6),
            };
            (row.get::<_, i64>(0), event)
        })
        .unzip()
}
