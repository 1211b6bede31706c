//! Notifications.
pub mod domain;
