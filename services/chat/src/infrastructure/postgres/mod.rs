//! PostgreSQL behind the ports. Rows of `mailboxes` are locked in the order of their people's
//! ids by every statement, so no two wait for each other in a circle. Whatever writes rows
//! about people locks their mailboxes first and looks then, in a statement of its own, who of
//! them was erased: so an erasure leaves nothing behind, and nothing comes back.

mod connections;
mod messages;
mod save;

use std::sync::Arc;
use std::time::Duration;

use marquis_database::{Database, DatabaseError, tokio_postgres};
use marquis_kernel::SharedClock;

use crate::application::ports::StoreError;

/// Conversations in the schema of a [`Database`].
#[derive(Debug, Clone)]
pub struct PostgresChat {
    database: Database,
    clock: SharedClock,
    lease: Duration,
}

impl PostgresChat {
    /// Conversations in this database; nodes live for `lease` without renewing it.
    #[must_use]
    pub const fn new(database: Database, clock: SharedClock, lease: Duration) -> Self {
        Self { database, clock, lease }
    }
}

/// What goes wrong inside this module.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The store said less than it was asked for.
    #[error("the store gave no number to person {0}")]
    NoNumber(uuid::Uuid),
    /// Somebody whom it is about was erased.
    #[error("the person was erased")]
    Erased,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) if error.is_unavailable() => {
                Self::Unavailable(Arc::new(error))
            }
            Failure::Database(error) => Self::Failed(Arc::new(error)),
            Failure::Erased => Self::Erased,
            other => Self::Failed(Arc::new(other)),
        }
    }
}
