//! To open sockets, through the cluster's pub/sub; and from it, the news that a log of
//! events has grown.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_cluster::PubSub;
use marquis_contracts::identity::UserId;
use marquis_contracts::push::{Push, TOPIC};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::application::ports::{Announcer, SendError};
use crate::domain::PersonId;

/// The Socket.IO event.
const EVENT: &str = "notification:new";

/// Publishes for whoever holds the person's sockets.
#[derive(Debug)]
pub struct ClusterAnnouncer(pub Arc<dyn PubSub>);

#[async_trait]
impl Announcer for ClusterAnnouncer {
    async fn announce(&self, person: PersonId, data: Value) -> Result<(), SendError> {
        let user_id = UserId::from_uuid(person.uuid());
        let push = Push { user_id, event: EVENT.to_owned(), data };
        let bytes = serde_json::to_vec(&push);
        let bytes =
            bytes.map_err(|_| SendError::Never("the notification is not JSON".to_owned()))?;
        let published = self.0.publish(TOPIC, &bytes).await;
        published.map_err(|error| SendError::Later(error.to_string()))
    }
}

/// Rings `bell` for everything that happens on a topic, until `stop`.
pub async fn ring(
    pubsub: Arc<dyn PubSub>,
    topic: String,
    bell: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut subscription = tokio::select! {
        () = stop.cancelled() => return,
        subscription = pubsub.subscribe(&topic) => subscription,
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            message = subscription.recv() => match message {
                Some(_) => bell.notify_one(),
                None => return,
            },
        }
    }
}
