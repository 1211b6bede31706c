//! Tokens verified on this node, by the issuer's published keys and revocation list.
//!
//! What always holds: no token is accepted before both were loaded once; afterwards an
//! issuer that is away takes nothing away: its keys and every revocation stay.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::identity::{
    IssuerUnavailable, JwkSet, Principal, Revocation, SessionId, TokenIssuer, TokenVerifier,
    VerifyError,
};
use marquis_kernel::{Clock, SharedClock};
use parking_lot::RwLock;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::jws::{self, KeySet};
use crate::revocation::RevocationList;
use crate::rules::{MAX_LIFETIME, TokenRules};
use crate::token_cache::{TokenCache, fingerprint};

/// How often revocations are asked for.
const REVOCATIONS_EVERY: Duration = Duration::from_millis(500);
/// How often keys are asked for: a withdrawn key is void everywhere after about this long.
const KEYS_EVERY: Duration = Duration::from_secs(5);
/// How often old entries are dropped, and the whole list of revocations is read again.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);
/// Unscheduled questions to the issuer come no closer than this, whoever provokes them.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// The issuer has this long to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Each poll asks again for this much of what it saw, because transactions become visible
/// in another order than their timestamps, and issuers' clocks differ. What falls behind even
/// that (a clock that was set back, a very long transaction) is found by the upkeep.
const OVERLAP: Duration = Duration::from_secs(15);
/// Verified tokens that are remembered: about 400 bytes each.
const REMEMBERED: usize = 32 * 1024;

/// Verifies tokens without asking anybody, but for keys and revocations in the background.
pub struct LocalVerifier {
    issuer: Arc<dyn TokenIssuer>,
    rules: TokenRules,
    clock: SharedClock,
    keys: RwLock<Arc<KeySet>>,
    revoked: RevocationList,
    verified: TokenCache,
    keys_known: AtomicBool,
    revocations_known: AtomicBool,
    last_synced: RwLock<Option<OffsetDateTime>>,
    keys_sync: Mutex<KeysSync>,
    revocations_sync: Mutex<RevocationsSync>,
}

#[derive(Debug, Default)]
struct KeysSync {
    attempted: Option<Instant>,
    failing: bool,
}

#[derive(Debug)]
struct RevocationsSync {
    attempted: Option<Instant>,
    /// The next poll asks for what was revoked after this.
    since: OffsetDateTime,
    failing: bool,
}

impl LocalVerifier {
    /// A verifier that knows nothing yet. Spawn [`LocalVerifier::run`] for it.
    #[must_use]
    pub fn new(issuer: Arc<dyn TokenIssuer>, rules: TokenRules, clock: SharedClock) -> Arc<Self> {
        let since = oldest_that_matters(&*clock);
        Arc::new(Self {
            issuer,
            rules,
            clock,
            keys: RwLock::default(),
            revoked: RevocationList::default(),
            verified: TokenCache::new(REMEMBERED),
            keys_known: AtomicBool::new(false),
            revocations_known: AtomicBool::new(false),
            last_synced: RwLock::new(None),
            keys_sync: Mutex::default(),
            revocations_sync: Mutex::new(RevocationsSync {
                attempted: None,
                since,
                failing: false,
            }),
        })
    }

