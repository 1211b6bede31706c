//! What the use cases need from outside: the database, the processors (hashing), the
//! cluster, the other nodes. Each write is one transaction and takes a [`Journal`]: what
//! the audit trail and the outbox receive in the same transaction.

mod records;

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_contracts::identity::{AccessClaims, Role, SessionId, UserId};
use marquis_contracts::people::Identity;
use marquis_kernel::Secret;
use time::OffsetDateTime;

use super::audit::AuditRecord;
use crate::domain::lockout::CountedAttempt;
use crate::domain::refresh::{Decision, SessionPolicy};
use crate::domain::{Email, Username};
pub use records::{
    Account, Creation, Credentials, LiveSession, NewAccount, NewSession, PasswordChange, Refresh,
    RefreshState, Renaming, StoredPassword,
};

/// Any underlying cause.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or gave up waiting; trying later may help.
    #[error("the store is not available")]
    Unavailable(#[source] Cause),
    /// Anything else: a defect.
    #[error("the store failed")]
    Failed(#[source] Cause),
}

/// What a change leaves behind.
#[derive(Debug, Default)]
pub struct Journal {
    /// For the audit trail.
    pub records: Vec<AuditRecord>,
    /// For the outbox.
    pub events: Vec<Event>,
}

/// Users and their passwords.
#[async_trait]
pub trait Accounts: Debug + Send + Sync {
    /// The user with this e-mail.
    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// The user with this id, with the password.
    async fn credentials(&self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// The user with this id. May be answered from memory: changes made on this node show
    /// at once, on other nodes within seconds. Answers known users while the store is away.
    async fn account(&self, id: UserId) -> Result<Option<Arc<Account>>, StoreError>;

    /// Whether the names are free now.
    async fn availability(
        &self,
        email: &Email,
        username: &Username,
    ) -> Result<Creation, StoreError>;

    /// Creates a user, with a session if one is opened at once.
    async fn create(
        &self,
        account: &NewAccount,
        session: Option<&NewSession>,
        journal: &Journal,
    ) -> Result<Creation, StoreError>;

    /// Creates the first administrator; `None` when there is one already.
    async fn create_first_admin(
        &self,
        account: &NewAccount,
        journal: &Journal,
    ) -> Result<Option<Creation>, StoreError>;

    /// Whether there is an administrator.
    async fn admin_exists(&self) -> Result<bool, StoreError>;

    /// Replaces the hash of a password that was just verified by a better one.
    async fn upgrade_hash(
        &self,
        id: UserId,
        verified: &StoredPassword,
        better: &StoredPassword,
        journal: &Journal,
    ) -> Result<(), StoreError>;

    /// Changes a password and revokes sessions; `None` when the password is no longer the
    /// one that was verified, else the revoked sessions.
    async fn change_password(
        &self,
        change: &PasswordChange,
        journal: &Journal,
    ) -> Result<Option<Vec<SessionId>>, StoreError>;

    /// Sets the roles. Sessions are revoked when `revoke` is set. `None` when there is no
    /// such user.
    async fn set_roles(
        &self,
        id: UserId,
        roles: &[Role],
        revoke: bool,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Option<Vec<SessionId>>, StoreError>;

    /// The names of those users that exist.
    async fn identities(&self, ids: &[UserId]) -> Result<Vec<Identity>, StoreError>;

    /// The user with this name, whatever its spelling.
    async fn by_username(&self, username: &Username) -> Result<Option<Identity>, StoreError>;

    /// Changes the username. The journal is written only when it was another one.
    async fn rename(
        &self,
        id: UserId,
        username: &Username,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Renaming, StoreError>;
}

/// What the journal says of a session that is opened, given whether its device is one that
/// the user has not signed in from before.
pub type OpeningJournal<'a> = &'a (dyn Fn(bool) -> Journal + Send + Sync);

/// Judges a refresh token that is locked: what to do, and what the journal says of it.
pub type RefreshJudge<'a> = &'a (dyn Fn(&RefreshState) -> (Decision, Journal) + Send + Sync);

/// Sessions and refresh tokens.
#[async_trait]
pub trait Sessions: Debug + Send + Sync {
    /// Opens a session; the account's failed attempts are forgotten. `None`, and nothing
    /// done, when the account changed since it was read (`seen` is its `updated_at`): a
    /// password that is being changed opens no session that outlives the change. The
    /// journal that was written otherwise.
    async fn open(
        &self,
        session: &NewSession,
        seen: OffsetDateTime,
        forget_attempts: [u8; 32],
        journal: OpeningJournal<'_>,
    ) -> Result<Option<Journal>, StoreError>;

    /// Locks the token's session, asks `judge` and carries the decision out. `None` when
    /// the token is unknown.
    async fn refresh(
        &self,
        refresh: &Refresh<'_>,
        policy: &SessionPolicy,
        judge: RefreshJudge<'_>,
    ) -> Result<Option<(RefreshState, Decision)>, StoreError>;

    /// Sessions of a user that are not over, last used first, and how many there are.
    async fn live(
        &self,
        user_id: UserId,
        now: OffsetDateTime,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<LiveSession>, i64), StoreError>;

    /// Revokes one session of a user; false when there is none such that is not over.
    async fn revoke(
        &self,
        user_id: UserId,
        id: SessionId,
        because: &str,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<bool, StoreError>;

    /// Revokes all sessions of a user.
    async fn revoke_all(
        &self,
        user_id: UserId,
        because: &str,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Vec<SessionId>, StoreError>;
}

/// Consecutive failed logins by pseudonym of the e-mail.
#[async_trait]
pub trait LoginAttempts: Debug + Send + Sync {
    /// Counts an attempt as a failure before it is judged.
    async fn begin(
        &self,
        account: [u8; 32],
        allowed: u32,
        lock_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<CountedAttempt, StoreError>;

    /// Takes back an attempt that was never judged.
    async fn withdraw(&self, account: [u8; 32], allowed: u32) -> Result<(), StoreError>;
}

/// The audit trail and the outbox, for events that change nothing else.
#[async_trait]
pub trait AuditTrail: Debug + Send + Sync {
    /// Adds to it.
    async fn append(&self, journal: &Journal) -> Result<(), StoreError>;
}

/// Hashing could not be done.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many requests wait for a hash already.
    #[error("too many passwords wait to be hashed")]
    Busy {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// A defect, or a pepper that is missing.
    #[error("the password could not be hashed")]
    Failed(#[source] Cause),
}

/// Hashes passwords on a bounded number of threads.
#[async_trait]
pub trait PasswordHasher: Debug + Send + Sync {
    /// Hashes with the current parameters.
    async fn hash(&self, password: Secret) -> Result<StoredPassword, HashError>;

    /// Whether the password is the stored one. With nothing stored it takes as long and
    /// answers no.
    async fn verify(
        &self,
        password: Secret,
        stored: Option<StoredPassword>,
    ) -> Result<bool, HashError>;

    /// Whether the parameters of a stored password are not the current ones.
    fn is_outdated(&self, stored: &StoredPassword) -> bool;
}

/// Signs access tokens with the key of the moment.
#[async_trait]
pub trait AccessTokenSigner: Debug + Send + Sync {
    /// The token.
    async fn sign(&self, claims: &AccessClaims) -> Result<Secret, StoreError>;
}

/// Failed logins per address and account within a minute.
#[async_trait]
pub trait FailureLimiter: Debug + Send + Sync {
    /// Takes one from the allowance; how long to wait when it is used up.
    async fn take(&self, address: Option<IpAddr>, account: [u8; 32]) -> Result<(), Duration>;

    /// Gives it back: the login succeeded, or was never judged.
    async fn give_back(&self, address: Option<IpAddr>, account: [u8; 32]);
}

/// Tells of changes that have to be known at once.
#[async_trait]
pub trait Announcer: Debug + Send + Sync {
    /// Access tokens of these sessions are void from now on.
    fn sessions_revoked(&self, sessions: &[SessionId]);

    /// What is remembered of a user is stale, on every node.
    async fn user_changed(&self, id: UserId);
}

/// Stands in for an e-mail address where it must not be kept.
pub trait Pseudonyms: Debug + Send + Sync {
    /// HMAC-SHA256 of the address under a key of the installation.
    fn of(&self, email: &str) -> [u8; 32];
}
