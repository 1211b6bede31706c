//! The issuer over HTTP: its keys and revocations, and `POST /auth/me`.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use marquis_contracts::identity::{
    IssuerUnavailable, JwkSet, Principal, Revocation, Role, SessionId, TokenIssuer, TokenVerifier,
    UserId, VerifyError,
};
use marquis_http::client::{Call, ClientError, HttpClient};
use marquis_kernel::Secret;
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::jws::LARGEST_TOKEN;

/// The issuer's keys and revocations: `GET /.well-known/jwks.json` and
/// `GET /internal/revocations?since=`. The gateway never routes the latter.
#[derive(Debug)]
pub struct RemoteIssuer {
    client: HttpClient,
}

impl RemoteIssuer {
    /// An issuer whose instances `client` calls.
    #[must_use]
    pub fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

#[derive(Debug, Deserialize)]
struct Revocations {
    data: Vec<Revocation>,
}

#[async_trait]
impl TokenIssuer for RemoteIssuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        self.client.get_json("/.well-known/jwks.json").await.map_err(away)
    }

    async fn revocations_since(
        &self,
        since: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        // In UTC the text has no `+`, which a query string would read as a space.
        let since = since.to_offset(UtcOffset::UTC).format(&Rfc3339).map_err(away)?;
        let path = format!("/internal/revocations?since={since}");
        let answer: Revocations = self.client.get_json(&path).await.map_err(away)?;
        Ok(answer.data)
    }
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> IssuerUnavailable {
    IssuerUnavailable(Box::new(error))
}

/// Asks the issuer about every token: `POST /auth/me`. Revocations hold at once; every
/// request costs one more, and needs the issuer.
#[derive(Debug)]
pub struct RemoteVerifier {
    client: HttpClient,
}

impl RemoteVerifier {
    /// A verifier that asks the instances `client` calls.
    #[must_use]
    pub fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

/// What this side reads of the answer of `POST /auth/me`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    id: UserId,
    session_id: SessionId,
    roles: Vec<Role>,
    amr: Vec<String>,
    expires_at: i64,
}

#[async_trait]
impl TokenVerifier for RemoteVerifier {
    async fn verify(&self, token: &str) -> Result<Arc<Principal>, VerifyError> {
        if token.len() > LARGEST_TOKEN {
            return Err(VerifyError::Invalid("too large"));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(VerifyError::Invalid("malformed"));
        }
        // It changes nothing, so another instance may be asked the same.
        let call = Call::new(Method::POST, "/auth/me").bearer(Secret::new(token)).repeatable();
        let answer = self.client.call(&call).await.map_err(unavailable)?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(VerifyError::Invalid("refused by the issuer"));
        }
        let me: Me = answer.json().map_err(unavailable)?;
        Ok(Arc::new(Principal {
            user_id: me.id,
            session_id: me.session_id,
            roles: me.roles,
            amr: me.amr,
            expires_at: me.expires_at,
        }))
    }
}

fn unavailable(error: ClientError) -> VerifyError {
    VerifyError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests;
