//! The sections of the configuration: one Rust file here and one commented TOML fragment
//! of the same name in `defaults/` each.
//!
//! A section's struct denies unknown fields and has no serde defaults: the TOML fragment
//! names every key, so the two cannot drift apart (a test loads the defaults). Every
//! section has `validate`, for values that cannot work anywhere, and `insecurities`, for
//! values that must not be used in production.

pub mod auth;
pub mod chat;
pub mod database;
pub mod gateway;
pub mod notifications;
pub mod payments;
pub mod peers;
pub mod redis;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod users;
pub mod waf;
