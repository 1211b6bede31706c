//! What the use cases need from outside: the database, the processors (hashing), the
//! cluster, the other nodes. Each write is one transaction and takes a [`Journal`]: what
//! the audit trail and the outbox receive in the same transaction.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_contracts::identity::{AccessClaims, Role, SessionId, UserId};
use marquis_kernel::Secret;
use time::OffsetDateTime;

use super::audit::AuditRecord;
use crate::domain::lockout::CountedAttempt;
use crate::domain::refresh::{Decision, Presented};
use crate::domain::{Email, Username};

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

/// A user without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: UserId,
    /// Normalised e-mail.
    pub email: String,
    /// Username as chosen.
    pub username: String,
    /// Roles, at least one.
    pub roles: Vec<Role>,
    /// The password is a one-time one.
    pub password_change_required: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// A password as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// bcrypt in the modular crypt format.
    pub hash: String,
    /// Which pepper went into it.
    pub pepper_version: u16,
}

impl Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPassword([redacted])")
    }
}

/// A user with the password as it is kept.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub account: Account,
    /// The password.
    pub password: StoredPassword,
}

/// A user to be created.
#[derive(Debug)]
pub struct NewAccount {
    /// The user.
    pub account: Account,
    /// The key by which the username is unique.
    pub username_key: String,
    /// The password.
    pub password: StoredPassword,
}

/// A session to be opened, with its first refresh token.
#[derive(Debug)]
pub struct NewSession {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Authentication methods.
    pub amr: Vec<String>,
    /// Whether its tokens carry no roles.
    pub restricted: bool,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's program.
    pub user_agent: Option<String>,
    /// When it is opened.
    pub now: OffsetDateTime,
    /// Its absolute end.
    pub expires_at: OffsetDateTime,
    /// Its end unless it is used, also the end of the refresh token.
    pub idle_expires_at: OffsetDateTime,
    /// SHA-256 of the refresh token.
    pub refresh_hash: [u8; 32],
}

/// What became of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It is there.
    Created,
    /// The e-mail belongs to somebody.
    EmailTaken,
    /// The username belongs to somebody.
    UsernameTaken,
}

/// A change of password.
#[derive(Debug)]
pub struct PasswordChange {
    /// Whose.
    pub user_id: UserId,
    /// What was verified; the change happens only while it is still so.
    pub verified: StoredPassword,
    /// What replaces it.
    pub replacement: StoredPassword,
    /// Whether the replacement is a one-time password.
    pub change_required: bool,
    /// The session that is kept, if any; all others are revoked.
    pub keep: Option<SessionId>,
    /// Why the others are revoked.
    pub because: &'static str,
    /// The account whose failed attempts are forgotten.
    pub forget_attempts: [u8; 32],
    /// When.
    pub now: OffsetDateTime,
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
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// Id.
    pub id: SessionId,
    /// Authentication methods.
    pub amr: Vec<String>,
    /// The last address.
    pub address: Option<IpAddr>,
    /// The last program.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it was last refreshed.
    pub last_used_at: OffsetDateTime,
    /// When it ends unless it is used.
    pub expires_at: OffsetDateTime,
}

/// A refresh token that is presented.
#[derive(Debug)]
pub struct Refresh<'a> {
    /// SHA-256 of the token presented.
    pub hash: [u8; 32],
    /// SHA-256 of its successor, should there be one.
    pub successor: [u8; 32],
    /// Where it is presented.
    pub address: Option<IpAddr>,
    /// By which program.
    pub user_agent: Option<&'a str>,
    /// When.
    pub now: OffsetDateTime,
}

/// What is known of a refresh token under its session's lock.
#[derive(Debug)]
pub struct RefreshState {
    /// The session.
    pub session_id: SessionId,
    /// Authentication methods of the session.
    pub amr: Vec<String>,
    /// Whether the session's tokens carry no roles.
    pub restricted: bool,
    /// The user, with the roles of this moment.
    pub account: Account,
    /// What the decision rests on.
    pub presented: Presented,
}

/// Judges a refresh token that is locked: what to do, and what the journal says of it.
pub type RefreshJudge<'a> = &'a (dyn Fn(&RefreshState) -> (Decision, Journal) + Send + Sync);

/// Sessions and refresh tokens.
#[async_trait]
pub trait Sessions: Debug + Send + Sync {
    /// Opens a session; the account's failed attempts are forgotten.
    async fn open(
        &self,
        session: &NewSession,
        forget_attempts: [u8; 32],
        journal: &Journal,
    ) -> Result<(), StoreError>;

    /// Locks the token's session, asks `judge` and carries the decision out. `None` when
    /// the token is unknown.
    async fn refresh(
        &self,
        refresh: &Refresh<'_>,
        policy: &crate::domain::refresh::SessionPolicy,
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
