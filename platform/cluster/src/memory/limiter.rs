//! The rate limiter on the gateway's hottest path: no allocation for a known key, a lock
//! on one of 64 shards for about a hundred nanoseconds, memory bounded whatever is sent.

use async_trait::async_trait;
use marquis_kernel::SharedClock;

use super::now_millis;
use crate::ClusterError;
use crate::limiter::{Quota, RateLimiter, Verdict};
use crate::lru::Sharded;
use crate::window::Window;

/// Keys kept by default: some 25 MB when every one of them is used once.
const KEYS: usize = 100_000;
/// Idle entries forgotten per check; above one, so that a flood drains by itself.
const SWEEP: usize = 2;

/// Sliding-window logs in memory.
#[derive(Debug)]
pub struct MemoryLimiter {
    windows: Sharded<Entry>,
    clock: SharedClock,
}

#[derive(Debug)]
struct Entry {
    window: Window,
    /// In milliseconds; says when the entry no longer matters.
    span: u32,
}

impl MemoryLimiter {
    /// A limiter that follows `clock`.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self::with_capacity(clock, KEYS)
    }

    /// A limiter that keeps at most about `keys` keys and forgets the least recently active above that.
    /// Each takes some 250 bytes and 4 bytes for every request in its window.
    #[must_use]
    pub fn with_capacity(clock: SharedClock, keys: usize) -> Self {
        Self { windows: Sharded::new(keys), clock }
    }

    /// Keys kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether no key is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// [`RateLimiter::check`] without a future.
    pub fn try_check(&self, key: &str, quota: &Quota) -> Verdict {
        let now = now_millis(&*self.clock);
        let mut shard = self.windows.shard(key).lock();
        for _ in 0..SWEEP {
            if shard.oldest().is_some_and(|entry| entry.window.is_idle(now, entry.span)) {
                shard.pop_oldest();
            }
        }
        let span = u32::try_from(quota.window_millis()).unwrap_or(u32::MAX);
        if let Some(entry) = shard.get(key) {
            entry.span = span;
            return entry.window.check(now, quota);
        }
        let mut window = Window::default();
        let verdict = window.check(now, quota);
        shard.insert(key, Entry { window, span });
        verdict
    }
}

#[async_trait]
impl RateLimiter for MemoryLimiter {
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, ClusterError> {
        Ok(self.try_check(key, quota))
    }

    fn check_now(&self, key: &str, quota: &Quota) -> Option<Verdict> {
        Some(self.try_check(key, quota))
    }

    async fn release(&self, key: &str, quota: &Quota) -> Result<(), ClusterError> {
        let now = now_millis(&*self.clock);
        if let Some(entry) = self.windows.shard(key).lock().get(key) {
            entry.window.release(now, quota);
        }
        Ok(())
    }
}
