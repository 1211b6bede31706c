//! The cluster of many nodes, on Redis 6 or newer.
//!
//! Keys begin with [`RedisOptions::prefix`] and every one has a time to live, so an
//! abandoned installation leaves nothing behind. State of one key is changed by one Lua
//! script, which Redis runs alone: two nodes never interleave.

mod cache;
mod limiter;
mod link;
mod locks;
mod pubsub;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use cache::RedisCache;
pub(crate) use limiter::RedisLimiter;
pub(crate) use link::Link;
pub(crate) use locks::RedisLocks;
pub(crate) use pubsub::RedisPubSub;

/// How Redis is used.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Before every key and topic. Installations that share a Redis take different ones.
    pub prefix: String,
    /// The longest any call waits.
    pub timeout: Duration,
    /// The longest one attempt to open a connection takes. No call waits for it.
    pub connect_timeout: Duration,
    /// PEM file of the authorities that a `rediss://` server is verified against, instead of
    /// the system's.
    pub authorities: Option<PathBuf>,
    /// Whose time the limiter follows.
    pub time: TimeSource,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            prefix: "marquis:".to_owned(),
            timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(2),
            authorities: None,
            time: TimeSource::Server,
        }
    }
}

/// Whose time the rate limiter follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeSource {
    /// Redis's own (`TIME`), so that nodes with different clocks agree.
    #[default]
    Server,
    /// The clock given to the cluster, so that a test can move it. Times to live in Redis
    /// still run by Redis's own.
    Clock,
}

/// What was decided without Redis since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Rate limits checked against this node's own window.
    pub local_checks: u64,
    /// Calls of any kind that Redis did not answer in time or at all.
    pub failed_calls: u64,
    /// Times Redis went away.
    pub outages: u64,
}
