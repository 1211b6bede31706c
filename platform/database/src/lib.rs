//! PostgreSQL as the services see it: pools, migrations, the transactional outbox,
//! other services' logs of events, the job queue, and the private cluster of `marquis up`.
//!
//! Each service owns one schema; every connection has that schema alone on its
//! `search_path`, so SQL names tables without it and no statement crosses schemas.

mod connection;
mod error;
mod failure;
pub mod feed;
pub mod jobs;
mod listen;
pub mod migration;
pub mod outbox;
mod pool;
pub mod private;
mod retry;
mod sql;
mod tls;

pub use deadpool_postgres::{GenericClient, Transaction};
pub use error::{DatabaseError, Unavailable, is_unique_violation};
pub use migration::{Migration, MigrationError, MigrationProgress, OUTBOX_AND_JOBS};
pub use pool::{Client, Database, PoolStatus};
pub use retry::{ATTEMPTS, retry};
pub use tokio_postgres;
