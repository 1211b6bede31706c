//! The installation's keys, by version.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquis_kernel::{Secret, random};
use ring::aead::LessSafeKey;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::data_key::{KEY_LENGTH, cipher, decrypt, encrypt};
use crate::{BlindIndex, DataKey, EnvelopeError, file};

/// First byte of a wrapped key: what follows is version, nonce, ciphertext, tag.
const FORMAT: u8 = 1;

/// The keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The text of the keyring is wrong. The line is named, never shown.
    #[error("line {line} of the keyring {what}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no key in it.
    #[error("the keyring is empty")]
    Empty,
    /// The file cannot be read or written.
    #[error("the keyring {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Keys that wrap data keys and make blind indexes. The highest version is the current one;
/// the others are kept until nothing made with them is left.
///
/// As text, one line for each version: `<version>:<32 bytes in unpadded URL-safe base64>`.
/// Blank lines and lines that begin with `#` are passed over.
pub struct Keyring {
    versions: BTreeMap<u32, Version>,
    current: u32,
}

struct Version {
    wrapping: LessSafeKey,
    indexing: hmac::Key,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("versions", &self.versions.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// The configured keyring, or when that is empty the one in
    /// `<data_dir>/secrets/personal_data_keys`, made at the first call with one version and
    /// readable by the owner only. Processes that start at once agree on one.
    ///
    /// # Errors
    ///
    /// [`KeyringError`].
    pub fn open(data_dir: &Path, configured: &Secret) -> Result<Self, KeyringError> {
        if configured.is_empty() {
            let path = file::path(data_dir);
            let text = file::read_or_create(&path, line(1))
                .map_err(|source| KeyringError::File { path, source })?;
            Self::parse(&text)
        } else {
            Self::parse(configured.expose())
        }
    }

    /// Adds a version to the file of [`Keyring::open`] and returns the keyring with it. The
    /// other processes of the installation must be restarted before anything is re-wrapped,
    /// or they meet a version that they do not have.
    ///
    /// # Errors
    ///
    /// [`KeyringError`]; the file is then as it was.
    pub fn add_version(data_dir: &Path) -> Result<Self, KeyringError> {
        let path = file::path(data_dir);
        let fail = |source| KeyringError::File { path: path.clone(), source };
        let mut text = file::read_or_create(&path, line(1)).map_err(fail)?;
        let next = Self::parse(&text)?.current.checked_add(1).ok_or(KeyringError::Empty)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&line(next));
        file::replace(&path, &text).map_err(fail)?;
        Self::parse(&text)
    }

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Line`] and [`KeyringError::Empty`].
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut versions = BTreeMap::new();
        for (index, given) in text.lines().enumerate() {
            let given = given.trim();
            if given.is_empty() || given.starts_with('#') {
                continue;
            }
            let (version, key) =
                parse_line(given).map_err(|what| KeyringError::Line { line: index + 1, what })?;
            if versions.insert(version, Version::derive(&key)).is_some() {
                return Err(KeyringError::Line { line: index + 1, what: "repeats a version" });
            }
        }
        let current = *versions.keys().next_back().ok_or(KeyringError::Empty)?;
        Ok(Self { versions, current })
    }

    /// The text form of a new keyring with one version, for [`Keyring::parse`] and for
    /// operators who configure it.
    #[must_use]
    pub fn generate() -> Secret {
        Secret::new(line(1))
    }

    /// The keyring of an installation whose nodes share a master key: version 1 follows from
    /// it, and `configured` may add later versions (or replace the first).
    ///
    /// # Errors
    ///
    /// [`KeyringError::Line`] and [`KeyringError::Empty`].
    pub fn of_master_key(master_key: &Secret, configured: &Secret) -> Result<Self, KeyringError> {
        let prk =
            Salt::new(HKDF_SHA256, b"marquis envelope v1").extract(master_key.expose().as_bytes());
        let mut keyring = if configured.is_empty() {
            Self { versions: BTreeMap::new(), current: 1 }
        } else {
            Self::parse(configured.expose())?
        };
        let first = expand(&prk, b"version 1 of the keyring");
        keyring.versions.entry(1).or_insert_with(|| Version::derive(&*first));
        Ok(keyring)
    }

    /// The version that wraps now.
    #[must_use]
    pub const fn current_version(&self) -> u32 {
        self.current
    }

    /// A new data key for `owner`, and how to store it.
    #[must_use]
    pub fn new_data_key(&self, owner: Uuid) -> (DataKey, Vec<u8>) {
        let key = DataKey::generate();
        let wrapped = self.wrap(&key, owner);
        (key, wrapped)
    }

    /// Wraps a data key for `owner` with the current version: 65 bytes.
    ///
    /// Nonces are random, which is safe for 2^32 data keys under one version (NIST
    /// SP 800-38D, section 8.3).
    #[must_use]
    pub fn wrap(&self, key: &DataKey, owner: Uuid) -> Vec<u8> {
        let version = &self.versions[&self.current];
        let mut wrapped = vec![FORMAT];
        wrapped.extend_from_slice(&self.current.to_be_bytes());
        wrapped.extend_from_slice(&encrypt(
            &version.wrapping,
            &associated(self.current, owner),
            key.bytes(),
        ));
        wrapped
    }

    /// The data key that was wrapped for `owner`.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`].
    pub fn unwrap(&self, wrapped: &[u8], owner: Uuid) -> Result<DataKey, EnvelopeError> {
        let (number, sealed) = split(wrapped)?;
        let version = self.versions.get(&number).ok_or(EnvelopeError::UnknownVersion(number))?;
        DataKey::from_bytes(&decrypt(&version.wrapping, &associated(number, owner), sealed)?)
    }

    /// The same data key wrapped with the current version; `None` when it is already.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`].
    pub fn rewrap(&self, wrapped: &[u8], owner: Uuid) -> Result<Option<Vec<u8>>, EnvelopeError> {
        if version_of(wrapped)? == self.current {
            return Ok(None);
        }
        Ok(Some(self.wrap(&self.unwrap(wrapped, owner)?, owner)))
    }

    /// The blind index of a value under the current version. `field` names what it is
    /// (`email`), so that equal values of different fields have different digests. The
    /// caller normalises the value.
    #[must_use]
    pub fn blind_index(&self, field: &str, value: &str) -> BlindIndex {
        self.blind_index_under(self.current, &self.versions[&self.current], field, value)
    }

    /// The blind index under every version, the current one first: what a search compares
    /// with, so that it finds values whose index has not been renewed.
    #[must_use]
    pub fn blind_indexes(&self, field: &str, value: &str) -> Vec<BlindIndex> {
        self.versions
            .iter()
            .rev()
            .map(|(number, version)| self.blind_index_under(*number, version, field, value))
            .collect()
    }

    #[expect(clippy::unused_self, reason = "an index is of a keyring")]
    fn blind_index_under(
        &self,
        number: u32,
        version: &Version,
        field: &str,
        value: &str,
    ) -> BlindIndex {
        let mut context = hmac::Context::with_key(&version.indexing);
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
        context.update(value.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        BlindIndex { version: number, digest }
    }
}

