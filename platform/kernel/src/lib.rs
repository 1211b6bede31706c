//! The vocabulary that every other crate shares: typed ids, the clock, money,
//! secrets and randomness.
//!
//! This crate sees no other crate of the workspace and does no I/O, apart from
//! reading the operating system's clock and entropy source.

pub mod clock;
pub mod id;
pub mod money;
pub mod random;
pub mod secret;

pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use money::{Currency, Money};
pub use secret::Secret;
