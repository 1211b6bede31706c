//! What surrounds the service in a test: an issuer of tokens, everybody's names and
//! addresses, another service's log of events, a certificate authority.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_contracts::identity::{IssuerUnavailable, JwkSet, Revocation, TokenIssuer, UserId};
use marquis_contracts::people::{Identities, IdentitiesUnavailable, Identity, RenameError};
use time::OffsetDateTime;

use crate::harness::Person;

/// An issuer that lives in the test.
#[derive(Debug)]
pub struct Issuer(pub JwkSet);

#[async_trait]
impl TokenIssuer for Issuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        Ok(self.0.clone())
    }

    async fn revocations_since(
        &self,
        _: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        Ok(Vec::new())
    }
}

/// Everybody's name and address.
#[derive(Debug, Default)]
pub struct Directory {
    people: Mutex<HashMap<UserId, (String, String)>>,
    pub away: AtomicBool,
}

impl Directory {
    pub fn add(&self, id: UserId, name: &str) {
        let entry = (name.to_owned(), format!("{name}@people.example"));
        self.people.lock().expect("not poisoned").insert(id, entry);
    }

    pub fn forget(&self, person: &Person) {
        self.people.lock().expect("not poisoned").remove(&person.id);
    }

    pub fn move_to(&self, person: &Person, address: &str) {
        let mut people = self.people.lock().expect("not poisoned");
        people.get_mut(&person.id).expect("known").1 = address.to_owned();
    }

    fn asked(&self) -> Result<(), IdentitiesUnavailable> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(IdentitiesUnavailable("away".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Identities for Directory {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable> {
        self.asked()?;
        let people = self.people.lock().expect("not poisoned");
        let found = users.iter().filter_map(|id| Some((*id, people.get(id)?)));
        Ok(found
            .map(|(user_id, person)| Identity { user_id, username: person.0.clone() })
            .collect())
    }

    async fn by_username(&self, _: &str) -> Result<Option<Identity>, IdentitiesUnavailable> {
        Ok(None)
    }

    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        self.asked()?;
        let people = self.people.lock().expect("not poisoned");
        Ok(people.get(&user).map(|person| person.1.clone()))
    }

    async fn rename(&self, _: UserId, _: &str) -> Result<Identity, RenameError> {
        Err(RenameError::NotFound)
    }
}

/// A log of events of one service.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<Recorded>>);

impl Log {
    pub fn length(&self) -> i64 {
        i64::try_from(self.0.lock().expect("not poisoned").len()).expect("a short log")
    }

    pub fn append(&self, event: Event) {
        let mut log = self.0.lock().expect("not poisoned");
        let position = i64::try_from(log.len() + 1).expect("a short log");
        log.push(Recorded { cursor: Cursor { transaction: 1, position }, event });
    }
}

#[async_trait]
impl EventSource for Log {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let log = self.0.lock().expect("not poisoned");
        let limit = usize::try_from(limit).expect("a limit");
        Ok(log.iter().filter(|event| event.cursor > after).take(limit).cloned().collect())
    }
}

/// A certificate of ours for this machine, in a file, and a server's half of it.
pub struct Authority {
    pub file: PathBuf,
    pub acceptor: tokio_rustls::TlsAcceptor,
    _directory: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("authority.pem");
        std::fs::write(&file, made.cert.pem()).expect("written");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.expect("a key"))
            .expect("a pair");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        Self { file, acceptor, _directory: directory }
    }
}