/// The version that a data key is wrapped with.
///
/// # Errors
///
/// [`EnvelopeError::Malformed`].
pub(crate) fn version_of(wrapped: &[u8]) -> Result<u32, EnvelopeError> {
    split(wrapped).map(|(number, _)| number)
}

fn split(wrapped: &[u8]) -> Result<(u32, &[u8]), EnvelopeError> {
    let rest = match wrapped.split_first() {
        Some((&FORMAT, rest)) => rest,
        _ => return Err(EnvelopeError::Malformed),
    };
    let (number, sealed) = rest.split_first_chunk().ok_or(EnvelopeError::Malformed)?;
    Ok((u32::from_be_bytes(*number), sealed))
}

fn associated(version: u32, owner: Uuid) -> Vec<u8> {
    let mut bytes = b"marquis data key".to_vec();
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(owner.as_bytes());
    bytes
}

fn line(version: u32) -> String {
    format!("{version}:{}\n", random::token())
}

fn parse_line(given: &str) -> Result<(u32, Zeroizing<Vec<u8>>), &'static str> {
    let (version, key) = given.split_once(':').ok_or("is not `<version>:<key>`")?;
    let version = version.parse().ok().filter(|version| *version > 0);
    let version = version.ok_or("does not begin with a version from 1")?;
    let key = URL_SAFE_NO_PAD.decode(key.trim_end_matches('=')).map(Zeroizing::new);
    let key = key.map_err(|_| "has a key that is not URL-safe base64")?;
    if key.len() == KEY_LENGTH { Ok((version, key)) } else { Err("has a key that is not 32 bytes") }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        KEY_LENGTH
    }
}

impl Version {
    /// Changing a label orphans everything made with the old one.
    fn derive(key: &[u8]) -> Self {
        let prk = Salt::new(HKDF_SHA256, b"marquis envelope v1").extract(key);
        Self {
            wrapping: cipher(&expand(&prk, b"data keys")),
            indexing: hmac::Key::new(hmac::HMAC_SHA256, &*expand(&prk, b"blind index")),
        }
    }
}

#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes")]
fn expand(prk: &Prk, label: &[u8]) -> Zeroizing<[u8; KEY_LENGTH]> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    prk.expand(&[label], Bytes32).and_then(|okm| okm.fill(&mut *key)).expect("32 bytes");
    key
}
