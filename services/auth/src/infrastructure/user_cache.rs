//! The accounts that `/auth/me` was lately asked for. Bounded; an entry is answered without
//! a look at the database for a few seconds, then looked up again. While the database is
//! away known entries are still answered, for as long as an access token can live.
//!
//! What always holds: after [`UserCache::forget`] returns, no row that was read before it
//! is remembered. A generation counter per shard turns such late rows away.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use marquis_contracts::identity::UserId;
use marquis_kernel::SharedClock;
use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::application::ports::{Account, StoreError};

const SHARDS: usize = 16;
/// How long an entry is answered while the database is away: the longest token's life.
const OUTAGE: Duration = Duration::from_secs(3_600);
/// While the database is away it is asked again for one entry this often.
const RETRY: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct UserCache {
    shards: Vec<Mutex<Shard>>,
    capacity: usize,
    ttl: Duration,
    clock: SharedClock,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<UserId, Entry>,
    generation: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    account: Arc<Account>,
    read_at: OffsetDateTime,
    fresh_until: OffsetDateTime,
}

enum Look {
    Fresh(Arc<Account>),
    /// To be looked up; the entry to fall back on, and the generation before the look.
    Stale(Option<Entry>, u64),
}

impl UserCache {
    /// A cache of at most `capacity` accounts, fresh for `ttl`.
    #[must_use]
    pub fn new(capacity: usize, ttl: Duration, clock: SharedClock) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, capacity: capacity.div_ceil(SHARDS).max(1), ttl, clock }
    }

    /// The account, from memory or by `read`.
    ///
    /// # Errors
    ///
    /// Those of `read`, unless the database is away and the account is remembered.
    pub async fn get<F, Read>(
        &self,
        id: UserId,
        read: F,
    ) -> Result<Option<Arc<Account>>, StoreError>
    where
        F: FnOnce() -> Read,
        Read: Future<Output = Result<Option<Account>, StoreError>>,
    {
        let (known, generation) = match self.look(id) {
            Look::Fresh(account) => return Ok(Some(account)),
            Look::Stale(known, generation) => (known, generation),
        };
        match read().await {
            Ok(None) => {
                self.forget(id);
                Ok(None)
            }
            Ok(Some(account)) => {
                let account = Arc::new(account);
                self.remember(id, Arc::clone(&account), generation);
                Ok(Some(account))
            }
            Err(StoreError::Unavailable(cause)) => match known {
                Some(entry) if self.clock.now() - entry.read_at < OUTAGE => Ok(Some(entry.account)),
                _ => Err(StoreError::Unavailable(cause)),
            },
            Err(error) => Err(error),
        }
    }

    /// Whoever finds an entry stale looks it up; others are answered from it meanwhile, so
    /// neither a busy account nor an outage makes a queue at the database.
    fn look(&self, id: UserId) -> Look {
        let now = self.clock.now();
        let mut shard = self.shard(id).lock();
        let generation = shard.generation;
        match shard.entries.get_mut(&id) {
            None => Look::Stale(None, generation),
            Some(entry) if entry.fresh_until > now && entry.read_at <= now => {
                Look::Fresh(Arc::clone(&entry.account))
            }
            Some(entry) => {
                entry.fresh_until = now + RETRY;
                Look::Stale(Some(entry.clone()), generation)
            }
        }
    }

    fn remember(&self, id: UserId, account: Arc<Account>, generation: u64) {
        let now = self.clock.now();
        let mut shard = self.shard(id).lock();
        if shard.generation != generation {
            return;
        }
        if shard.entries.len() >= self.capacity && !shard.entries.contains_key(&id) {
            evict(&mut shard.entries, now);
        }
        let entry = Entry { account, read_at: now, fresh_until: now + self.ttl };
        shard.entries.insert(id, entry);
    }

    /// The account changed.
    pub fn forget(&self, id: UserId) {
        let mut shard = self.shard(id).lock();
        shard.generation += 1;
        shard.entries.remove(&id);
    }

    /// Any account may have changed.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.generation += 1;
            shard.entries.clear();
        }
    }

    fn shard(&self, id: UserId) -> &Mutex<Shard> {
        // The last byte of a UUIDv7 is random.
        let [.., last] = *id.uuid().as_bytes();
        &self.shards[usize::from(last) % SHARDS]
    }
}

