//! Finding a sealed value by equality.

/// HMAC-SHA-256 of a normalised value, and the keyring version whose key made it. Equal
/// values have equal digests under one version; without the key nothing follows from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlindIndex {
    /// The keyring's version.
    pub version: u32,
    /// The digest.
    pub digest: [u8; 32],
}
