//! Tokens verified before, so that a client that keeps coming costs one signature check.
//!
//! The key is the SHA-256 of the whole token: an entry says "this text had a right
//! signature and right claims". Expiry and revocation are not cached: whoever takes an
//! entry checks them again. Memory is bounded: each shard keeps two generations, and a
//! full young one replaces the old one.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use marquis_contracts::identity::Principal;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};

const SHARDS: usize = 16;

/// The SHA-256 of a token.
pub(crate) type Fingerprint = [u8; 32];

pub(crate) fn fingerprint(token: &str) -> Fingerprint {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    fingerprint
}

#[derive(Debug, Default)]
struct Shard {
    young: HashMap<Fingerprint, Arc<Principal>>,
    old: HashMap<Fingerprint, Arc<Principal>>,
}

#[derive(Debug)]
pub(crate) struct TokenCache {
    shards: [Mutex<Shard>; SHARDS],
    /// Entries of one generation of one shard.
    generation: usize,
}

impl TokenCache {
    /// A cache of at most `capacity` tokens.
    pub(crate) fn new(capacity: usize) -> Self {
        let generation = (capacity / SHARDS / 2).max(1);
        Self { shards: Default::default(), generation }
    }

    fn shard(&self, key: &Fingerprint) -> &Mutex<Shard> {
        &self.shards[usize::from(key[0]) % SHARDS]
    }

    pub(crate) fn get(&self, key: &Fingerprint) -> Option<Arc<Principal>> {
        let mut shard = self.shard(key).lock();
        if let Some(principal) = shard.young.get(key) {
            return Some(Arc::clone(principal));
        }
        let principal = shard.old.remove(key)?;
        self.keep(&mut shard, *key, Arc::clone(&principal));
        Some(principal)
    }

    pub(crate) fn insert(&self, key: Fingerprint, principal: Arc<Principal>) {
        self.keep(&mut self.shard(&key).lock(), key, principal);
    }

    pub(crate) fn remove(&self, key: &Fingerprint) {
        let mut shard = self.shard(key).lock();
        shard.young.remove(key);
        shard.old.remove(key);
    }

    /// Drops entries whose token expired, in Unix seconds.
    pub(crate) fn forget_expired(&self, now: i64) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.young.retain(|_, principal| principal.expires_at > now);
            shard.old.retain(|_, principal| principal.expires_at > now);
        }
    }

    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            *shard.lock() = Shard::default();
        }
    }

    fn keep(&self, shard: &mut Shard, key: Fingerprint, principal: Arc<Principal>) {
        if shard.young.len() >= self.generation {
            shard.old = mem::take(&mut shard.young);
        }
        shard.young.insert(key, principal);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                let shard = shard.lock();
                shard.young.len() + shard.old.len()
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use marquis_contracts::identity::{Role, SessionId, UserId};
    use marquis_kernel::SystemClock;

    use super::*;

    fn principal(expires_at: i64) -> Arc<Principal> {
        Arc::new(Principal {
            user_id: UserId::new(&SystemClock),
            session_id: SessionId::new(&SystemClock),
            roles: vec![Role::User],
            amr: Vec::new(),
            expires_at,
        })
    }

    #[test]
    fn it_never_outgrows_its_capacity_and_keeps_what_is_used() {
        let cache = TokenCache::new(1_024);
        let used = fingerprint("used");
        cache.insert(used, principal(10));
        for number in 0..20_000 {
            cache.insert(fingerprint(&number.to_string()), principal(10));
            assert!(cache.get(&used).is_some(), "lost after {number}");
        }
        assert!(cache.len() <= 1_024, "{}", cache.len());
    }

    #[test]
    fn expired_and_removed_entries_are_gone() {
        let cache = TokenCache::new(64);
        let (short, long) = (fingerprint("short"), fingerprint("long"));
        cache.insert(short, principal(10));
        cache.insert(long, principal(20));
        cache.forget_expired(10);
        assert!(cache.get(&short).is_none() && cache.get(&long).is_some());
        cache.remove(&long);
        assert!(cache.get(&long).is_none());
    }
}
