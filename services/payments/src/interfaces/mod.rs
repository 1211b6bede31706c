//! How the use cases are reached.

pub mod http;
