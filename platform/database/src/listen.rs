//! A session that is woken by `NOTIFY`.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client};

use crate::error::DatabaseError;
use crate::pool::Database;
use crate::sql;

/// A session of its own that listens on the channel of one queue.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) client: Client,
    /// Rings for every notification, and when the session ends.
    pub(crate) bell: Arc<Notify>,
}

impl Listener {
    pub(crate) async fn open(database: &Database, queue: &str) -> Result<Self, DatabaseError> {
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
        client.batch_execute(&sql::listen(database.schema(), queue)).await?;
        Ok(Self { client, bell })
    }
}
