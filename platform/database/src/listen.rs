//! A consumer's session: it sleeps until an append wakes it, and misses none.
//!
//! The other half is `wake_consumers` in the migration, which also tells why appends do not
//! simply notify. A consumer looks; if it finds nothing it [rests](Listener::rest) and
//! looks again, and after it found something it is [awake](Listener::stay_awake).

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client};
use tokio_util::sync::CancellationToken;

use crate::error::DatabaseError;
use crate::pool::Database;
use crate::sql;

/// First pause when somebody is about to append. Doubled each time, so the delay stays
/// within what that transaction takes anyway.
const DOZE: Duration = Duration::from_millis(2);

/// A session of its own that listens on the channel of one queue.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) client: Client,
    /// `<schema>.<table>`.
    channel: String,
    /// Rings for every notification, and when the session ends.
    bell: Arc<Notify>,
    /// Whether we hold the lock that makes appenders ring.
    asleep: bool,
    doze: Duration,
}

impl Listener {
    pub(crate) async fn open(database: &Database, table: &str) -> Result<Self, DatabaseError> {
        let (client, mut connection) = database.alone().connect().await?;
        let bell = Arc::new(Notify::new());
        let ring = Arc::clone(&bell);
        // Ends when the client is dropped or the server goes away.
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    ring.notify_one();
                }
            }
            ring.notify_one();
        });
        let channel = format!("{}.{table}", database.schema());
        client.batch_execute(&sql::listen(&channel)).await?;
        Ok(Self { client, channel, bell, asleep: false, doze: DOZE })
    }

    /// After a look that found nothing. Returns when it is time to look again: at the
    /// latest after `poll`, or at `stop`.
    pub(crate) async fn rest(
        &mut self,
        poll: Duration,
        stop: &CancellationToken,
    ) -> Result<(), DatabaseError> {
        let pause = if self.asleep {
            poll
        } else if self.flag(sql::TRY_SLEEP).await? {
            // Whoever committed before now is seen by one more look; whoever commits later
            // finds us asleep and rings.
            self.asleep = true;
            return Ok(());
        } else {
            // Somebody is about to commit, or another consumer sleeps for all of us.
            let pause = self.doze.min(poll);
            self.doze = pause * 2;
            pause
        };
        tokio::select! {
            () = stop.cancelled() => {}
            // Another consumer may be waking up and leave the sleeping to us.
            () = self.bell.notified() => self.doze = DOZE,
            () = sleep(pause) => {}
        }
        Ok(())
    }

    /// After a look that found something.
    pub(crate) async fn stay_awake(&mut self) -> Result<(), DatabaseError> {
        self.doze = DOZE;
        if self.asleep {
            self.flag(sql::WAKE_UP).await?;
            self.asleep = false;
        }
        Ok(())
    }

    async fn flag(&self, statement: &str) -> Result<bool, DatabaseError> {
        Ok(self.client.query_one(statement, &[&self.channel]).await?.get(0))
    }
}
