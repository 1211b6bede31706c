//! The outside world as the use cases see it: PostgreSQL, the built-in provider, the
//! cluster's topics.

pub mod erasure;
pub mod postgres;
pub mod publisher;
pub mod sandbox;
pub mod submission;
