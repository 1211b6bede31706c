//! Committed events on their way to whoever listens on the cluster.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_cluster::PubSub;
use marquis_contracts::events::{Event, topic};
use marquis_database::outbox::Publisher;

/// Publishes events as JSON on `events.chat`.
#[derive(Debug)]
pub struct TopicPublisher {
    pubsub: Arc<dyn PubSub>,
    topic: String,
}

impl TopicPublisher {
    /// A publisher on the topic of this service.
    #[must_use]
    pub fn new(pubsub: Arc<dyn PubSub>) -> Self {
        Self { pubsub, topic: topic("chat") }
    }
}

#[async_trait]
impl Publisher for TopicPublisher {
    async fn publish(&self, events: &[Event]) -> Result<(), Box<dyn Error + Send + Sync>> {
        for event in events {
            self.pubsub.publish(&self.topic, &serde_json::to_vec(event)?).await?;
        }
        Ok(())
    }
}