    /// Keeps keys and revocations fresh until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut revocations = tokio::time::interval(REVOCATIONS_EVERY);
        revocations.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut keys = tokio::time::interval(KEYS_EVERY);
        keys.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let polls = async {
            loop {
                revocations.tick().await;
                // Failures are logged where they happen; the next tick tries again.
                let _ = self.sync_revocations().await;
            }
        };
        let rotations = async {
            loop {
                keys.tick().await;
                if self.sync_keys().await.is_err() && !self.keys_known.load(Ordering::Acquire) {
                    keys.reset_after(AT_MOST_EVERY);
                }
            }
        };
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                self.keep_house().await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = async { tokio::join!(polls, rotations, upkeep); } => {}
        }
    }

    /// Drops what no valid token can name any more, and has the next poll read every
    /// revocation that matters, whatever its timestamp.
    async fn keep_house(&self) {
        let now = self.clock.unix();
        self.revoked.forget(now);
        self.verified.forget_expired(now);
        self.revocations_sync.lock().await.since = oldest_that_matters(&*self.clock);
    }

    /// Voids a session's tokens on this node at once. The issuer's list tells the others.
    pub fn revoke(&self, session: SessionId) {
        self.revoked.add([session], self.clock.unix());
    }

    /// When the revocation list was last known to be complete. `None`: never yet.
    #[must_use]
    pub fn last_synced(&self) -> Option<OffsetDateTime> {
        *self.last_synced.read()
    }

    /// Whether the key set and the revocation list were loaded: before, every token is
    /// answered with [`VerifyError::Unavailable`].
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.keys_known.load(Ordering::Acquire) && self.revocations_known.load(Ordering::Acquire)
    }

    /// Loads what is missing, for requests that come before the first poll succeeded.
    async fn prepare(&self) -> Result<(), VerifyError> {
        if !self.keys_known.load(Ordering::Acquire) {
            let mut sync = self.keys_sync.lock().await;
            if !self.keys_known.load(Ordering::Acquire) {
                if is_recent(sync.attempted) {
                    return Err(VerifyError::Unavailable("no key set is known yet".into()));
                }
                self.fetch_keys(&mut sync).await.map_err(|error| unavailable(error.0))?;
            }
        }
        if !self.revocations_known.load(Ordering::Acquire) {
            let mut sync = self.revocations_sync.lock().await;
            if !self.revocations_known.load(Ordering::Acquire) {
                if is_recent(sync.attempted) {
                    return Err(VerifyError::Unavailable("no revocation list is known yet".into()));
                }
                self.fetch_revocations(&mut sync).await.map_err(|error| unavailable(error.0))?;
            }
        }
        Ok(())
    }

    async fn sync_keys(&self) -> Result<(), IssuerUnavailable> {
        let mut sync = self.keys_sync.lock().await;
        self.fetch_keys(&mut sync).await
    }

    async fn fetch_keys(&self, sync: &mut KeysSync) -> Result<(), IssuerUnavailable> {
        sync.attempted = Some(Instant::now());
        let set: JwkSet = match in_time(self.issuer.key_set()).await {
            Ok(set) => set,
            Err(error) => {
                if !sync.failing {
                    tracing::warn!(error = %error.0, "the issuer's keys could not be fetched");
                }
                sync.failing = true;
                return Err(error);
            }
        };
        if std::mem::take(&mut sync.failing) {
            tracing::info!("the issuer's keys are fetched again");
        }
        let fetched = KeySet::from(&set);
        if fetched.is_empty() {
            tracing::warn!("the issuer publishes no usable key");
            return Err(IssuerUnavailable("the issuer publishes no usable key".into()));
        }
        let gone = {
            let mut keys = self.keys.write();
            let gone = !keys.is_subset_of(&fetched);
            *keys = Arc::new(fetched);
            gone
        };
        if gone {
            // A withdrawn key takes the tokens it signed with it.
            self.verified.clear();
        }
        self.keys_known.store(true, Ordering::Release);
        Ok(())
    }

    async fn sync_revocations(&self) -> Result<(), IssuerUnavailable> {
        let mut sync = self.revocations_sync.lock().await;
        self.fetch_revocations(&mut sync).await
    }

    async fn fetch_revocations(&self, sync: &mut RevocationsSync) -> Result<(), IssuerUnavailable> {
        sync.attempted = Some(Instant::now());
        let asked_at = self.clock.now();
        let revoked: Vec<Revocation> =
            match in_time(self.issuer.revocations_since(sync.since)).await {
                Ok(revoked) => revoked,
                Err(error) => {
                    if !sync.failing {
                        tracing::warn!(error = %error.0, "revocations could not be fetched");
                    }
                    sync.failing = true;
                    return Err(error);
                }
            };
        if std::mem::take(&mut sync.failing) {
            tracing::info!("revocations are fetched again");
        }
        self.revoked.add(revoked.iter().map(|one| one.session_id), asked_at.unix_timestamp());
        // Windows are counted on the issuer's clock, by what it has shown, never on ours
        // alone; a timestamp from the future must not hide those that follow.
        if let Some(latest) = revoked.iter().map(|one| one.revoked_at).max() {
            sync.since = sync.since.max(latest.min(asked_at) - OVERLAP);
        }
        *self.last_synced.write() = Some(asked_at);
        self.revocations_known.store(true, Ordering::Release);
        Ok(())
    }

    /// Asks for keys because of a token that names an unknown one. Only an answer to a
    /// question asked after the token came counts: the key may have been put to use since
    /// the last one. Whoever comes while somebody asks shares the next question.
    async fn learn_key(&self, kid: &str) -> bool {
        let came = Instant::now();
        let mut sync = self.keys_sync.lock().await;
        let known = || self.keys.read().contains(kid);
        if known() {
            return true;
        }
        if let Some(attempted) = sync.attempted {
            if attempted > came {
                return false;
            }
            tokio::time::sleep_until(attempted + AT_MOST_EVERY).await;
        }
        self.fetch_keys(&mut sync).await.is_ok() && known()
    }

    async fn verify_unknown(&self, token: &str) -> Result<Arc<Principal>, VerifyError> {
        if !self.is_ready() {
            self.prepare().await?;
        }
        let kid = jws::kid_of(token).ok_or(VerifyError::Invalid("malformed"))?;
        let known = self.keys.read().contains(&kid);
        if !known && !self.learn_key(&kid).await {
            return Err(VerifyError::Invalid("unknown key"));
        }
        let keys = Arc::clone(&self.keys.read());
        let claims = jws::verify_signature(token, &keys)?;
        self.rules.check(&claims, self.clock.unix())?;
        Ok(Arc::new(Principal::from(&claims)))
    }

    /// What has to hold at every use, however often a token was verified before.
    fn still_valid(&self, principal: &Principal) -> Result<(), VerifyError> {
        if self.rules.is_expired(principal.expires_at, self.clock.unix()) {
            return Err(VerifyError::Invalid("expired"));
        }
        if self.revoked.contains(principal.session_id) {
            return Err(VerifyError::Invalid("revoked"));
        }
        Ok(())
    }
}

