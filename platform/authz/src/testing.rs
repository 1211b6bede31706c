//! An issuer for this crate's tests: real keys, a list of revocations, and a switch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::identity::{
    AccessClaims, IssuerUnavailable, JwkSet, Revocation, Role, SessionId, TokenIssuer, UserId,
};
use marquis_kernel::{Clock as _, ManualClock};
use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::TokenRules;
use crate::jws::{SigningKey, sign};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "marquis";

pub(crate) fn rules() -> TokenRules {
    TokenRules {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        leeway: Duration::from_secs(2),
    }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::generate().expect("a key").0
}

#[derive(Debug)]
pub(crate) struct TestIssuer {
    pub clock: Arc<ManualClock>,
    pub signing: Mutex<Arc<SigningKey>>,
    pub published: Mutex<JwkSet>,
    pub revoked: Mutex<Vec<Revocation>>,
    pub away: AtomicBool,
    pub key_questions: AtomicUsize,
    /// Every `since` that was asked for.
    pub windows: Mutex<Vec<OffsetDateTime>>,
}

impl TestIssuer {
    pub(crate) fn new() -> Arc<Self> {
        let signing = Arc::new(key());
        let published = JwkSet { keys: vec![signing.public_jwk()] };
        Arc::new(Self {
            clock: ManualClock::starting_now(),
            signing: Mutex::new(signing),
            published: Mutex::new(published),
            revoked: Mutex::default(),
            away: AtomicBool::new(false),
            key_questions: AtomicUsize::new(0),
            windows: Mutex::default(),
        })
    }

    /// Claims for 15 minutes from now.
    pub(crate) fn claims(&self) -> AccessClaims {
        let clock = &*self.clock;
        AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: UserId::new(clock),
            exp: clock.unix() + 900,
            iat: clock.unix(),
            jti: marquis_kernel::id::new_uuid(clock),
            sid: SessionId::new(clock),
            roles: vec![Role::User, Role::Finance],
            amr: vec!["pwd".to_owned()],
        }
    }

    pub(crate) fn token(&self, claims: &AccessClaims) -> String {
        sign(claims, &self.signing.lock())
    }

    pub(crate) fn revoke_at(&self, session_id: SessionId, revoked_at: OffsetDateTime) {
        self.revoked.lock().push(Revocation { session_id, revoked_at });
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn reached(&self) -> Result<(), IssuerUnavailable> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(IssuerUnavailable("switched off".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl TokenIssuer for TestIssuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        self.key_questions.fetch_add(1, Ordering::SeqCst);
        self.reached()?;
        Ok(self.published.lock().clone())
    }

    async fn revocations_since(
        &self,
        since: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        self.reached()?;
        self.windows.lock().push(since);
        let revoked = self.revoked.lock();
        Ok(revoked.iter().filter(|one| one.revoked_at > since).copied().collect())
    }
}
