//! Idempotency keys, as Stripe documents them: the first answer of a key is replayed for a
//! day, the same key with other parameters is refused, and so is a second request while
//! the first is being worked on. What fails validation is not remembered.
//!
//! Source: <https://docs.stripe.com/api/idempotent_requests>.

use std::str::FromStr;

use ring::digest::{Context, SHA256};
use time::{Duration, OffsetDateTime};

use crate::domain::OwnerId;

/// A client's name for one attempt: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey)
        }
    }
}

/// SHA-256 over an operation and its parameters.
pub type Fingerprint = [u8; 32];

/// A claim on a key by one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Keys of different users do not meet.
    pub owner: OwnerId,
    /// The key.
    pub key: IdempotencyKey,
    /// Of the request.
    pub fingerprint: Fingerprint,
    /// Number of the advisory lock that is held while the first request is worked on.
    pub lock: i64,
    /// When the request came.
    pub now: OffsetDateTime,
    /// Answers given until then are forgotten.
    pub expired_at: OffsetDateTime,
}

impl Claim {
    /// Claims `key` for the operation with these canonical parameters.
    #[must_use]
    pub fn new(
        owner: OwnerId,
        key: IdempotencyKey,
        fingerprint: Fingerprint,
        now: OffsetDateTime,
        retention: Duration,
    ) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(owner.uuid().as_bytes());
        context.update(key.0.as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&context.finish().as_ref()[..8]);
        let lock = i64::from_be_bytes(number);
        Self { owner, key, fingerprint, lock, now, expired_at: now - retention }
    }
}

/// The fingerprint of an operation with its canonical parameters. Each part is preceded by
/// its length, so that no two lists of parts look the same.
#[must_use]
pub fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

/// An answer as it is stored under a key, and replayed byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// The outcome of an operation under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed<T> {
    /// The operation was carried out now.
    Now(T),
    /// The operation was carried out before, and this was the answer.
    Before(StoredAnswer),
    /// The key was used with other parameters.
    OtherParameters,
    /// The first request is still being worked on.
    InUse,
}

impl<T> Claimed<T> {
    /// What a key that was answered before means for a request with `fingerprint`.
    #[must_use]
    pub fn known(fingerprint: &Fingerprint, stored: &[u8], answer: StoredAnswer) -> Self {
        if stored == fingerprint { Self::Before(answer) } else { Self::OtherParameters }
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn keys_are_short_and_visible() {
        for good in ["a", "KG5LxwFBepaKHyUD", &"x".repeat(255), "~!@#"] {
            assert!(good.parse::<IdempotencyKey>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "é", "a\u{7f}", &"x".repeat(256)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(InvalidKey), "{bad}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_ne!(fingerprint(&[b"ab"]), fingerprint(&[b"ab", b""]));
        assert_eq!(fingerprint(&[b"ab"]), fingerprint(&[b"ab"]));
    }

    #[test]
    fn locks_belong_to_a_key_of_a_user() {
        let now = SystemClock.now();
        let claim = |owner, key: &str| {
            let key = key.parse().expect("a key");
            Claim::new(owner, key, fingerprint(&[]), now, Duration::DAY).lock
        };
        let (one, other) = (OwnerId::new(&SystemClock), OwnerId::new(&SystemClock));
        assert_eq!(claim(one, "k"), claim(one, "k"));
        assert_ne!(claim(one, "k"), claim(other, "k"));
        assert_ne!(claim(one, "k"), claim(one, "l"));
    }
}
