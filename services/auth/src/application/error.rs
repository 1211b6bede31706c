//! What a use case may answer instead of its result. Interfaces map each case once.

use std::time::Duration;

use super::ports::{Cause, HashError, StoreError};
use crate::domain::password::WeakPassword;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// E-mail and password do not belong together. The same for unknown accounts.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// Too many failed logins; the same for unknown accounts.
    #[error("too many failed logins")]
    TooManyFailures {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The e-mail belongs to an account.
    #[error("the e-mail address is registered already")]
    EmailTaken,
    /// The username belongs to an account.
    #[error("the username is taken")]
    UsernameTaken,
    /// The new password breaks the policy.
    #[error("the new password is not acceptable")]
    WeakPassword(#[from] WeakPassword),
    /// The new password is the current one.
    #[error("the new password is the current one")]
    SamePassword,
    /// The current password given with a change is not the current one.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The refresh token is unknown, used, expired or revoked.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// The account of a valid token is gone.
    #[error("the account does not exist any more")]
    AccountGone,
    /// No such account, for commands of the operator.
    #[error("there is no account with this e-mail address")]
    UnknownAccount,
    /// An account must have a role.
    #[error("an account needs at least one role")]
    NoRoles,
    /// No live session of the caller has this id.
    #[error("there is no such session")]
    UnknownSession,
    /// Test accounts are not created where real users are.
    #[error("test accounts are not created in production")]
    SeedRefused,
    /// Too much to do; trying later helps.
    #[error("the service is busy")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store cannot be reached.
    #[error("the service is not available")]
    Unavailable(#[source] Cause),
    /// A defect.
    #[error("the service failed")]
    Internal(#[source] Cause),
}

impl AuthError {
    /// Whether it is the store that is away, so that trying again helps.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Failed(cause) => Self::Internal(cause),
        }
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            HashError::Failed(cause) => Self::Internal(cause),
        }
    }
}
