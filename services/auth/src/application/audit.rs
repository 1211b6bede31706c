//! The audit trail: one record for every authentication and authorization event, written
//! in the transaction of what it records, and one line in the security log (target
//! `security`). Neither holds an e-mail address, a password or a token.

use std::fmt::Display;

use marquis_contracts::events::Event;
use marquis_contracts::identity::{SessionId, UserId};
use marquis_kernel::Clock;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Origin;
use super::ports::Journal;

/// What happened. The names are a public interface: alert rules match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// Somebody registered.
    Registered,
    /// A login succeeded.
    LoginSucceeded,
    /// A login failed.
    LoginFailed,
    /// A login failed and locked its account.
    AccountLocked,
    /// A login was refused without being judged: the account is locked, or the address
    /// failed too often.
    LoginRefused,
    /// A refresh token was exchanged.
    TokenRefreshed,
    /// A refresh token was presented again after the grace; its session was revoked.
    RefreshTokenReused,
    /// A session was left by its owner.
    LoggedOut,
    /// All sessions were left by their owner.
    LoggedOutEverywhere,
    /// One session was revoked by its owner from another.
    SessionRevoked,
    /// The password was changed.
    PasswordChanged,
    /// A change of password was refused because the current one was wrong.
    PasswordChangeRefused,
    /// The hash of a password was computed anew with current parameters.
    PasswordHashUpgraded,
    /// An operator gave an account a one-time password.
    PasswordReset,
    /// The first administrator was created.
    FirstAdminCreated,
    /// Roles were granted or taken away.
    RolesChanged,
    /// The username was changed.
    Renamed,
    /// A person was erased; the record does not say whom.
    Erased,
    /// Signing keys were created or retired.
    SigningKeysRotated,
    /// A caller lacked the permission for what it asked.
    PermissionDenied,
}

impl AuditKind {
    /// The name in records and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "user.registered",
            Self::LoginSucceeded => "login.succeeded",
            Self::LoginFailed => "login.failed",
            Self::AccountLocked => "account.locked",
            Self::LoginRefused => "login.refused",
            Self::TokenRefreshed => "token.refreshed",
            Self::RefreshTokenReused => "refresh_token.reused",
            Self::LoggedOut => "session.logged_out",
            Self::LoggedOutEverywhere => "user.logged_out_everywhere",
            Self::SessionRevoked => "session.revoked",
            Self::PasswordChanged => "password.changed",
            Self::PasswordChangeRefused => "password.change_refused",
            Self::PasswordHashUpgraded => "password.hash_upgraded",
            Self::PasswordReset => "password.reset",
            Self::FirstAdminCreated => "admin.created",
            Self::RolesChanged => "roles.changed",
            Self::Renamed => "user.renamed",
            Self::Erased => "user.erased",
            Self::SigningKeysRotated => "signing_keys.rotated",
            Self::PermissionDenied => "permission.denied",
        }
    }

    /// Whether an operator may have to look at it.
    const fn is_suspicious(self) -> bool {
        matches!(
            self,
            Self::LoginFailed
                | Self::AccountLocked
                | Self::LoginRefused
                | Self::RefreshTokenReused
                | Self::PasswordChangeRefused
                | Self::PermissionDenied
        )
    }
}

/// One record of the trail.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// Unique, increasing by time.
    pub id: Uuid,
    /// When.
    pub occurred_at: OffsetDateTime,
    /// What.
    pub kind: AuditKind,
    /// Whom it concerns, when that is known.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Whence.
    pub origin: Origin,
    /// What else is worth knowing; never personal data.
    pub details: Value,
}

impl AuditRecord {
    /// A record of something happening now.
    #[must_use]
    pub fn now(clock: &dyn Clock, kind: AuditKind, origin: &Origin) -> Self {
        Self {
            id: marquis_kernel::id::new_uuid(clock),
            occurred_at: clock.now(),
            kind,
            user_id: None,
            session_id: None,
            origin: origin.clone(),
            details: json!({}),
        }
    }

    /// Names the user.
    #[must_use]
    pub fn user(mut self, id: UserId) -> Self {
        self.user_id = Some(id);
        self
    }

    /// Names the session.
    #[must_use]
    pub fn session(mut self, id: SessionId) -> Self {
        self.session_id = Some(id);
        self
    }

    /// Adds details.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Writes the security log line. Called once the record is committed.
    pub fn log(&self) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "security",
                    event = self.kind.as_str(),
                    user = self.user_id.map(tracing::field::display),
                    session = self.session_id.map(tracing::field::display),
                    address = self.origin.address.map(tracing::field::display),
                    details = %self.details,
                    "{}",
                    self.kind.as_str(),
                )
            };
        }
        if self.kind.is_suspicious() { line!(warn) } else { line!(info) }
    }
}

impl Journal {
    /// A journal of one record.
    #[must_use]
    pub fn of(record: AuditRecord) -> Self {
        Self { records: vec![record], events: Vec::new() }
    }

    /// Adds an event for the other services. Its subject is what the transaction locks: the
    /// session of `session.*`, the user of `user.*`; events of one subject leave in order.
    #[must_use]
    pub fn event(
        mut self,
        clock: &dyn Clock,
        origin: &Origin,
        kind: &str,
        subject: impl Display,
        data: Value,
    ) -> Self {
        self.events.push(Event {
            id: marquis_kernel::id::new_uuid(clock),
            kind: kind.to_owned(),
            subject: subject.to_string(),
            occurred_at: clock.now(),
            data,
            traceparent: origin.traceparent.clone(),
        });
        self
    }

    /// Writes the security log lines. Called once the journal is committed.
    pub fn log(&self) {
        for record in &self.records {
            record.log();
        }
    }
}
