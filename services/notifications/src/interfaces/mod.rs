//! How others reach the service.

pub mod http;
