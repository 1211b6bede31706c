//! What passes through the ports.

use std::fmt::{self, Debug};
use std::net::IpAddr;

use marquis_contracts::identity::{Role, SessionId, UserId};
use time::OffsetDateTime;

use crate::domain::refresh::Presented;

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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    /// What the user calls it, see [`crate::domain::device`].
    pub device: String,
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

/// What became of another username.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renaming {
    /// It is the username now.
    Renamed,
    /// It was the username already.
    Unchanged,
    /// Somebody else has it.
    Taken,
    /// There is no such user.
    UnknownAccount,
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
