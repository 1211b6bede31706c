//! PostgreSQL behind the ports. A payment's row is locked before anything about the
//! payment is decided, so what concerns one payment happens one after the other.

mod books;
mod events;
mod payments;
mod personal_data;
mod rows;
mod write;

use marquis_database::{Database, DatabaseError, tokio_postgres};
use marquis_kernel::SharedClock;

use crate::application::ports::StoreError;

/// Payments in the schema of a [`Database`].
#[derive(Debug, Clone)]
pub struct PostgresPayments {
    database: Database,
    clock: SharedClock,
}

impl PostgresPayments {
    /// Payments in this database.
    #[must_use]
    pub const fn new(database: Database, clock: SharedClock) -> Self {
        Self { database, clock }
    }
}

/// What goes wrong inside this module.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A row that this program did not write.
    #[error("a stored {what} of payment {id} is not valid")]
    Row { what: &'static str, id: uuid::Uuid },
    /// An event number that does not exist.
    #[error("there is no provider event {0}")]
    NoEvent(i64),
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
            other => Self::Failed(other.into()),
        }
    }
}
