//! The ports on PostgreSQL. One file per port; each write is one transaction that also
//! carries its journal (audit records and outbox events).

mod accounts;
mod attempts;
mod journal;
mod personal_data;
mod sessions;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_auth_queries::queries;
use marquis_contracts::identity::Role;
use marquis_database::{Client, Database, DatabaseError};

pub(super) use journal::write as write_journal;

use super::user_cache::UserCache;
use crate::application::ports::{AuditTrail, Journal, StoreError};

/// The service's schema.
#[derive(Clone)]
pub struct PostgresStore {
    database: Database,
    users: Arc<UserCache>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// The store, with the accounts that it may answer from memory.
    #[must_use]
    pub fn new(database: Database, users: Arc<UserCache>) -> Self {
        Self { database, users }
    }

    async fn client(&self) -> Result<Client, DatabaseError> {
        self.database.client().await
    }

    /// Runs one statement or transaction, measured under `operation` and `model`.
    async fn run<T>(
        &self,
        operation: &'static str,
        model: &'static str,
        query: impl Future<Output = Result<T, DatabaseError>>,
    ) -> Result<T, StoreError> {
        self.database.observe(operation, model, query).await.map_err(store_error)
    }
}

/// The port's view of a database error.
pub(super) fn store_error(error: DatabaseError) -> StoreError {
    // A collision is over by the time the client tries again.
    if error.is_unavailable() || error.is_retryable() {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// Roles as the database keeps them. The table's check admits no other names.
fn roles(names: &[String]) -> Vec<Role> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn role_names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

#[async_trait]
impl AuditTrail for PostgresStore {
    async fn append(&self, journal: &Journal) -> Result<(), StoreError> {
        self.run("insert", "audit_record", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            journal::write(&transaction, journal).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

/// Takes an advisory lock until the end of the transaction.
pub(super) async fn lock_keys(
    transaction: &marquis_database::Transaction<'_>,
) -> Result<(), DatabaseError> {
    queries::keys::lock_keys().bind(transaction).one().await?;
    Ok(())
}
