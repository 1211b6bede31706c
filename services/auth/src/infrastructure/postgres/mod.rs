//! The ports on PostgreSQL. One file per port; each write is one transaction that also
//! carries its journal (audit records and outbox events).

mod accounts;
mod attempts;
mod journal;
mod personal_data;
mod sealing;
mod sessions;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_auth_queries::queries;
use marquis_contracts::identity::Role;
use marquis_database::{Client, Database, DatabaseError, tokio_postgres};
use marquis_envelope::EnvelopeError;

pub(super) use journal::write as write_journal;

use super::addresses::Addresses;
use super::user_cache::UserCache;
use crate::application::ports::{AuditTrail, Journal, StoreError};

/// The service's schema.
#[derive(Clone)]
pub struct PostgresStore {
    database: Database,
    users: Arc<UserCache>,
    addresses: Addresses,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// The store, with the accounts that it may answer from memory and the keys of their
    /// addresses.
    #[must_use]
    pub fn new(database: Database, users: Arc<UserCache>, addresses: Addresses) -> Self {
        Self { database, users, addresses }
    }

    async fn client(&self) -> Result<Client, DatabaseError> {
        self.database.client().await
    }

    /// Runs one statement or transaction, measured under `operation` and `model`.
    async fn run<T>(
        &self,
        operation: &'static str,
        model: &'static str,
        query: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, StoreError> {
        self.database.observe(operation, model, query).await.map_err(store_error)
    }
}

/// What goes wrong inside this module.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// An address does not open.
    #[error("a stored address cannot be read")]
    Address(#[from] EnvelopeError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The port's view of a failure.
pub(super) fn store_error(failure: impl Into<Failure>) -> StoreError {
    let error = match failure.into() {
        Failure::Database(error) => error,
        other => return StoreError::Failed(Box::new(other)),
    };
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
