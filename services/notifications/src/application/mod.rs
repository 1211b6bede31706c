//! What the service does: one use case a file, and the ports they need.

pub mod choose;
pub mod dead_letters;
pub mod deliver;
pub mod export;
pub mod inbox;
pub mod ports;
pub mod subscriptions;
pub mod texts;
pub mod translate;
pub mod view;
