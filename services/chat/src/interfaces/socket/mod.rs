//! Socket.IO: the [`engine`] carries packets, [`protocol`] reads them, a [`connection`] is
//! one client, and [`requests`] are what it asks for.

mod clients;
mod connection;
pub mod engine;
mod protocol;
mod requests;

pub(crate) use clients::Doorkeeper;
pub use clients::{ClientSettings, Clients, UseCases};
