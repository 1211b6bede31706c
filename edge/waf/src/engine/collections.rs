//! Collections kept between transactions: IP, GLOBAL, SESSION, USER, RESOURCE.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// Where persistent collections live. Times are seconds since 1970.
pub trait CollectionStore: Send + Sync + fmt::Debug {
    /// The members of one collection that have not expired.
    fn load(&self, collection: &str, key: &[u8], now: u64) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Sets a member, or removes it with `None`. The collection lives `timeout` seconds
    /// from now.
    fn store(
        &self,
        collection: &str,
        key: &[u8],
        member: &[u8],
        value: Option<&[u8]>,
        now: u64,
        timeout: u64,
    );

    /// Makes a member expire.
    fn expire(&self, collection: &str, key: &[u8], member: &[u8], at: u64);

    /// When the collection was last changed, for `deprecatevar`; `None` where that is not
    /// known, which leaves its members as they are.
    fn changed(&self, _collection: &str, _key: &[u8]) -> Option<u64> {
        None
    }
}

/// Collections in memory, bounded in number and size.
#[derive(Debug)]
pub struct MemoryCollections {
    most: usize,
    all: Mutex<HashMap<(String, Vec<u8>), Stored>>,
}

#[derive(Debug, Default)]
struct Stored {
    members: HashMap<Vec<u8>, (Vec<u8>, Option<u64>)>,
    expires: u64,
    changed: u64,
}

/// Members in one collection.
const MOST_MEMBERS: usize = 256;
/// Bytes in one member.
const LONGEST_MEMBER: usize = 4096;

impl MemoryCollections {
    /// At most `most` collections; beyond that those that expire first make room.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), all: Mutex::default() }
    }
}

impl Default for MemoryCollections {
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl CollectionStore for MemoryCollections {
    fn load(&self, collection: &str, key: &[u8], now: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(collection.to_owned(), key.to_vec()))
            .filter(|stored| stored.expires > now)
            .map(|stored| {
                stored
                    .members
                    .iter()
                    .filter(|(_, (_, expires))| expires.is_none_or(|at| at > now))
                    .map(|(name, (value, _))| (name.clone(), value.clone()))
                    .collect()
            })
            .unwrap_or_default()
    }

    fn store(
        &self,
        collection: &str,
        key: &[u8],
        member: &[u8],
        value: Option<&[u8]>,
        now: u64,
        timeout: u64,
    ) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let id = (collection.to_owned(), key.to_vec());
        if !all.contains_key(&id) && all.len() >= self.most {
            all.retain(|_, stored| stored.expires > now);
            if all.len() >= self.most
                && let Some(oldest) =
                    all.iter().min_by_key(|(_, stored)| stored.expires).map(|(id, _)| id.clone())
            {
                all.remove(&oldest);
            }
        }
        let stored = all.entry(id).or_default();
        if stored.expires <= now {
            stored.members.clear();
        }
        stored.expires = now.saturating_add(timeout);
        stored.changed = now;
        match value {
            None => {
                stored.members.remove(member);
            }
            Some(value) => {
                if stored.members.len() >= MOST_MEMBERS && !stored.members.contains_key(member) {
                    return;
                }
                let value = value.get(..LONGEST_MEMBER).unwrap_or(value).to_vec();
                stored.members.entry(member.to_vec()).or_default().0 = value;
            }
        }
    }

    fn expire(&self, collection: &str, key: &[u8], member: &[u8], at: u64) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, expires)) = all
            .get_mut(&(collection.to_owned(), key.to_vec()))
            .and_then(|stored| stored.members.get_mut(member))
        {
            *expires = Some(at);
        }
    }

    fn changed(&self, collection: &str, key: &[u8]) -> Option<u64> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(collection.to_owned(), key.to_vec())).map(|stored| stored.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_collections_expire() {
        let store = MemoryCollections::new(2);
        store.store("IP", b"a", b"n", Some(b"1"), 100, 10);
        store.store("IP", b"a", b"m", Some(b"2"), 100, 10);
        store.expire("IP", b"a", b"m", 105);
        assert_eq!(store.load("IP", b"a", 104).len(), 2);
        assert_eq!(store.load("IP", b"a", 105), [(b"n".to_vec(), b"1".to_vec())]);
        assert!(store.load("IP", b"a", 110).is_empty());
    }

    #[test]
    fn the_number_of_collections_is_bounded() {
        let store = MemoryCollections::new(2);
        for (at, key) in [b"a", b"b", b"c"].into_iter().enumerate() {
            store.store("IP", key, b"n", Some(b"1"), 100 + at as u64, 10);
        }
        assert!(store.load("IP", b"a", 103).is_empty());
        assert_eq!(store.load("IP", b"c", 103).len(), 1);
    }
}
