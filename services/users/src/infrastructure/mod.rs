//! PostgreSQL, the file system and other services' events behind the ports.

pub mod consumers;
pub mod local_pictures;
pub mod postgres;
pub mod publisher;
