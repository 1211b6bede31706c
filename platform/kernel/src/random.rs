//! Randomness for secrets and ids, from the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

/// `N` unpredictable bytes.
///
/// # Panics
///
/// When the operating system has no entropy source. Continuing without one would issue
/// guessable secrets, so there is nothing better to do.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "no entropy source: see Panics")]
    SystemRandom::new().fill(&mut bytes).expect("the operating system provides entropy");
    bytes
}

/// An opaque token of 256 bits in URL-safe base64 without padding (RFC 4648, section 5): 43 characters.
#[must_use]
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A one-time password a person can type: four groups of five characters from an alphabet
/// without look-alikes, about 98 bits.
#[must_use]
pub fn one_time_password() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyzACDEFHJ23";
    let mut password = String::with_capacity(23);
    for (index, byte) in bytes::<20>().into_iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            password.push('-');
        }
        password.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_distinct() {
        assert_eq!(token().len(), 43);
        assert_ne!(token(), token());
        assert_eq!(one_time_password().len(), 23);
    }
}
