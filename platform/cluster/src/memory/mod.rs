//! The cluster of one process. No background task: what has ended is forgotten when its
//! neighbours are used, and hard limits bound what is not.

mod cache;
mod limiter;
mod locks;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use marquis_kernel::Clock;

pub use cache::MemoryCache;
pub use limiter::MemoryLimiter;
pub use locks::MemoryLocks;

use crate::ClusterError;
use crate::pubsub::{Hub, Message, PubSub, Subscription};

/// Unix time in milliseconds.
pub(crate) fn now_millis(clock: &dyn Clock) -> i64 {
    let now = clock.now();
    now.unix_timestamp() * 1_000 + i64::from(now.millisecond())
}

/// Publish and subscribe within this process.
#[derive(Debug, Default)]
pub struct MemoryPubSub {
    hub: Arc<Hub>,
}

impl Drop for MemoryPubSub {
    fn drop(&mut self) {
        self.hub.close();
    }
}

#[async_trait]
impl PubSub for MemoryPubSub {
    async fn publish(&self, topic: &str, message: &[u8]) -> Result<(), ClusterError> {
        if self.hub.has(topic) {
            self.hub.deliver(topic, &Message::Data(Bytes::copy_from_slice(message)));
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &str) -> Subscription {
        self.hub.join(topic)
    }
}
