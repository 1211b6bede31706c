//! The ports' implementations: PostgreSQL, bcrypt threads, the cluster, signing keys, and
//! what other services' events change here.

pub mod addresses;
pub mod announcer;
pub mod derived_keys;
pub mod erasure;
pub mod failure_limiter;
pub mod hashing;
pub mod issuer;
pub mod keyring;
pub mod postgres;
pub mod upkeep;
pub mod user_cache;
