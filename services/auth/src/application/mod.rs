//! What the service does, one file per use case, against the ports of [`ports`]. Nothing
//! here knows of HTTP or SQL.
//!
//! A use case is a function of [`Identity`] and the request's [`Origin`]. It leaves the
//! store in one step: the change, its audit records and its events commit together.

pub mod account;
pub mod admin;
pub mod attempts;
pub mod audit;
pub mod error;
pub mod login;
pub mod logout;
pub mod password;
pub mod people;
pub mod ports;
pub mod refresh;
pub mod register;
pub mod seed;
pub mod sessions;
pub mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use marquis_kernel::SharedClock;
use marquis_telemetry::context;

use crate::domain::lockout::LockoutPolicy;
use crate::domain::refresh::SessionPolicy;
pub use error::AuthError;

/// The ports and rules that the use cases share.
#[derive(Debug)]
pub struct Identity {
    /// Users and their passwords.
    pub accounts: Arc<dyn ports::Accounts>,
    /// Sessions and refresh tokens.
    pub sessions: Arc<dyn ports::Sessions>,
    /// Failed logins per account.
    pub attempts: Arc<dyn ports::LoginAttempts>,
    /// The audit trail, for events that change nothing else.
    pub audit: Arc<dyn ports::AuditTrail>,
    /// Password hashing.
    pub hasher: Arc<dyn ports::PasswordHasher>,
    /// Signs access tokens.
    pub signer: Arc<dyn ports::AccessTokenSigner>,
    /// Failed logins per address and account.
    pub limiter: Arc<dyn ports::FailureLimiter>,
    /// Whoever has to hear of a change at once.
    pub announcer: Arc<dyn ports::Announcer>,
    /// Pseudonyms of e-mail addresses.
    pub pseudonyms: Arc<dyn ports::Pseudonyms>,
    /// Time.
    pub clock: SharedClock,
    /// When accounts lock.
    pub lockout: LockoutPolicy,
    /// How long sessions last.
    pub session_policy: SessionPolicy,
    /// `iss` of every token.
    pub issuer: String,
    /// `aud` of every token.
    pub audience: String,
}

/// Where a request comes from, as far as the audit trail wants to know.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`: printable, at most 256 characters.
    pub user_agent: Option<String>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// W3C `traceparent`, for the events that the request causes.
    pub traceparent: Option<String>,
}

impl Origin {
    /// On behalf of another service, whose caller's address is not known here.
    #[must_use]
    pub fn of_context() -> Self {
        let context = context::current();
        Self {
            trace_id: context.as_ref().map(|context| context.trace.trace_id()),
            traceparent: context.as_ref().map(|context| context.trace.to_traceparent()),
            ..Self::default()
        }
    }

    /// Makes an untrusted `User-Agent` fit to be stored and shown.
    #[must_use]
    pub fn clean_user_agent(raw: &str) -> Option<String> {
        let clean: String = raw.chars().filter(|c| !c.is_control()).take(256).collect();
        (!clean.trim().is_empty()).then_some(clean)
    }
}
