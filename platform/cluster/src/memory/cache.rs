//! The cache of one process: bounded in entries and bytes, least recently used goes first.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use marquis_kernel::SharedClock;
use parking_lot::Mutex;

use super::now_millis;
use crate::ClusterError;
use crate::cache::Cache;
use crate::lru::Lru;

const ENTRIES: usize = 100_000;
const BYTES: usize = 32 * 1024 * 1024;

/// Values in memory.
#[derive(Debug)]
pub struct MemoryCache {
    // One lock: a cache entry is read some thousand times a second, not per packet, and one
    // budget for all bytes lets a large value in.
    entries: Mutex<Entries>,
    clock: SharedClock,
}

#[derive(Debug)]
struct Entries {
    lru: Lru<Entry>,
    bytes: usize,
    budget: usize,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    weight: usize,
    ends: i64,
}

impl Entries {
    fn drop_weight(&mut self, entry: Option<Entry>) -> bool {
        entry.is_some_and(|entry| {
            self.bytes -= entry.weight;
            true
        })
    }
}

impl MemoryCache {
    /// A cache of at most 100,000 entries and 32 MiB that follows `clock`.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self::with_capacity(clock, ENTRIES, BYTES)
    }

    /// A cache of at most `entries` entries whose keys and values take at most `bytes`.
    #[must_use]
    pub fn with_capacity(clock: SharedClock, entries: usize, bytes: usize) -> Self {
        let entries = Entries { lru: Lru::new(entries), bytes: 0, budget: bytes };
        Self { entries: Mutex::new(entries), clock }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, ClusterError> {
        let now = now_millis(&*self.clock);
        let mut entries = self.entries.lock();
        match entries.lru.get(key) {
            Some(entry) if entry.ends > now => return Ok(Some(entry.value.clone())),
            None => return Ok(None),
            Some(_) => {}
        }
        let ended = entries.lru.remove(key);
        entries.drop_weight(ended);
        Ok(None)
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ClusterError> {
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX).max(1);
        let ends = now_millis(&*self.clock).saturating_add(ttl);
        let weight = key.len() + value.len();
        let mut entries = self.entries.lock();
        let previous = entries.lru.remove(key);
        entries.drop_weight(previous);
        if weight > entries.budget {
            return Ok(());
        }
        while entries.bytes + weight > entries.budget {
            let oldest = entries.lru.pop_oldest();
            if !entries.drop_weight(oldest) {
                break;
            }
        }
        let evicted = entries.lru.insert(key, Entry { value, weight, ends });
        entries.drop_weight(evicted);
        entries.bytes += weight;
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), ClusterError> {
        let mut entries = self.entries.lock();
        let removed = entries.lru.remove(key);
        entries.drop_weight(removed);
        Ok(())
    }
}
