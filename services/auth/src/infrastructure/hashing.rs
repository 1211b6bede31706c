//! Password hashing: bcrypt over base64(HMAC-SHA256(pepper, password)), so that a password
//! of any length counts entirely (bcrypt reads 72 bytes) and a stolen table is of no use
//! without the pepper.
//!
//! One hash keeps a processor busy for a quarter of a second, so hashes run on a bounded
//! number of threads with a bounded queue. A request that goes away while its hash runs
//! keeps its thread's permit until the hash is done.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD_NO_PAD};
use base64::{Engine as _, alphabet};
use marquis_config::sections::auth::AuthPasswords;
use marquis_kernel::{Secret, random};
use ring::hmac;
use tokio::sync::Semaphore;

use super::derived_keys::DerivedKeys;
use crate::application::ports::{HashError, PasswordHasher, StoredPassword};

/// The lowest cost that is ever used.
const MINIMUM_COST: u32 = 10;

/// Hashes with bcrypt.
pub struct BcryptHasher {
    peppers: BTreeMap<u16, hmac::Key>,
    current: u16,
    cost: u32,
    /// Compared with when there is nothing to compare with; nobody knows its password.
    decoy: StoredPassword,
    /// One permit for each hash that runs.
    threads: Arc<Semaphore>,
    /// One permit for each hash that runs or waits.
    places: Arc<Semaphore>,
}

impl fmt::Debug for BcryptHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BcryptHasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// A stored password names a pepper that is not configured.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a password was hashed with pepper {0}, which is not configured")]
struct UnknownPepper(u16);

impl BcryptHasher {
    /// A hasher by the settings.
    #[must_use]
    pub fn new(settings: &AuthPasswords, derived: &DerivedKeys) -> Self {
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let key = |pepper: &Secret| match pepper.is_empty() {
            true => key(derived.pepper()),
            false => key(pepper.expose().as_bytes()),
        };
        let mut peppers: BTreeMap<u16, hmac::Key> = settings
            .previous_peppers
            .iter()
            .filter_map(|(version, pepper)| Some((version.parse().ok()?, key(pepper))))
            .collect();
        peppers.insert(settings.pepper_version, key(&settings.pepper));
        let cost = settings.bcrypt_cost.max(MINIMUM_COST);
        let threads = match settings.hashing_threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Self {
            peppers,
            current: settings.pepper_version,
            cost,
            decoy: decoy(cost, settings.pepper_version),
            threads: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads + settings.hashing_queue)),
        }
    }

    /// Runs on a thread of its own, after waiting for a free one.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, bcrypt::BcryptError> + Send + 'static,
    ) -> Result<T, HashError> {
        let busy = |_| HashError::Busy { retry_after: Duration::from_secs(2) };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(failed)?;
        let hashed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((thread, place));
            result
        });
        hashed.await.map_err(failed)?.map_err(failed)
    }

    fn keyed(&self, password: &Secret, version: u16) -> Result<String, HashError> {
        let pepper = self.peppers.get(&version).ok_or_else(|| failed(UnknownPepper(version)))?;
        Ok(STANDARD_NO_PAD.encode(hmac::sign(pepper, password.expose().as_bytes())))
    }
}

#[async_trait]
impl PasswordHasher for BcryptHasher {
    async fn hash(&self, password: Secret) -> Result<StoredPassword, HashError> {
        let keyed = self.keyed(&password, self.current)?;
        let cost = self.cost;
        let hash = self.run(move || bcrypt::hash(keyed, cost)).await?;
        Ok(StoredPassword { hash, pepper_version: self.current })
    }

    async fn verify(
        &self,
        password: Secret,
        stored: Option<StoredPassword>,
    ) -> Result<bool, HashError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        let keyed = self.keyed(&password, stored.pepper_version)?;
        let right = self.run(move || bcrypt::verify(keyed, &stored.hash)).await?;
        Ok(right && known)
    }

    fn is_outdated(&self, stored: &StoredPassword) -> bool {
        stored.pepper_version != self.current || cost_of(&stored.hash) != Some(self.cost)
    }
}

/// A hash of nothing: the format, cost and work of a real one, with a random salt and a
/// random result.
fn decoy(cost: u32, pepper_version: u16) -> StoredPassword {
    let encode = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);
    let salt = encode.encode(random::bytes::<16>());
    let result = encode.encode(random::bytes::<23>());
    StoredPassword { hash: format!("$2b${cost:02}${salt}{result}"), pepper_version }
}

/// The cost in `$2b$12$...`.
fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> HashError {
    HashError::Failed(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AuthPasswords {
        AuthPasswords {
            bcrypt_cost: 10,
            pepper: Secret::default(),
            pepper_version: 1,
            previous_peppers: BTreeMap::new(),
            hashing_threads: 1,
            hashing_queue: 1,
        }
    }

    fn hasher(settings: &AuthPasswords) -> BcryptHasher {
        let derived = DerivedKeys::derive(&Secret::new("k".repeat(32))).expect("long enough");
        BcryptHasher::new(settings, &derived)
    }

    #[tokio::test]
    async fn a_password_counts_entirely() {
        let hasher = hasher(&settings());
        let long = "x".repeat(200);
        let stored = hasher.hash(Secret::new(format!("{long}A"))).await.expect("hashes");
        assert!(stored.hash.starts_with("$2b$10$"), "{}", stored.hash);
        let verify = async |password: &str| {
            hasher.verify(Secret::new(password), Some(stored.clone())).await.expect("verifies")
        };
        assert!(verify(&format!("{long}A")).await);
        assert!(!verify(&format!("{long}B")).await);
        assert!(!verify("").await);
        assert!(!hasher.verify(Secret::new(long), None).await.expect("verifies"));
        assert!(!hasher.is_outdated(&stored));
    }

    #[tokio::test]
    async fn old_peppers_still_verify_and_count_as_outdated() {
        let stored = hasher(&settings()).hash(Secret::new("Password123!")).await.expect("hashes");
        let mut changed = settings();
        changed.pepper = Secret::new("another pepper, long enough");
        changed.pepper_version = 2;
        let blind = hasher(&changed);
        let refused = blind.verify(Secret::new("Password123!"), Some(stored.clone())).await;
        assert!(matches!(refused, Err(HashError::Failed(_))));

        // The first one was derived from the master key: empty names it.
        changed.previous_peppers.insert("1".to_owned(), Secret::default());
        let hasher = hasher(&changed);
        assert!(hasher.is_outdated(&stored));
        assert!(hasher.verify(Secret::new("Password123!"), Some(stored)).await.expect("verifies"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_queue_is_bounded() {
        let hasher = Arc::new(hasher(&settings()));
        let attempts: Vec<_> = (0..8)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(Secret::new("x"), None).await })
            })
            .collect();
        let (mut judged, mut busy) = (0, 0);
        for attempt in attempts {
            match attempt.await.expect("runs") {
                Ok(right) => judged += usize::from(!right),
                Err(HashError::Busy { .. }) => busy += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(judged + busy, 8);
        assert!(judged >= 2 && busy >= 1, "{judged} judged, {busy} refused");
        assert_eq!(hasher.places.available_permits(), 2);
    }
}
