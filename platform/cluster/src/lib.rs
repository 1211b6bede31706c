//! What the nodes of one installation share: a cache, rate limits, messages and locks.
//!
//! The same four traits stand on memory, for one process, and on Redis, for many; one
//! contract test suite (`tests/suite/contract.rs`) runs against both. A caller never learns
//! which one it holds.
//!
//! What always holds:
//! * No call hangs. With Redis away every call returns within [`RedisOptions::timeout`].
//! * Redis is never the only copy of anything: what is kept here may be lost at any time.
//!
//! # When Redis is away
//!
//! | Part | Meanwhile | Afterwards |
//! |---|---|---|
//! | limiter | each node counts for itself in memory, from zero | the shared window again |
//! | cache | reads miss, writes are dropped, removals fail | as before; old entries end with their time to live |
//! | pub/sub | publishing fails; subscriptions stay open and silent | [`Message::Gap`], then messages |
//! | locks | nobody gets or renews one | as before |
//!
//! Leaving and coming back is logged once each; [`Cluster::stats`] counts what was decided locally.

mod cache;
mod error;
mod limiter;
mod locks;
mod lru;
pub mod memory;
mod pubsub;
mod redis;
mod window;

use std::sync::Arc;

use marquis_kernel::{Secret, SharedClock};

pub use cache::Cache;
pub use error::ClusterError;
pub use limiter::{Quota, RateLimiter, Verdict};
pub use locks::{Lease, Locks};
pub use pubsub::{Message, PubSub, Subscription};
pub use redis::{RedisOptions, Stats, TimeSource};

/// The shared parts, ready to be handed to whoever needs one.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Values that may be forgotten.
    pub cache: Arc<dyn Cache>,
    /// Sliding-window rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// Messages to whoever listens at this moment.
    pub pubsub: Arc<dyn PubSub>,
    /// Leases on names.
    pub locks: Arc<dyn Locks>,
    link: Option<Arc<redis::Link>>,
}

impl Cluster {
    /// Everything in this process's memory.
    #[must_use]
    pub fn memory(clock: SharedClock) -> Self {
        Self {
            cache: Arc::new(memory::MemoryCache::new(clock.clone())),
            limiter: Arc::new(memory::MemoryLimiter::new(clock.clone())),
            pubsub: Arc::new(memory::MemoryPubSub::default()),
            locks: Arc::new(memory::MemoryLocks::new(clock)),
            link: None,
        }
    }

    /// Everything in the Redis at `url` (`redis://`, `redis-cluster://`, `redis-sentinel://`, with
    /// TLS `rediss://` and so on).
    /// A server that is down does not fail this call: it is waited for briefly, then in the background.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Settings`] when the URL cannot be understood.
    pub async fn redis(url: &Secret, clock: SharedClock) -> Result<Self, ClusterError> {
        Self::redis_with(url, clock, RedisOptions::default()).await
    }

    /// As [`Cluster::redis`], with other timeouts, key prefix or source of time.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Settings`] when the URL cannot be understood.
    pub async fn redis_with(
        url: &Secret,
        clock: SharedClock,
        options: RedisOptions,
    ) -> Result<Self, ClusterError> {
        let link = redis::Link::connect(url, clock, options).await?;
        Ok(Self {
            cache: Arc::new(redis::RedisCache::new(link.clone())),
            limiter: Arc::new(redis::RedisLimiter::new(link.clone())),
            pubsub: Arc::new(redis::RedisPubSub::new(link.clone()).await?),
            locks: Arc::new(redis::RedisLocks::new(link.clone())),
            link: Some(link),
        })
    }

    /// Whether several nodes share this state.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.link.is_some()
    }

    /// For health checks: whether Redis answers. Memory always does.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when it does not answer in time.
    pub async fn ping(&self) -> Result<(), ClusterError> {
        match &self.link {
            Some(link) => link.ping().await,
            None => Ok(()),
        }
    }

    /// What happened without Redis so far; all zero in memory.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.link.as_ref().map(|link| link.stats()).unwrap_or_default()
    }
}
