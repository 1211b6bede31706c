//! Access tokens as an attacker would make them (RFC 7515, compact serialization).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use serde_json::Value;

/// A token taken apart.
#[derive(Debug, Clone)]
pub struct Token {
    /// The protected header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    /// The signature as it stood there.
    pub signature: String,
}

impl Token {
    /// Takes a genuine token apart.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn parse(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("not three parts: {token}") };
        let read = |part: &str| {
            let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
            serde_json::from_slice(&json).expect("JSON")
        };
        Self { header: read(header), claims: read(claims), signature: signature.to_owned() }
    }

    /// Puts it together with the signature it came with.
    #[must_use]
    pub fn with_old_signature(&self) -> String {
        format!("{}.{}", self.signed_part(), self.signature)
    }

    /// Puts it together with this text as its signature.
    #[must_use]
    pub fn with_signature(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.signed_part(), URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs it with a key that nobody published.
    ///
    /// # Panics
    ///
    /// When there is no entropy.
    #[must_use]
    pub fn signed_by_somebody(&self) -> String {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("entropy");
        let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key");
        self.with_signature(key.sign(self.signed_part().as_bytes()).as_ref())
    }

    /// Signs it by HMAC-SHA-256 with a public value as the secret, the classic confusion of algorithms.
    #[must_use]
    pub fn signed_by_hmac(&self, secret: &[u8]) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        self.with_signature(ring::hmac::sign(&key, self.signed_part().as_bytes()).as_ref())
    }

    fn signed_part(&self) -> String {
        let write = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", write(&self.header), write(&self.claims))
    }
}
