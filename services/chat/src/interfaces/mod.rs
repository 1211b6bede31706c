//! How people reach conversations: sockets and HTTP.

pub mod http;
pub mod socket;
