//! What the end-to-end tests stand on: the real `marquis` binary, started as its users
//! start it, and clients that speak to it over TLS.
//!
//! What always holds:
//! * Every process ends with the test binary, even when that is killed.
//! * Nothing waits for a length of time: a wait has an event and a deadline.
//! * Ports are free ones of the loopback; files lie in one scratch directory per installation.

#![expect(clippy::panic, reason = "a harness ends its test when the world is not as it must be")]

use std::time::Duration;

pub mod api;
pub mod binary;
pub mod database;
pub mod installation;
pub mod process;
pub mod realtime;
pub mod scratch;
pub mod split;
pub mod token;
pub mod wire;

pub use api::{Account, Answer, Api};
pub use installation::{Installation, Settings};
pub use process::Process;
pub use split::Split;

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);
