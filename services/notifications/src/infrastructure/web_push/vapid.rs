//! Who we are, to push services: a key of P-256 and a token signed with it (RFC 8292).

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use marquis_kernel::Secret;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use time::{Duration, OffsetDateTime};

/// How long a token is good for: at most a day (RFC 8292, section 2).
const LIFE: Duration = Duration::hours(12);

/// There is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum VapidError {
    /// The key is not PKCS #8 of a key of P-256.
    #[error("the VAPID key is not a PKCS #8 key of the curve P-256")]
    Key,
    /// Its file.
    #[error("the VAPID key in {0} cannot be read or made")]
    File(PathBuf, #[source] io::Error),
}

/// The key.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    public: String,
}

impl std::fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VapidKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl VapidKey {
    /// The configured key, or the one in the data directory, made at the first start and
    /// readable by nobody else.
    ///
    /// # Errors
    ///
    /// [`VapidError`].
    pub fn load(configured: &Secret, data_dir: &Path) -> Result<Self, VapidError> {
        if !configured.is_empty() {
            let key = STANDARD.decode(configured.expose().trim()).map_err(|_| VapidError::Key)?;
            return Self::from_pkcs8(&key);
        }
        let directory = data_dir.join("notifications");
        let file = directory.join("vapid.p8");
        let key = read_or_make(&directory, &file);
        Self::from_pkcs8(&key.map_err(|error| VapidError::File(file, error))?)
    }

    fn from_pkcs8(key: &[u8]) -> Result<Self, VapidError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random);
        let pair = pair.map_err(|_| VapidError::Key)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Ok(Self { pair, public })
    }

    /// The public key as browsers and push services want it: an uncompressed point in
    /// unpadded URL-safe base64.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header for a push service (RFC 8292, section 3). `None` when the
    /// machine has no entropy.
    pub(super) fn authorization(
        &self,
        origin: &str,
        contact: &str,
        now: OffsetDateTime,
    ) -> Option<String> {
        let claims = json!({
            "aud": origin,
            "exp": (now + LIFE).unix_timestamp(),
            "sub": contact,
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public))
    }
}

fn read_or_make(directory: &Path, file: &Path) -> io::Result<Vec<u8>> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let no_entropy = |_| io::Error::other("no entropy");
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let key = key.map_err(no_entropy)?;
    let unfinished = directory.join(format!(".vapid.p8.{}", marquis_kernel::random::token()));
    let mut made =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    made.write_all(key.as_ref())?;
    made.sync_all()?;
    // Under its name the file is whole from the beginning, and of two processes that start
    // at once the first one makes it.
    let linked = fs::hard_link(&unfinished, file);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read(file),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use p256::ecdsa::signature::Verifier as _;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_us_alone() {
        let data = tempfile::tempdir().expect("a directory");
        let none = Secret::new("");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let load = || VapidKey::load(&none, data.path()).expect("a key").public().to_owned();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 87), "{keys:?}");
        let directory = data.path().join("notifications");
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&directory.join("vapid.p8")), 0o600);
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(fs::read_dir(directory).expect("readable").count(), 1);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_told() {
        let data = tempfile::tempdir().expect("a directory");
        for wrong in ["x", "c2VjcmV0"] {
            let error = VapidKey::load(&Secret::new(wrong), data.path()).expect_err("no key");
            assert!(!format!("{error:?} {error}").contains(wrong));
        }
    }

    #[test]
    fn the_token_is_what_the_rfc_says() {
        let data = tempfile::tempdir().expect("a directory");
        let key = VapidKey::load(&Secret::new(""), data.path()).expect("a key");
        let now = datetime!(2026-11-21 07:00 UTC);
        let header = key.authorization("https://push.example", "mailto:a@b.example", now);
        let header = header.expect("signed");
        let (token, public) = header
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .expect("the scheme's form");
        let point = URL_SAFE_NO_PAD.decode(public).expect("base64");
        let verifying = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).expect("a point");
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        let signature = p256::ecdsa::Signature::from_slice(&signature).expect("a signature");
        verifying.verify(signed.as_bytes(), &signature).expect("signed with that key");
        let (_, claims) = signed.split_once('.').expect("two parts");
        let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!(
            claims,
            json!({"aud": "https://push.example", "sub": "mailto:a@b.example",
                "exp": (now + LIFE).unix_timestamp()})
        );
    }
}
