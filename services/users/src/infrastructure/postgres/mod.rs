//! PostgreSQL behind the ports. Personal data is sealed before it is sent and opened after
//! it was read, so the database, its log and its backups hold none of it in the clear.

mod directory;
mod people;
mod pictures;
mod presence;
mod renewal;
mod rows;

use std::sync::Arc;

use marquis_database::{Database, DatabaseError, tokio_postgres};
use marquis_envelope::{EnvelopeError, Keyring};
use marquis_kernel::SharedClock;

use crate::application::ports::{PictureStorage, StoreError};

/// The table whose columns are sealed, as part of their associated data.
const PEOPLE: &str = "users.people";
/// The name of the blind index of addresses.
const EMAIL: &str = "email";

/// People in the schema of a [`Database`].
#[derive(Debug, Clone)]
pub struct PostgresPeople {
    database: Database,
    keyring: Arc<Keyring>,
    storage: Arc<dyn PictureStorage>,
    clock: SharedClock,
}

impl PostgresPeople {
    /// People in this database, their data sealed with this keyring, their pictures in this
    /// storage.
    #[must_use]
    pub fn new(
        database: Database,
        keyring: Arc<Keyring>,
        storage: Arc<dyn PictureStorage>,
        clock: SharedClock,
    ) -> Self {
        Self { database, keyring, storage, clock }
    }
}

/// What goes wrong inside this module.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A sealed value.
    #[error("personal data of {id} cannot be opened")]
    Sealed {
        /// Whose.
        id: uuid::Uuid,
        /// Why.
        #[source]
        source: EnvelopeError,
    },
    /// A row that this program did not write.
    #[error("a stored {what} of {id} is not valid")]
    Row {
        /// Which column.
        what: &'static str,
        /// Whose.
        id: uuid::Uuid,
    },
    /// The storage of pictures.
    #[error("the storage of pictures failed")]
    Storage(#[from] std::io::Error),
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
            other => Self::Failed(other.into()),
        }
    }
}

/// Keyring versions count from one and stay small.
fn column(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}
