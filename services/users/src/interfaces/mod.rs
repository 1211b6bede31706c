//! How the outside reaches the use cases.

pub mod http;
