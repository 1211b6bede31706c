//! A bounded map that forgets the least recently used entry.
//!
//! Always holds: at most `capacity` entries; every entry is linked exactly once, most recent
//! first; a freed slot is reused before a new one is made. Every operation takes constant time.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

const NONE: usize = usize::MAX;

#[derive(Debug)]
struct Slot<V> {
    key: Arc<str>,
    value: V,
    newer: usize,
    older: usize,
}

/// One shard's worth of entries.
#[derive(Debug)]
pub(crate) struct Lru<V> {
    index: HashMap<Arc<str>, usize>,
    slots: Vec<Option<Slot<V>>>,
    free: Vec<usize>,
    newest: usize,
    oldest: usize,
    capacity: usize,
}

impl<V> Lru<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            index: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            capacity: capacity.max(1),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The entry, now the most recent one.
    pub(crate) fn get(&mut self, key: &str) -> Option<&mut V> {
        let at = *self.index.get(key)?;
        if self.newest != at {
            self.unlink(at);
            self.link(at);
        }
        self.slots[at].as_mut().map(|slot| &mut slot.value)
    }

    /// Adds an entry that [`Lru::get`] did not find; the oldest makes room and is returned.
    pub(crate) fn insert(&mut self, key: &str, value: V) -> Option<V> {
        let evicted = if self.len() >= self.capacity { self.pop_oldest() } else { None };
        let key: Arc<str> = Arc::from(key);
        let slot = Slot { key: key.clone(), value, newer: NONE, older: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at] = Some(slot);
                at
            }
            None => {
                self.slots.push(Some(slot));
                self.slots.len() - 1
            }
        };
        self.index.insert(key, at);
        self.link(at);
        evicted
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let at = self.index.remove(key)?;
        Some(self.take(at)?.value)
    }

    /// The least recently used value.
    pub(crate) fn oldest(&self) -> Option<&V> {
        self.slots.get(self.oldest)?.as_ref().map(|slot| &slot.value)
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<V> {
        if self.oldest == NONE {
            return None;
        }
        let slot = self.take(self.oldest)?;
        self.index.remove::<str>(slot.key.borrow());
        if self.len() == 0 {
            // After a flood the memory goes back too.
            *self = Self::new(self.capacity);
        }
        Some(slot.value)
    }

    fn take(&mut self, at: usize) -> Option<Slot<V>> {
        self.unlink(at);
        self.free.push(at);
        self.slots[at].take()
    }

    fn link(&mut self, at: usize) {
        let second = self.newest;
        if let Some(slot) = self.slots[at].as_mut() {
            slot.newer = NONE;
            slot.older = second;
        }
        match self.slots.get_mut(second).and_then(Option::as_mut) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }

    fn unlink(&mut self, at: usize) {
        let Some((newer, older)) = self.slots[at].as_ref().map(|slot| (slot.newer, slot.older))
        else {
            return;
        };
        match self.slots.get_mut(newer).and_then(Option::as_mut) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older).and_then(Option::as_mut) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }
}

/// Shards, so that threads seldom wait for each other. Keys are spread by a keyed hash that
/// a client cannot predict.
#[derive(Debug)]
pub(crate) struct Sharded<V> {
    shards: Box<[Mutex<Lru<V>>]>,
    hasher: RandomState,
}

impl<V> Sharded<V> {
    /// A power of two, more than the threads of any machine one process runs on alone.
    pub(crate) const SHARDS: usize = 64;

    pub(crate) fn new(capacity: usize) -> Self {
        let each = capacity.div_ceil(Self::SHARDS);
        Self {
            shards: (0..Self::SHARDS).map(|_| Mutex::new(Lru::new(each))).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn shard(&self, key: &str) -> &Mutex<Lru<V>> {
        let hash = self.hasher.hash_one(key);
        &self.shards[usize::try_from(hash % Self::SHARDS as u64).unwrap_or(0)]
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
