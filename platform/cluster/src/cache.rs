//! The cache: values that may be forgotten at any time.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::ClusterError;

/// A key-value store that forgets. Keys are text such as `user:<id>`; each owner puts its
/// own name first.
#[async_trait]
pub trait Cache: Debug + Send + Sync + 'static {
    /// The value, unless it was never set, has expired or was forgotten. A cache that is
    /// away misses.
    ///
    /// # Errors
    ///
    /// None today; the signature leaves room for caches that can tell damage from absence.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, ClusterError>;

    /// Keeps the value for at most `ttl` (at least a millisecond). Best effort: a write that
    /// is lost may leave the previous value until its own end. Who must not see a stale
    /// value calls [`Cache::remove`], which reports.
    ///
    /// # Errors
    ///
    /// None when the cache is away; see above.
    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ClusterError>;

    /// Forgets the value. Absent is fine.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when the value may still be there.
    async fn remove(&self, key: &str) -> Result<(), ClusterError>;
}
