//! Authenticated callers as arguments of handlers.
//!
//! A handler states its permission in its signature, before the body it reads:
//!
//! ```
//! use marquis_authz::{Allowed, Permission};
//! use marquis_contracts::identity::{Principal, Role};
//!
//! struct VerifyLedger;
//! impl Permission for VerifyLedger {
//!     const NAME: &'static str = "ledger:verify";
//!     fn allows(principal: &Principal) -> bool { principal.has(Role::Finance) }
//! }
//!
//! async fn verify(caller: Allowed<VerifyLedger>) -> String {
//!     format!("verified for {}", caller.principal.user_id)
//! }
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{self, HeaderValue};
use http::request::Parts;
use marquis_contracts::identity::{Principal, TokenVerifier, VerifyError};
use marquis_http::Problem;
use marquis_telemetry::context;

/// Something that not everybody may do.
pub trait Permission: Send + Sync + 'static {
    /// Its name in logs, audit records and documents: `payments:refund`.
    const NAME: &'static str;

    /// Whether this caller may do it.
    fn allows(principal: &Principal) -> bool;
}

/// A caller with the permission `P`. Otherwise 401 (no or no valid token), 403 (not
/// allowed) or 503 (tokens cannot be verified now).
pub struct Allowed<P> {
    /// The caller.
    pub principal: Arc<Principal>,
    permission: PhantomData<fn() -> P>,
}

/// Any caller with a valid token. Otherwise 401 or 503.
#[derive(Debug, Clone)]
pub struct Caller(pub Arc<Principal>);

/// The caller, or nobody when no token was sent. A token that was sent has to be valid.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Arc<Principal>>);

/// The verifier as the extractors find it.
#[derive(Debug, Clone)]
pub struct Authenticator(pub Arc<dyn TokenVerifier>);

/// Makes the verifier available to the extractors of a router's handlers.
///
/// A [`Principal`] (`Arc<Principal>`) that is in the request's extensions already is
/// believed: only a gateway in this process can put one there.
pub fn layer(verifier: Arc<dyn TokenVerifier>) -> Extension<Authenticator> {
    Extension(Authenticator(verifier))
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1). `Ok(None)`
/// without the header.
///
/// # Errors
///
/// [`VerifyError::Invalid`] for several headers, another scheme or a malformed one.
pub fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, VerifyError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(VerifyError::Invalid("several Authorization headers"));
    }
    let value = value.to_str().map_err(|_| VerifyError::Invalid("not ASCII"))?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = token.trim_start_matches(' ');
            let well_formed = !token.is_empty() && !token.contains(' ');
            well_formed.then_some(Some(token)).ok_or(VerifyError::Invalid("malformed"))
        }
        _ => Err(VerifyError::Invalid("another scheme")),
    }
}

async fn authenticate(parts: &mut Parts) -> Result<Option<Arc<Principal>>, Problem> {
    if let Some(principal) = parts.extensions.get::<Arc<Principal>>() {
        let principal = Arc::clone(principal);
        context::set_user(principal.user_id);
        return Ok(Some(principal));
    }
    let Some(token) = bearer_token(&parts.headers).map_err(refused)? else { return Ok(None) };
    let Some(Authenticator(verifier)) = parts.extensions.get() else {
        return Err(Problem::internal("the router has no authz layer"));
    };
    let principal = verifier.verify(token).await.map_err(refused)?;
    context::set_user(principal.user_id);
    parts.extensions.insert(Arc::clone(&principal));
    Ok(Some(principal))
}

async fn caller(parts: &mut Parts) -> Result<Arc<Principal>, Problem> {
    let anonymous = || Problem::unauthorized("An access token is required.");
    authenticate(parts).await?.ok_or_else(anonymous)
}

/// Why exactly is for the log: it would tell a forger how far they came.
fn refused(error: VerifyError) -> Problem {
    match error {
        VerifyError::Invalid(_) => {
            const CHALLENGE: HeaderValue =
                HeaderValue::from_static(r#"Bearer error="invalid_token""#);
            Problem::unauthorized("The access token is invalid or expired.")
                .with_header(header::WWW_AUTHENTICATE, CHALLENGE)
                .with_source(error)
        }
        VerifyError::Unavailable(_) => Problem::unavailable(error),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        authenticate(parts).await.map(Self)
    }
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Allowed<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = caller(parts).await?;
        if P::allows(&principal) {
            return Ok(Self { principal, permission: PhantomData });
        }
        tracing::warn!(permission = P::NAME, "permission denied");
        Err(Problem::forbidden("You are not allowed to do this."))
    }
}

impl<P> Clone for Allowed<P> {
    fn clone(&self) -> Self {
        Self { principal: Arc::clone(&self.principal), permission: PhantomData }
    }
}

impl<P: Permission> fmt::Debug for Allowed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowed")
            .field("permission", &P::NAME)
            .field("principal", &self.principal)
            .finish()
    }
}

#[cfg(test)]
mod tests;