/// Makes room: the stale ones, or when there are none the one read longest ago among a few.
fn evict(entries: &mut HashMap<UserId, Entry>, now: OffsetDateTime) {
    let before = entries.len();
    entries.retain(|_, entry| entry.fresh_until > now);
    if entries.len() < before {
        return;
    }
    let oldest = entries.iter().take(8).min_by_key(|(_, entry)| entry.read_at).map(|(&id, _)| id);
    if let Some(id) = oldest {
        entries.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use marquis_contracts::identity::Role;
    use marquis_kernel::{Clock, ManualClock};

    use super::*;

    fn account(clock: &dyn Clock, username: &str) -> Account {
        Account {
            id: UserId::new(clock),
            email: String::new(),
            username: username.to_owned(),
            roles: vec![Role::User],
            password_change_required: false,
            created_at: clock.now(),
            updated_at: clock.now(),
        }
    }

    fn away() -> Result<Option<Account>, StoreError> {
        Err(StoreError::Unavailable("away".into()))
    }

    async fn name(
        cache: &UserCache,
        id: UserId,
        answer: Result<Option<Account>, StoreError>,
    ) -> Option<String> {
        let found = cache.get(id, || async { answer }).await.ok().flatten();
        found.map(|account| account.username.clone())
    }

    #[tokio::test]
    async fn entries_are_fresh_for_their_time_and_then_looked_up() {
        let clock = ManualClock::starting_now();
        let cache = UserCache::new(100, Duration::from_secs(5), clock.clone());
        let first = account(&*clock, "first");
        let id = first.id;
        let second = Account { username: "second".to_owned(), ..first.clone() };
        assert_eq!(name(&cache, id, Ok(Some(first))).await.as_deref(), Some("first"));
        assert_eq!(name(&cache, id, Ok(Some(second.clone()))).await.as_deref(), Some("first"));
        clock.advance(time::Duration::seconds(5));
        assert_eq!(name(&cache, id, Ok(Some(second))).await.as_deref(), Some("second"));
        cache.forget(id);
        assert_eq!(name(&cache, id, Ok(None)).await, None);
    }

    #[tokio::test]
    async fn known_accounts_are_answered_through_an_outage() {
        let clock = ManualClock::starting_now();
        let cache = UserCache::new(100, Duration::from_secs(5), clock.clone());
        let known = account(&*clock, "known");
        let id = known.id;
        assert_eq!(name(&cache, id, away()).await, None);
        name(&cache, id, Ok(Some(known))).await;
        for _ in 0..50 {
            clock.advance(time::Duration::seconds(60));
            assert_eq!(name(&cache, id, away()).await.as_deref(), Some("known"));
        }
        clock.advance(time::Duration::minutes(11));
        assert_eq!(name(&cache, id, away()).await, None);
    }

    #[tokio::test]
    async fn a_row_read_before_a_change_is_not_remembered_after_it() {
        let clock = ManualClock::starting_now();
        let cache = UserCache::new(100, Duration::from_secs(5), clock.clone());
        let old = account(&*clock, "old");
        let id = old.id;
        let read = || async {
            cache.forget(id);
            Ok(Some(old.clone()))
        };
        let answered = cache.get(id, read).await.expect("read").expect("there");
        assert_eq!(answered.username, "old");
        let new = Account { username: "new".to_owned(), ..old.clone() };
        assert_eq!(name(&cache, id, Ok(Some(new))).await.as_deref(), Some("new"));
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let clock = ManualClock::starting_now();
        let cache = UserCache::new(64, Duration::from_secs(5), clock.clone());
        for _ in 0..2_000 {
            let one = account(&*clock, "one");
            name(&cache, one.id, Ok(Some(one.clone()))).await;
        }
        let kept: usize = cache.shards.iter().map(|shard| shard.lock().entries.len()).sum();
        assert!(kept <= 64, "{kept}");
        cache.clear();
        assert!(cache.shards.iter().all(|shard| shard.lock().entries.is_empty()));
    }
}
