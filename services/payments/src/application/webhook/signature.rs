//! Who sent a webhook: two signature schemes, both HMAC-SHA256 over the raw body.
//!
//! Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature` with
//! `v1,<base64>` over `id.timestamp.body`. Source:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//!
//! Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>` over `timestamp.body`. Source:
//! <https://docs.stripe.com/webhooks#verify-manually>.
//!
//! Comparison takes constant time. A stale timestamp is told only to whoever holds a key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use marquis_kernel::{Secret, random};
use ring::hmac;
use time::{Duration, OffsetDateTime};

/// Event ids of Standard Webhooks senders.
pub const STANDARD_SOURCE: &str = "standard";
/// Event ids of Stripe's scheme.
pub const STRIPE_SOURCE: &str = "stripe";
/// Event ids of the built-in provider.
pub const SANDBOX_SOURCE: &str = "sandbox";

/// Signatures looked at in one header; senders rotating keys send two.
const MOST_SIGNATURES: usize = 8;
/// Longest event id.
const LONGEST_ID: usize = 255;

/// The headers of a webhook that concern its signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignatureHeaders<'a> {
    /// `webhook-id`.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`.
    pub signature: Option<&'a str>,
    /// `Stripe-Signature`.
    pub stripe: Option<&'a str>,
}

/// A sender that proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentic<'a> {
    /// Whose event ids these are.
    pub source: &'static str,
    /// The event's id, when a header carries it.
    pub event_id: Option<&'a str>,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Neither scheme's headers are there.
    #[error(
        "the request is not signed: send webhook-id, webhook-timestamp and webhook-signature, or Stripe-Signature"
    )]
    Missing,
    /// A header cannot be read; the text says which.
    #[error("{0}")]
    Malformed(&'static str),
    /// No key made any of the signatures.
    #[error("the signature does not match the request body")]
    Mismatch,
    /// Signed too long ago, or in the future.
    #[error("the timestamp is too far from the current time")]
    Stale,
}

/// A configured secret that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` followed by 24 to 64 bytes in base64")]
pub struct InvalidSecret;

/// The keys that senders may sign with.
pub struct Keyring {
    standard: Vec<(&'static str, hmac::Key)>,
    stripe: Vec<hmac::Key>,
    tolerance: Duration,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("standard", &self.standard.len())
            .field("stripe", &self.stripe.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

impl Keyring {
    /// Reads the configured secrets of both schemes.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret`].
    pub fn new(
        standard: &[Secret],
        stripe: &[Secret],
        tolerance: Duration,
    ) -> Result<Self, InvalidSecret> {
        let standard = standard
            .iter()
            .map(|secret| Ok((STANDARD_SOURCE, standard_key(secret)?)))
            .collect::<Result<_, _>>()?;
        if stripe.iter().any(Secret::is_empty) {
            return Err(InvalidSecret);
        }
        let stripe = stripe
            .iter()
            .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
            .collect();
        Ok(Self { standard, stripe, tolerance })
    }

    /// Admits the built-in provider under a key of its own, which never leaves the process.
    pub fn admit_sandbox(&mut self) -> Signer {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>());
        self.standard.push((SANDBOX_SOURCE, key.clone()));
        Signer(key)
    }

    /// Checks signature and timestamp of a request.
    ///
    /// # Errors
    ///
    /// [`SignatureError`].
    pub fn authenticate<'a>(
        &self,
        headers: SignatureHeaders<'a>,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Authentic<'a>, SignatureError> {
        match headers {
            SignatureHeaders {
                id: Some(id),
                timestamp: Some(timestamp),
                signature: Some(signature),
                ..
            } => self.authenticate_standard(id, timestamp, signature, body, now),
            SignatureHeaders { stripe: Some(stripe), .. } => {
                self.authenticate_stripe(stripe, body, now)
            }
            _ => Err(SignatureError::Missing),
        }
    }

    fn authenticate_standard<'a>(
        &self,
        id: &'a str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Authentic<'a>, SignatureError> {
        let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(1..=LONGEST_ID).contains(&id.len()) {
            let message = "webhook-id must be 1 to 255 visible ASCII characters";
            return Err(SignatureError::Malformed(message));
        }
        let at = seconds(timestamp)
            .ok_or(SignatureError::Malformed("webhook-timestamp must be Unix seconds"))?;
        // Other versions of the scheme are skipped, as it demands.
        let given: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|encoded| STANDARD.decode(encoded).ok())
            .take(MOST_SIGNATURES)
            .collect();
        if given.is_empty() {
            let message = "webhook-signature must contain `v1,` and base64";
            return Err(SignatureError::Malformed(message));
        }
        let signed = standard_content(id, timestamp, body);
        let source = self
            .standard
            .iter()
            .find(|(_, key)| matches(key, &signed, &given))
            .map(|(source, _)| *source)
            .ok_or(SignatureError::Mismatch)?;
        self.check_age(at, now)?;
        Ok(Authentic { source, event_id: Some(id) })
    }

    fn authenticate_stripe(
        &self,
        header: &str,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Authentic<'static>, SignatureError> {
        let mut timestamp = None;
        let mut given = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", value)) => timestamp = Some(value),
                Some(("v1", value)) if given.len() < MOST_SIGNATURES => given.extend(hex(value)),
                _ => {}
            }
        }
        let (Some(timestamp), false) = (timestamp, given.is_empty()) else {
            let message = "Stripe-Signature must contain `t=` and `v1=`";
            return Err(SignatureError::Malformed(message));
        };
        let at = seconds(timestamp)
            .ok_or(SignatureError::Malformed("`t` of Stripe-Signature must be Unix seconds"))?;
        let signed = [timestamp.as_bytes(), b".", body].concat();
        if !self.stripe.iter().any(|key| matches(key, &signed, &given)) {
            return Err(SignatureError::Mismatch);
        }
        self.check_age(at, now)?;
        Ok(Authentic { source: STRIPE_SOURCE, event_id: None })
    }

    fn check_age(&self, at: i64, now: OffsetDateTime) -> Result<(), SignatureError> {
        let distance = now.unix_timestamp().abs_diff(at);
        let tolerance = u64::try_from(self.tolerance.whole_seconds()).unwrap_or(0);
        if distance <= tolerance { Ok(()) } else { Err(SignatureError::Stale) }
    }
}

/// Signs as a Standard Webhooks sender.
pub struct Signer(hmac::Key);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The value of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &standard_content(id, timestamp, body));
        format!("v1,{}", STANDARD.encode(tag))
    }
}

fn standard_content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn standard_key(secret: &Secret) -> Result<hmac::Key, InvalidSecret> {
    let encoded = secret.expose().strip_prefix("whsec_").ok_or(InvalidSecret)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
    if (24..=64).contains(&bytes.len()) {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    } else {
        Err(InvalidSecret)
    }
}

fn matches(key: &hmac::Key, signed: &[u8], given: &[Vec<u8>]) -> bool {
    given.iter().any(|signature| hmac::verify(key, signed, signature).is_ok())
}

fn seconds(text: &str) -> Option<i64> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests;
