//! The ports' implementations: PostgreSQL, bcrypt threads, the cluster, signing keys.

pub mod announcer;
pub mod derived_keys;
pub mod failure_limiter;
pub mod hashing;
pub mod issuer;
pub mod keyring;
pub mod postgres;
pub mod upkeep;
pub mod user_cache;
