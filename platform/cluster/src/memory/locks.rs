//! Leases within one process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_kernel::{SharedClock, random};
use parking_lot::Mutex;

use super::now_millis;
use crate::ClusterError;
use crate::locks::{Lease, Leases, Locks};

/// Leases in memory. A name whose lease has ended takes no memory after the next acquisition.
#[derive(Debug)]
pub struct MemoryLocks {
    table: Arc<Table>,
}

#[derive(Debug)]
struct Table {
    held: Mutex<Held>,
    clock: SharedClock,
}

#[derive(Debug, Default)]
struct Held {
    by_name: HashMap<String, Holder>,
    fence: u64,
}

#[derive(Debug)]
struct Holder {
    owner: String,
    ends: i64,
}

impl MemoryLocks {
    /// Leases that end by `clock`.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { table: Arc::new(Table { held: Mutex::default(), clock }) }
    }
}

fn ends(now: i64, ttl: Duration) -> i64 {
    now.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX).max(1))
}

#[async_trait]
impl Locks for MemoryLocks {
    async fn try_acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, ClusterError> {
        let now = now_millis(&*self.table.clock);
        let mut held = self.table.held.lock();
        held.by_name.retain(|_, holder| holder.ends > now);
        if held.by_name.contains_key(name) {
            return Ok(None);
        }
        // As in Redis: the time, so that a restart of the process does not start over.
        held.fence = (held.fence + 1).max(u64::try_from(now).unwrap_or(0).saturating_mul(1_000));
        let (fence, owner) = (held.fence, random::token());
        let holder = Holder { owner: owner.clone(), ends: ends(now, ttl) };
        held.by_name.insert(name.to_owned(), holder);
        Ok(Some(Lease { leases: self.table.clone(), name: name.to_owned(), owner, fence }))
    }
}

#[async_trait]
impl Leases for Table {
    async fn renew(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool, ClusterError> {
        let now = now_millis(&*self.clock);
        let mut held = self.held.lock();
        let holder = held.by_name.get_mut(name);
        Ok(match holder.filter(|holder| holder.owner == owner && holder.ends > now) {
            Some(holder) => {
                holder.ends = ends(now, ttl);
                true
            }
            None => false,
        })
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), ClusterError> {
        let mut held = self.held.lock();
        if held.by_name.get(name).is_some_and(|holder| holder.owner == owner) {
            held.by_name.remove(name);
        }
        Ok(())
    }
}
