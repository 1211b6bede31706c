//! Access tokens as JWS compact serialization (RFC 7515) with Ed25519 (RFC 8037, RFC 9068).
//!
//! There is one algorithm by construction: nothing in a token chooses how it is verified.
//! A header with any parameter besides `alg`, `typ` and `kid` is refused, which leaves no
//! room for `crit`, `jwk`, `jku`, `x5u`, `zip` or `b64` (RFC 8725).

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquis_contracts::identity::{AccessClaims, Jwk, JwkSet, VerifyError};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// No access token of ours comes near this size, in bytes.
pub const LARGEST_TOKEN: usize = 4 * 1024;

const ALGORITHM: &str = "EdDSA";
/// RFC 9068, section 2.1.
const TYPE: &str = "at+jwt";

/// A private key in PKCS #8 (RFC 5958), wiped from memory when dropped.
pub struct Pkcs8(Zeroizing<Vec<u8>>);

impl Pkcs8 {
    /// The document itself, to be stored encrypted.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Pkcs8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(marquis_kernel::secret::REDACTED)
    }
}

/// A private key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The operating system gave no randomness.
    #[error("no key could be generated")]
    Generate,
    /// The bytes are not an Ed25519 private key.
    #[error("the signing key is not an Ed25519 key in PKCS #8")]
    Malformed,
}

/// An Ed25519 private key that signs access tokens.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    kid: String,
}

impl SigningKey {
    /// A new key, and its document for storage.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generate`].
    pub fn generate() -> Result<(Self, Pkcs8), KeyError> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Generate)?;
        let key = Self::from_pkcs8(document.as_ref())?;
        Ok((key, Pkcs8(Zeroizing::new(document.as_ref().to_vec()))))
    }

    /// The key of a stored document.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`].
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document)
            .map_err(|_| KeyError::Malformed)?;
        let kid = thumbprint(&URL_SAFE_NO_PAD.encode(pair.public_key()));
        Ok(Self { pair, kid })
    }

    /// The key id: the JWK thumbprint (RFC 7638, RFC 8037 appendix A.3), 43 characters.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, as it is published.
    #[must_use]
    pub fn public_jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.pair.public_key()),
            kid: self.kid.clone(),
            alg: ALGORITHM.to_owned(),
            usage: "sig".to_owned(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
}

/// The protected header: these three parameters and no other, none twice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The signed token: at most [`LARGEST_TOKEN`] bytes of ASCII.
#[must_use]
pub fn sign(claims: &AccessClaims, key: &SigningKey) -> String {
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key.kid.clone() };
    // Strings, integers and lists of them: serialization cannot fail.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let claims = serde_json::to_vec(claims).unwrap_or_default();
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = key.pair.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// Public keys by id.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: HashMap<String, UnparsedPublicKey<Vec<u8>>>,
}

impl KeySet {
    /// Whether a key of this id is known.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    /// Whether `other` knows every key of this set.
    pub(crate) fn is_subset_of(&self, other: &Self) -> bool {
        self.keys.keys().all(|kid| other.contains(kid))
    }

    /// Whether no key is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Keys of other types and uses are left out, as RFC 7517, section 5 asks. So is a key
/// whose id is not its thumbprint: an id names one key, whoever publishes the set.
impl From<&JwkSet> for KeySet {
    fn from(set: &JwkSet) -> Self {
        let usable = set.keys.iter().filter(|key| {
            key.kty == "OKP"
                && key.crv == "Ed25519"
                && key.alg == ALGORITHM
                && key.usage == "sig"
                && key.kid == thumbprint(&key.x)
        });
        let decoded = usable.filter_map(|key| {
            let public = URL_SAFE_NO_PAD.decode(&key.x).ok().filter(|bytes| bytes.len() == 32)?;
            Some((key.kid.clone(), UnparsedPublicKey::new(&ED25519, public)))
        });
        Self { keys: decoded.collect() }
    }
}

/// The id of the key a token says it was signed with, if its form is right. Nothing of the
/// token is verified yet.
pub(crate) fn kid_of(token: &str) -> Option<String> {
    let (header, _) = token.split_once('.')?;
    parse_header(header).ok().map(|header| header.kid)
}

/// The claims of a token whose form and signature are right. Their content (times, issuer,
/// audience) is [`TokenRules`](crate::TokenRules)' to check.
///
/// # Errors
///
/// [`VerifyError::Invalid`].
pub fn verify_signature(token: &str, keys: &KeySet) -> Result<AccessClaims, VerifyError> {
    if token.len() > LARGEST_TOKEN {
        return Err(VerifyError::Invalid("too large"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
    if claims.contains('.') {
        return Err(MALFORMED);
    }
    let header = parse_header(header)?;
    let key = keys.keys.get(&header.kid).ok_or(VerifyError::Invalid("unknown key"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
    key.verify(signed.as_bytes(), &signature)
        .map_err(|_| VerifyError::Invalid("wrong signature"))?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| MALFORMED)?;
    serde_json::from_slice(&claims).map_err(|_| VerifyError::Invalid("unexpected claims"))
}

const MALFORMED: VerifyError = VerifyError::Invalid("malformed");

/// The decoder refuses padding, other alphabets and non-zero trailing bits, so that one
/// token has one spelling.
fn parse_header(encoded: &str) -> Result<Header, VerifyError> {
    if encoded.len() > 512 {
        return Err(VerifyError::Invalid("header too large"));
    }
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| MALFORMED)?;
    let header: Header =
        serde_json::from_slice(&json).map_err(|_| VerifyError::Invalid("unexpected header"))?;
    if header.alg != ALGORITHM {
        return Err(VerifyError::Invalid("another algorithm"));
    }
    if header.typ != TYPE {
        return Err(VerifyError::Invalid("another type"));
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
