//! Keys derived from the installation's master key by HKDF-SHA256 (RFC 5869), one for each
//! purpose, so that none can stand in for another. The master key itself is not kept.

use std::fmt;

use marquis_kernel::{Secret, random};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;

use crate::application::ports::Pseudonyms;

/// The shortest master key, in bytes.
pub const MINIMUM_MASTER_KEY: usize = 32;

/// The master key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key must have at least {MINIMUM_MASTER_KEY} bytes")]
pub struct MasterKeyTooShort;

/// A sealed value does not open: another master key, or somebody changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open; is this the installation's master key?")]
pub struct DoesNotOpen;

/// What the service needs of the master key.
pub struct DerivedKeys {
    sealing: LessSafeKey,
    pseudonyms: hmac::Key,
    pepper: [u8; 32],
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKeys([redacted])")
    }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl DerivedKeys {
    /// Derives them. Changing a label orphans everything made with the old one.
    ///
    /// # Errors
    ///
    /// [`MasterKeyTooShort`].
    pub fn derive(master: &Secret) -> Result<Self, MasterKeyTooShort> {
        if master.expose().len() < MINIMUM_MASTER_KEY {
            return Err(MasterKeyTooShort);
        }
        let prk = Salt::new(HKDF_SHA256, b"marquis auth v1").extract(master.expose().as_bytes());
        let sealing = UnboundKey::new(&AES_256_GCM, &expand(&prk, b"signing keys"))
            .map_err(|_| MasterKeyTooShort)?;
        Ok(Self {
            sealing: LessSafeKey::new(sealing),
            pseudonyms: hmac::Key::new(hmac::HMAC_SHA256, &expand(&prk, b"account pseudonyms")),
            pepper: expand(&prk, b"password pepper"),
        })
    }

    /// The pepper of installations that configured none.
    pub(super) fn pepper(&self) -> &[u8] {
        &self.pepper
    }

    /// Encrypts with AES-256-GCM, bound to `context`: nonce, ciphertext, tag.
    ///
    /// Nonces are random; the number of signing keys stays far below the 2^32 at which
    /// that stops being safe (NIST SP 800-38D, section 8.3).
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut sealed = plain.to_vec();
        #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, and this is a key")]
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed,
            )
            .expect("a key is short");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`DerivedKeys::seal`] made with the same context.
    ///
    /// # Errors
    ///
    /// [`DoesNotOpen`].
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, DoesNotOpen> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DoesNotOpen)?;
        let mut rest = rest.to_vec();
        let plain = self
            .sealing
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut rest)
            .map_err(|_| DoesNotOpen)?;
        Ok(plain.to_vec())
    }
}

impl Pseudonyms for DerivedKeys {
    fn of(&self, email: &str) -> [u8; 32] {
        let mut pseudonym = [0; 32];
        pseudonym.copy_from_slice(hmac::sign(&self.pseudonyms, email.as_bytes()).as_ref());
        pseudonym
    }
}

fn expand(prk: &Prk, label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    #[expect(clippy::expect_used, reason = "32 bytes are within HKDF's 255 blocks")]
    prk.expand(&[label], Bytes32).and_then(|okm| okm.fill(&mut key)).expect("32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(master: &str) -> DerivedKeys {
        DerivedKeys::derive(&Secret::new(master)).expect("long enough")
    }

    #[test]
    fn what_was_sealed_opens_only_with_the_same_key_and_context() {
        let first = keys(&"a".repeat(32));
        let sealed = first.seal(b"private", "kid-1");
        assert_eq!(first.open(&sealed, "kid-1"), Ok(b"private".to_vec()));
        assert!(!sealed.windows(7).any(|window| window == b"private"));
        assert_ne!(sealed, first.seal(b"private", "kid-1"));
        assert_eq!(first.open(&sealed, "kid-2"), Err(DoesNotOpen));
        assert_eq!(keys(&"b".repeat(32)).open(&sealed, "kid-1"), Err(DoesNotOpen));
        let mut forged = sealed.clone();
        forged[20] ^= 1;
        assert_eq!(first.open(&forged, "kid-1"), Err(DoesNotOpen));
        assert_eq!(first.open(&sealed[..5], "kid-1"), Err(DoesNotOpen));
    }

    #[test]
    fn purposes_and_installations_have_keys_of_their_own() {
        let (first, second) = (keys(&"a".repeat(32)), keys(&"b".repeat(32)));
        assert_ne!(first.pepper(), second.pepper());
        assert_ne!(first.of("a@b.com"), second.of("a@b.com"));
        assert_eq!(first.of("a@b.com"), keys(&"a".repeat(32)).of("a@b.com"));
        assert_ne!(first.of("a@b.com").as_slice(), first.pepper());
        assert_eq!(DerivedKeys::derive(&Secret::new("short")).err(), Some(MasterKeyTooShort));
    }
}
