//! One person's key.

use std::fmt;

use marquis_kernel::random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{EnvelopeError, Place};

/// Length of a key, in bytes.
pub(crate) const KEY_LENGTH: usize = 32;
/// Length of the authentication tag, in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

/// First byte of everything sealed: what follows is nonce, ciphertext, tag.
const FORMAT: u8 = 1;

/// A key that seals the fields of one person.
pub struct DataKey(Zeroizing<[u8; KEY_LENGTH]>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

impl DataKey {
    /// A new random key.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| EnvelopeError::Malformed)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }

    /// Encrypts a value for its place: 29 bytes longer than the value.
    ///
    /// Nonces are random. A person's fields are sealed far fewer than the 2^32 times after
    /// which that stops being safe (NIST SP 800-38D, section 8.3).
    #[must_use]
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&encrypt(&cipher(&self.0), &place.associated(), plain));
        sealed
    }

    /// What [`DataKey::seal`] was given.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] when it was sealed with another key or for another place, or was changed.
    pub fn open(
        &self,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        match sealed.split_first() {
            Some((&FORMAT, rest)) => decrypt(&cipher(&self.0), &place.associated(), rest),
            _ => Err(EnvelopeError::Malformed),
        }
    }

    /// [`DataKey::open`] for a value that was text.
    ///
    /// # Errors
    ///
    /// As [`DataKey::open`], and [`EnvelopeError::NotText`].
    pub fn open_text(&self, place: &Place<'_>, sealed: &[u8]) -> Result<String, EnvelopeError> {
        let plain = self.open(place, sealed)?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| EnvelopeError::NotText)
    }
}

#[expect(clippy::expect_used, reason = "the key has the length of the algorithm by its type")]
pub(crate) fn cipher(key: &[u8; KEY_LENGTH]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes"))
}

/// Nonce, ciphertext, tag.
pub(crate) fn encrypt(cipher: &LessSafeKey, associated: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = random::bytes();
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG_LENGTH);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, and columns hold less")]
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated),
            &mut sealed[NONCE_LEN..],
        )
        .expect("a value below 64 GiB");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

pub(crate) fn decrypt(
    cipher: &LessSafeKey,
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    if sealed.len() < NONCE_LEN + TAG_LENGTH {
        return Err(EnvelopeError::Malformed);
    }
    let (nonce, rest) = sealed.split_at(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| EnvelopeError::Malformed)?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = cipher
        .open_in_place(nonce, Aad::from(associated), &mut buffer)
        .map_err(|_| EnvelopeError::DoesNotOpen)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}
