//! The outbox of a schema as other services read it.

use async_trait::async_trait;
use marquis_contracts::events::{Cursor, EventSource, Recorded, SourceUnavailable};

use crate::error::DatabaseError;
use crate::outbox::{recorded, transaction};
use crate::pool::Database;
use crate::sql;

/// Most events in one answer, whatever was asked for.
const MOST: u32 = 1_000;

/// Reads the log of one service.
#[derive(Debug, Clone)]
pub struct OutboxSource {
    database: Database,
}

impl OutboxSource {
    /// The log in this database's schema.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn read(&self, after: Cursor, limit: u32) -> Result<Vec<Recorded>, DatabaseError> {
        let client = self.database.client().await?;
        let statement = client.prepare_cached(sql::EVENTS_AFTER).await?;
        let (place, limit) = (transaction(after), i64::from(limit.min(MOST)));
        let rows = client.query(&statement, &[&place, &after.position, &limit]).await?;
        Ok(rows.iter().take_while(|row| row.get::<_, bool>(8)).map(recorded).collect())
    }
}

#[async_trait]
impl EventSource for OutboxSource {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        self.read(after, limit).await.map_err(|error| SourceUnavailable(error.into()))
    }
}
