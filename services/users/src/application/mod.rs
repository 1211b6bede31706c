//! The use cases: what can be done with people, one file each.
//!
//! They know the domain and the [`ports`] they need, neither HTTP nor SQL.

pub mod acquaintance;
pub mod change_picture;
pub mod change_profile;
pub mod check_presence;
pub mod erase;
pub mod error;
pub mod events;
pub mod export;
pub mod find_people;
pub mod picture;
pub mod ports;

pub use error::UsersError;
