//! The keys that sign access tokens: read from the database, where their private halves are
//! sealed, and rotated there by whichever node comes first.
//!
//! What always holds: keys change only under an advisory lock, by a rule that depends on
//! nothing but the keys and the time, so any number of nodes may do it at once. A node that
//! cannot reach the database goes on with the keys it has.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_auth_queries::client::{GenericClient, Params as _};
use marquis_auth_queries::queries::keys::{self, InsertSigningKeyParams};
use marquis_authz::jws::{self, KeyError, SigningKey};
use marquis_cluster::PubSub;
use marquis_contracts::identity::{AccessClaims, Jwk, JwkSet};
use marquis_database::{Database, DatabaseError, Transaction};
use marquis_kernel::{Secret, SharedClock};
use parking_lot::RwLock;
use serde_json::json;
use time::OffsetDateTime;

use super::derived_keys::{DerivedKeys, DoesNotOpen};
use super::postgres::{lock_keys, store_error, write_journal};
use crate::application::Origin;
use crate::application::audit::{AuditKind, AuditRecord};
use crate::application::ports::{AccessTokenSigner, Journal, StoreError};
use crate::domain::signing::{self, RotationPolicy};

/// Topic on which nodes tell one another that the keys changed.
pub const KEYS_CHANGED: &str = "auth.keys.changed";

/// Keys older than this are read again before they are published.
const FRESH_ENOUGH_TO_PUBLISH: Duration = Duration::from_secs(5);
/// Keys older than this are read again before they sign. The background loop reads them
/// more often; this is for processes without one.
const FRESH_ENOUGH_TO_SIGN: Duration = Duration::from_secs(120);

/// What a rotation by command does with the keys in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRotation {
    /// They stay published until the last token they signed has expired.
    Routine,
    /// They are withdrawn at once: somebody else may have them. Every access token becomes
    /// void; clients refresh.
    Compromised,
}