#[async_trait]
impl TokenVerifier for LocalVerifier {
    async fn verify(&self, token: &str) -> Result<Arc<Principal>, VerifyError> {
        if token.len() > jws::LARGEST_TOKEN {
            return Err(VerifyError::Invalid("too large"));
        }
        let key = fingerprint(token);
        if let Some(principal) = self.verified.get(&key) {
            return match self.still_valid(&principal) {
                Ok(()) => Ok(principal),
                Err(error) => {
                    self.verified.remove(&key);
                    Err(error)
                }
            };
        }
        let principal = self.verify_unknown(token).await?;
        self.still_valid(&principal)?;
        self.verified.insert(key, Arc::clone(&principal));
        Ok(principal)
    }

    fn recheck(&self, principal: &Principal) -> Option<Result<(), VerifyError>> {
        Some(self.still_valid(principal))
    }
}

impl fmt::Debug for LocalVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalVerifier")
            .field("issuer", &self.issuer)
            .field("rules", &self.rules)
            .field("last_synced", &self.last_synced())
            .finish_non_exhaustive()
    }
}

/// What was revoked before has no valid token left.
fn oldest_that_matters(clock: &dyn Clock) -> OffsetDateTime {
    clock.now() - MAX_LIFETIME - Duration::from_secs(60)
}

fn is_recent(attempted: Option<Instant>) -> bool {
    attempted.is_some_and(|at| at.elapsed() < AT_MOST_EVERY)
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> VerifyError {
    VerifyError::Unavailable(source)
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, IssuerUnavailable>>,
) -> Result<T, IssuerUnavailable> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(IssuerUnavailable(elapsed.into())),
    }
}

#[cfg(test)]
mod tests;
