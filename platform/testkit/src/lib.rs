//! What tests stand on: a fresh database for each test, servers of their own that they may
//! stop and kill, free ports, and waiting for events instead of sleeping.
//!
//! Everything here panics with a message when it cannot do its work; it is linked into
//! tests only. PostgreSQL is the one named by `MARQUIS_TEST_POSTGRES` (a superuser's URL),
//! Redis the one named by `MARQUIS_TEST_REDIS`; without them a server is started for the
//! test process and ends with it.

mod child;
mod database;
mod eventually;
mod port;
mod postgres;
mod redis;
mod shared;

pub use child::Child;
pub use database::{TestDatabase, assert_all_listed};
pub use eventually::{Observed, eventually};
pub use port::free_port;
pub use postgres::PostgresServer;
pub use redis::{RedisServer, test_redis_url};
pub use shared::postgres_url;
