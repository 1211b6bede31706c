//! E-mail addresses as they are stored: sealed under the person's own key, found by a blind
//! index.

use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_envelope::{EnvelopeError, Keyring, Place};

/// Names the blind index of addresses.
const FIELD: &str = "email";
const TABLE: &str = "auth.users";
const COLUMN: &str = "sealed_email";

/// Seals and opens addresses.
#[derive(Debug, Clone)]
pub struct Addresses {
    keyring: Arc<Keyring>,
}

/// An address as it is stored.
#[derive(Debug)]
pub struct SealedAddress {
    /// The person's key, wrapped.
    pub data_key: Vec<u8>,
    /// The address, sealed with it.
    pub email: Vec<u8>,
    /// By which it is found.
    pub index: [u8; 32],
    /// Version of the keyring that wrapped the key and made the index.
    pub version: i32,
}

impl Addresses {
    /// Addresses under this keyring.
    #[must_use]
    pub const fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring }
    }

    /// The version that is used for what is new.
    #[must_use]
    pub fn version(&self) -> i32 {
        stored(self.keyring.current_version())
    }

    /// Seals an address, under a new key.
    #[must_use]
    pub fn seal(&self, id: UserId, email: &str) -> SealedAddress {
        let (key, data_key) = self.keyring.new_data_key(id.uuid());
        let index = self.keyring.blind_index(FIELD, email);
        SealedAddress {
            data_key,
            email: key.seal(&place(id), email.as_bytes()),
            index: index.digest,
            version: stored(index.version),
        }
    }

    /// The address.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`]: another keyring, or somebody changed the row.
    pub fn open(
        &self,
        id: UserId,
        data_key: &[u8],
        sealed: &[u8],
    ) -> Result<String, EnvelopeError> {
        self.keyring.unwrap(data_key, id.uuid())?.open_text(&place(id), sealed)
    }

    /// A row's address, sealed or, before its first start with a keyring, plain.
    ///
    /// # Errors
    ///
    /// As [`Addresses::open`].
    pub fn of_row(
        &self,
        id: UserId,
        plain: Option<String>,
        data_key: Option<&[u8]>,
        sealed: Option<&[u8]>,
    ) -> Result<String, EnvelopeError> {
        match (plain, data_key, sealed) {
            (Some(plain), ..) => Ok(plain),
            (None, Some(data_key), Some(sealed)) => self.open(id, data_key, sealed),
            _ => Err(EnvelopeError::Malformed),
        }
    }

    /// What an address is found by, under every version of the keyring.
    #[must_use]
    pub fn indexes(&self, email: &str) -> Vec<[u8; 32]> {
        let indexes = self.keyring.blind_indexes(FIELD, email);
        indexes.into_iter().map(|index| index.digest).collect()
    }

    /// What an address is found by from now on.
    #[must_use]
    pub fn index(&self, email: &str) -> [u8; 32] {
        self.keyring.blind_index(FIELD, email).digest
    }

    /// A person's key under the current version; `None` when it is so already.
    ///
    /// # Errors
    ///
    /// As [`Addresses::open`].
    pub fn rewrap(&self, id: UserId, data_key: &[u8]) -> Result<Option<Vec<u8>>, EnvelopeError> {
        self.keyring.rewrap(data_key, id.uuid())
    }
}

fn place(id: UserId) -> Place<'static> {
    Place::new(TABLE, COLUMN, id.uuid())
}

/// As PostgreSQL has it. Versions count rotations.
fn stored(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;

    use super::*;

    #[test]
    fn an_address_opens_for_its_person_only() {
        let keyring = Keyring::parse(Keyring::generate().expose()).expect("a keyring");
        let addresses = Addresses::new(Arc::new(keyring));
        let (alice, bob) = (UserId::new(&SystemClock), UserId::new(&SystemClock));
        let sealed = addresses.seal(alice, "alice@example.com");
        let open = |id| addresses.open(id, &sealed.data_key, &sealed.email);
        assert_eq!(open(alice).as_deref(), Ok("alice@example.com"));
        assert!(open(bob).is_err());
        assert!(!sealed.email.windows(5).any(|window| window == b"alice"));
        assert_eq!(addresses.indexes("alice@example.com"), [sealed.index]);
        assert_ne!(addresses.index("bob@example.com"), sealed.index);
    }
}
