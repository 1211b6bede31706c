//! What a message is, and what may be said in one. No I/O, no time but the caller's.

mod content;
mod message;

pub use content::{ClientId, Content, InvalidClientId, InvalidContent};
pub use message::{Conversation, Entry, MessageId, NodeId, PersonId, ReadMark};
