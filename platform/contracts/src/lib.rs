//! What services know of each other: data types, events and client traits.
//!
//! A service never sees another service. It sees these contracts, and `app/marquis` hands
//! it an implementation: in memory when both run in one process, over HTTP otherwise.

pub mod events;
pub mod identity;
pub mod people;
pub mod personal_data;
pub mod presence;
pub mod push;
