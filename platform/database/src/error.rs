//! What can go wrong between a service and PostgreSQL, classified by what the caller does
//! about it: answer 503, answer 409, run the transaction again, or answer 500.
//!
//! The driver's error is always kept as `source`; it may hold values of the row concerned
//! and therefore belongs into the log, never into an answer.

use std::error::Error;
use std::io;

use deadpool_postgres::{PoolError, TimeoutType};
use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::migration::MigrationError;

type BoxError = Box<dyn Error + Send + Sync>;

/// A failed database operation.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The server cannot serve now; the same request may well succeed later. 503.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A unique constraint or index refused the row.
    #[error("unique constraint {constraint:?} is violated")]
    UniqueViolation {
        /// Name of the constraint or index.
        constraint: String,
        /// The driver's error.
        source: tokio_postgres::Error,
    },
    /// Serialization failure or deadlock: the whole transaction may be run again, see [`crate::retry`].
    #[error("the transaction collided with another one")]
    Conflict(#[source] tokio_postgres::Error),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The connection settings cannot work.
    #[error("database settings: {0}")]
    Settings(String),
    /// Everything else: a bug, a violated check, a full sequence.
    #[error("the statement failed")]
    Query(#[source] tokio_postgres::Error),
}

/// Why the server cannot serve now.
#[derive(Debug, Error)]
#[error("the database is unavailable: {reason}")]
pub struct Unavailable {
    /// In words, without any value from the data or the settings.
    pub reason: &'static str,
    /// What was observed, when something was.
    #[source]
    pub source: Option<BoxError>,
}

impl Unavailable {
    pub(crate) fn new(reason: &'static str, source: impl Into<BoxError>) -> Self {
        Self { reason, source: Some(source.into()) }
    }
}

impl DatabaseError {
    /// Whether the server could not serve, so that the answer is 503.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the named unique constraint or index refused the row.
    #[must_use]
    pub fn is_unique_violation(&self, constraint: &str) -> bool {
        matches!(self, Self::UniqueViolation { constraint: name, .. } if name == constraint)
    }

    /// Whether running the whole transaction again may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// The SQLSTATE that the server sent, if it was the server that refused.
    #[must_use]
    pub fn sql_state(&self) -> Option<&SqlState> {
        match self {
            Self::UniqueViolation { source, .. } | Self::Conflict(source) | Self::Query(source) => {
                source.code()
            }
            _ => None,
        }
    }
}

/// Whether `error` says that the named unique constraint or index refused the row.
#[must_use]
pub fn is_unique_violation(error: &DatabaseError, constraint: &str) -> bool {
    error.is_unique_violation(constraint)
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(reason) = why_unavailable(&error) {
            return Unavailable::new(reason, error).into();
        }
        match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => Self::UniqueViolation {
                constraint: error
                    .as_db_error()
                    .and_then(|refusal| refusal.constraint())
                    .unwrap_or_default()
                    .to_owned(),
                source: error,
            },
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Self::Conflict(error)
            }
            _ => Self::Query(error),
        }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        let reason = match &error {
            PoolError::Timeout(TimeoutType::Wait) => "all connections are in use",
            PoolError::Timeout(_) => "connecting took too long",
            PoolError::Closed => "the pool is closed",
            PoolError::Backend(cause) => {
                why_unavailable(cause).unwrap_or("the server refuses our connection")
            }
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => "no connection",
        };
        Unavailable::new(reason, error).into()
    }
}

/// The reason when the error speaks of the server's state rather than of the statement.
/// SQLSTATE classes are those of PostgreSQL's appendix A.
pub(crate) fn why_unavailable(error: &tokio_postgres::Error) -> Option<&'static str> {
    if let Some(state) = error.code() {
        let code = state.code();
        return match code {
            "57P01" | "57P02" => Some("the server is shutting down"),
            "57P03" => Some("the server is starting up or recovering"),
            "57P05" => Some("the server closed an idle session"),
            "57014" => Some("the statement took too long"),
            "55P03" => Some("a lock took too long"),
            "53300" => Some("the server has too many clients"),
            "25006" => Some("the server is read-only"),
            "25P03" => Some("the transaction was left idle for too long"),
            _ if code.starts_with("08") => Some("the connection broke"),
            _ if code.starts_with("53") => Some("the server has run out of a resource"),
            _ if code.starts_with("58") => Some("the server's machine has failed"),
            _ => None,
        };
    }
    if error.is_closed() {
        return Some("the connection is closed");
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    "the server is not running"
                }
                io::ErrorKind::TimedOut => "the server does not answer",
                _ => "the connection broke",
            });
        }
        cause = error.source();
    }
    None
}
