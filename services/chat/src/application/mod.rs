//! What people can do, and how what was said reaches everybody's sockets.

pub mod conversations;
pub mod delivery;
pub mod error;
pub mod limits;
pub mod names;
pub mod ports;
pub mod presence;
pub mod send_message;
pub mod typing;

pub use error::ChatError;
