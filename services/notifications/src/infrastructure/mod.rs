//! PostgreSQL, mail servers, push services and the cluster behind the ports.

pub mod announce;
pub mod authorities;
pub mod events;
pub mod jobs;
pub mod mail;
pub mod postgres;
pub mod web_push;