/// A signing key in the database is unusable.
#[derive(Debug, thiserror::Error)]
enum KeyFailure {
    #[error("a signing key cannot be decrypted")]
    Sealed(#[source] DoesNotOpen),
    #[error("a signing key is damaged")]
    Damaged(#[source] KeyError),
    #[error("no signing key could be made")]
    Generate(#[source] KeyError),
    #[error("no signing key is active")]
    NoneActive,
}

/// The keys as this node knows them.
pub struct KeyRing {
    database: Database,
    derived: Arc<DerivedKeys>,
    policy: RotationPolicy,
    pubsub: Arc<dyn PubSub>,
    clock: SharedClock,
    ring: RwLock<Option<Arc<Ring>>>,
    /// One load at a time; whoever waited uses its result.
    loading: tokio::sync::Mutex<()>,
}

struct Ring {
    keys: Vec<Key>,
    active_from: Vec<OffsetDateTime>,
    loaded_at: OffsetDateTime,
}

struct Key {
    signing: SigningKey,
    public: Jwk,
}

struct Row {
    kid: String,
    sealed: Vec<u8>,
    active_from: OffsetDateTime,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring that knows no key yet.
    #[must_use]
    pub fn new(
        database: Database,
        derived: Arc<DerivedKeys>,
        policy: RotationPolicy,
        pubsub: Arc<dyn PubSub>,
        clock: SharedClock,
    ) -> Self {
        Self {
            database,
            derived,
            policy,
            pubsub,
            clock,
            ring: RwLock::new(None),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the keys again, and creates or deletes what is due.
    ///
    /// # Errors
    ///
    /// What the store may answer; a key that cannot be decrypted is [`StoreError::Failed`].
    pub async fn reload(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.loading.lock().await;
        self.load().await.map(|_| ())
    }

    /// Puts a new key to use at once.
    ///
    /// # Errors
    ///
    /// What the store may answer.
    pub async fn rotate(&self, rotation: KeyRotation) -> Result<(), StoreError> {
        let _one_at_a_time = self.loading.lock().await;
        let now = self.clock.now();
        let changed: Result<(), DatabaseError> = async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            lock_keys(&transaction).await?;
            let rows = read(&transaction).await?;
            if rotation == KeyRotation::Compromised {
                let kids: Vec<&str> = rows.iter().map(|row| row.kid.as_str()).collect();
                keys::delete_signing_keys().bind(&transaction, &kids.as_slice()).await?;
            }
            let kid = self.insert(&transaction, now).await?;
            let withdrawn = rotation == KeyRotation::Compromised;
            let details = json!({ "created": kid, "by": "command", "withdrawn": withdrawn });
            self.record(&transaction, details).await?;
            Ok(transaction.commit().await?)
        }
        .await;
        changed.map_err(store_error)?;
        self.load().await?;
        self.announce().await;
        Ok(())
    }

    /// The published keys.
    ///
    /// # Errors
    ///
    /// What the store may answer when no keys are known.
    pub async fn key_set(&self) -> Result<JwkSet, StoreError> {
        let ring = self.within(FRESH_ENOUGH_TO_PUBLISH).await?;
        let now = self.clock.now();
        let published = (0..ring.keys.len())
            .filter(|&index| self.policy.publishes(&ring.active_from, index, now))
            .map(|index| ring.keys[index].public.clone());
        Ok(JwkSet { keys: published.collect() })
    }

    /// The ring if it is younger than `age`, or a new one, or the old one when no new one
    /// can be had.
    async fn within(&self, age: Duration) -> Result<Arc<Ring>, StoreError> {
        if let Some(ring) = self.younger_than(age) {
            return Ok(ring);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(ring) = self.younger_than(age) {
            return Ok(ring);
        }
        match self.load().await {
            Err(StoreError::Unavailable(cause)) => {
                let known = self.ring.read().clone();
                known.ok_or(StoreError::Unavailable(cause))
            }
            loaded => loaded,
        }
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<Ring>> {
        let now = self.clock.now();
        let ring = self.ring.read();
        ring.as_ref().filter(|ring| (now - ring.loaded_at).unsigned_abs() < age).cloned()
    }

    /// Reads, keeps house if something is due, and remembers. Called with `loading` held.
    async fn load(&self) -> Result<Arc<Ring>, StoreError> {
        let read = async {
            let client = self.database.client().await?;
            read(&client).await
        };
        let mut rows =
            self.database.observe("select", "signing_key", read).await.map_err(store_error)?;
        let due = self.policy.upkeep(&times(&rows), self.clock.now());
        let changed = due.create.is_some() || !due.delete.is_empty();
        if changed {
            rows = self.keep_house().await.map_err(store_error)?;
        }
        let ring = self.open(&rows)?;
        *self.ring.write() = Some(Arc::clone(&ring));
        if changed {
            self.announce().await;
        }
        Ok(ring)
    }

    /// Creates and deletes what is due, unless another node did.
    async fn keep_house(&self) -> Result<Vec<Row>, DatabaseError> {
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await?;
        lock_keys(&transaction).await?;
        let rows = read(&transaction).await?;
        let due = self.policy.upkeep(&times(&rows), self.clock.now());
        let deleted: Vec<&str> = due.delete.iter().map(|&index| rows[index].kid.as_str()).collect();
        if !deleted.is_empty() {
            keys::delete_signing_keys().bind(&transaction, &deleted.as_slice()).await?;
        }
        let mut created = None;
        if let Some(active_from) = due.create {
            created = Some(self.insert(&transaction, active_from).await?);
        }
        if created.is_some() || !deleted.is_empty() {
            let details = json!({ "created": created, "deleted": deleted, "by": "schedule" });
            self.record(&transaction, details).await?;
        }
        let rows = read(&transaction).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    async fn insert(
        &self,
        transaction: &Transaction<'_>,
        active_from: OffsetDateTime,
    ) -> Result<String, DatabaseError> {
        let (key, document) = SigningKey::generate()
            .map_err(|error| DatabaseError::Settings(KeyFailure::Generate(error).to_string()))?;
        let parameters = InsertSigningKeyParams {
            kid: key.kid(),
            sealed_private_key: self.derived.seal(document.expose(), key.kid()),
            now: self.clock.now(),
            active_from,
        };
        keys::insert_signing_key().params(transaction, &parameters).await?;
        Ok(key.kid().to_owned())
    }

    async fn record(
        &self,
        transaction: &Transaction<'_>,
        details: serde_json::Value,
    ) -> Result<(), DatabaseError> {
        let origin = Origin::default();
        let record =
            AuditRecord::now(&*self.clock, AuditKind::SigningKeysRotated, &origin).details(details);
        let journal = Journal::of(record);
        write_journal(transaction, &journal).await?;
        journal.log();
        Ok(())
    }

    fn open(&self, rows: &[Row]) -> Result<Arc<Ring>, StoreError> {
        let failed = |failure: KeyFailure| StoreError::Failed(Box::new(failure));
        let loaded_at = self.clock.now();
        let active_from = times(rows);
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            let document = self
                .derived
                .open(&row.sealed, &row.kid)
                .map_err(|error| failed(KeyFailure::Sealed(error)))?;
            let signing = SigningKey::from_pkcs8(&document)
                .map_err(|error| failed(KeyFailure::Damaged(error)))?;
            let public = signing.public_jwk();
            opened.push(Key { signing, public });
        }
        Ok(Arc::new(Ring { keys: opened, active_from, loaded_at }))
    }

    async fn announce(&self) {
        if let Err(error) = self.pubsub.publish(KEYS_CHANGED, b"").await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "other nodes learn of the new signing keys only by themselves"
            );
        }
    }
}

#[async_trait]
impl AccessTokenSigner for KeyRing {
    async fn sign(&self, claims: &AccessClaims) -> Result<Secret, StoreError> {
        let ring = self.within(FRESH_ENOUGH_TO_SIGN).await?;
        let signer = signing::signer(&ring.active_from, self.clock.now())
            .ok_or_else(|| StoreError::Failed(Box::new(KeyFailure::NoneActive)))?;
        Ok(Secret::new(jws::sign(claims, &ring.keys[signer].signing)))
    }
}

async fn read(client: &impl GenericClient) -> Result<Vec<Row>, DatabaseError> {
    let rows = keys::signing_keys().bind(client).all().await?;
    let row = |row: keys::SigningKeys| Row {
        kid: row.kid,
        sealed: row.sealed_private_key,
        active_from: row.active_from,
    };
    Ok(rows.into_iter().map(row).collect())
}

fn times(rows: &[Row]) -> Vec<OffsetDateTime> {
    rows.iter().map(|row| row.active_from).collect()
}
