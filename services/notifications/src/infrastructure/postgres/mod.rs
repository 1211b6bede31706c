//! PostgreSQL behind the ports.
//!
//! Whatever is written about a person holds that person's advisory lock: together with
//! others when it adds, alone when it erases. So nothing is added to a person after they
//! were erased, and nothing is left of what was being added meanwhile.

mod deliveries;
mod inbox;
mod react;
mod rows;
mod subscriptions;

use marquis_database::{Database, DatabaseError, Transaction, tokio_postgres};
use marquis_kernel::SharedClock;
use marquis_notifications_queries::queries::notifications::{is_erased, lock_person_shared};

use crate::application::ports::StoreError;
use crate::domain::PersonId;

/// Notifications in the schema of a [`Database`].
#[derive(Debug, Clone)]
pub struct PostgresNotifications {
    database: Database,
    clock: SharedClock,
}

impl PostgresNotifications {
    /// Notifications in this database.
    #[must_use]
    pub const fn new(database: Database, clock: SharedClock) -> Self {
        Self { database, clock }
    }
}

/// What goes wrong inside this module.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A row that this program did not write.
    #[error("a stored {what} is not valid")]
    Row {
        /// Which part of it.
        what: &'static str,
    },
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) if error.is_unavailable() => Self::Unavailable(error.into()),
            Failure::Database(error) => Self::Failed(error.into()),
            other @ Failure::Row { .. } => Self::Failed(other.into()),
        }
    }
}

/// Holds the person's lock together with others until the transaction ends; `false` for a
/// person who was erased.
async fn hold(transaction: &Transaction<'_>, person: PersonId) -> Result<bool, Failure> {
    let id = person.uuid();
    lock_person_shared().bind(transaction, &id.to_string()).one().await?;
    Ok(!is_erased().bind(transaction, &id).one().await?)
}
