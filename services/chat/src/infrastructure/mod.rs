//! PostgreSQL, and events out of and into this service.

pub mod erasure;
pub mod postgres;
pub mod publisher;
