//! The issuer as verifiers see it, in this process and, through the internal endpoints, in
//! others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_auth_queries::queries::sessions;
use marquis_authz::MAX_LIFETIME;
use marquis_contracts::identity::{IssuerUnavailable, JwkSet, Revocation, SessionId, TokenIssuer};
use marquis_database::{Database, DatabaseError};
use marquis_kernel::SharedClock;
use time::OffsetDateTime;

use super::keyring::KeyRing;

/// How long a revocation matters: as long as any access token lives, and a margin for
/// clocks that differ.
pub const REVOCATION_MEMORY: Duration = Duration::from_secs(MAX_LIFETIME.as_secs() + 300);

/// Keys from the ring, revocations from the database.
pub struct PostgresIssuer {
    keys: Arc<KeyRing>,
    database: Database,
    clock: SharedClock,
}

impl fmt::Debug for PostgresIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresIssuer")
    }
}

impl PostgresIssuer {
    /// The issuer.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, database: Database, clock: SharedClock) -> Self {
        Self { keys, database, clock }
    }
}

#[async_trait]
impl TokenIssuer for PostgresIssuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        self.keys.key_set().await.map_err(|error| IssuerUnavailable(Box::new(error)))
    }

    /// What was revoked longer ago than any token lives is left out.
    async fn revocations_since(
        &self,
        since: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        let since = since.max(self.clock.now() - REVOCATION_MEMORY);
        let query = async {
            let client = self.database.client().await?;
            Ok(sessions::revocations_since().bind(&client, &since).all().await?)
        };
        let rows: Result<_, DatabaseError> =
            self.database.observe("select", "session", query).await;
        let rows = rows.map_err(|error| IssuerUnavailable(Box::new(error)))?;
        let revocation = |row: sessions::RevocationsSince| Revocation {
            session_id: SessionId::from_uuid(row.id),
            revoked_at: row.revoked_at,
        };
        Ok(rows.into_iter().map(revocation).collect())
    }
}
