//! Web Push: encryption (RFC 8291), who we are (RFC 8292), and the request (RFC 8030).

mod client;
mod encrypt;
mod vapid;

pub use client::WebPushClient;
pub use vapid::{VapidError, VapidKey};
