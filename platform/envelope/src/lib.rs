//! Envelope encryption of personal data at rest, and the blind index that finds it.
//!
//! * Every person has a [`DataKey`]; their fields are sealed with it, each bound to its
//!   [`Place`] (table, column, row), so that a stored value cannot be moved elsewhere.
//! * The data key is stored wrapped by the installation's [`Keyring`]. A keyring has
//!   numbered versions; wrapping uses the newest, unwrapping whichever a wrapped key names.
//!   Rotation re-wraps data keys and touches no field.
//! * A field that must be found by its exact value (an e-mail address) has a
//!   [`BlindIndex`] beside it: HMAC-SHA-256 under a key of its own.
//!
//! AES-256-GCM (NIST SP 800-38D) by `ring`, keys derived by HKDF-SHA256 (RFC 5869).
//! What always holds: no error and no `Debug` shows a key or a plaintext, and keys are
//! wiped from memory when dropped.

mod data_key;
mod file;
mod index;
mod keyring;
mod place;

pub use data_key::DataKey;
pub use index::BlindIndex;
pub use keyring::{Keyring, KeyringError};
pub use place::Place;

/// A stored value or a wrapped key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not of this form: too short, or of a later format.
    #[error("a sealed value is malformed")]
    Malformed,
    /// It is wrapped with a version that the keyring does not have.
    #[error("a data key is wrapped with version {0}, which the keyring does not have")]
    UnknownVersion(u32),
    /// Another key, another place, or somebody changed it.
    #[error("a sealed value does not open; is this the installation's keyring?")]
    DoesNotOpen,
    /// It opens, but what was sealed is no text.
    #[error("a sealed value is not the text it should be")]
    NotText,
}
