//! What every HTTP service of the platform shares: problem details, extractors that list
//! every wrong field, pages, health, documentation, the server and the client.
//!
//! A service hands [`service::Service`] its documented routes and gets back a router in
//! which nothing can be forgotten: every answer of 400 and above is a [`Problem`], every
//! request carries a trace, is counted by route template, bounded in size and time, and a
//! panic costs one request.

pub mod client;
mod docs;
mod extensions;
pub mod health;
pub mod input;
pub mod page;
mod problem;
pub mod server;
pub mod service;
pub mod shutdown;

pub use extensions::{ClientAddr, OriginalPath, PeerAddr, TrustedPeers};
pub use problem::{FieldError, Problem, ProblemDocument};
pub use service::Service;
