//! Who is asking: the access token's claims, roles, and the traits through which every
//! role of the platform checks a token and learns of revocations.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

marquis_kernel::typed_id!(
    /// A person or machine that can sign in.
    UserId
);

marquis_kernel::typed_id!(
    /// One sign-in: the family of refresh tokens that began with it.
    SessionId
);

/// What a user is, as far as permissions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everyone who registered.
    User,
    /// Runs the installation.
    Admin,
    /// Sees and moves everybody's payments.
    Finance,
    /// Another program of the platform.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::User, Self::Admin, Self::Finance, Self::Service];

    /// The name in tokens and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Finance => "finance",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one of user, admin, finance, service")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The claims of an access token (RFC 7519, RFC 9068 for `jti`, RFC 8176 for `amr`).
/// Times are Unix seconds. There is no personal data in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// Expiry.
    pub exp: i64,
    /// Issued at.
    pub iat: i64,
    /// The token's own id.
    pub jti: uuid::Uuid,
    /// The session it was issued in.
    pub sid: SessionId,
    /// The user's roles when it was issued.
    pub roles: Vec<Role>,
    /// How the user proved who they are: `pwd`, later `otp`, `hwk`.
    pub amr: Vec<String>,
}

/// The authenticated caller of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// The user.
    pub user_id: UserId,
    /// The session the token belongs to.
    pub session_id: SessionId,
    /// The user's roles.
    pub roles: Vec<Role>,
    /// Authentication methods.
    pub amr: Vec<String>,
    /// When the token expires, in Unix seconds.
    pub expires_at: i64,
}

impl Principal {
    /// Whether the caller has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

impl From<&AccessClaims> for Principal {
    fn from(claims: &AccessClaims) -> Self {
        Self {
            user_id: claims.sub,
            session_id: claims.sid,
            roles: claims.roles.clone(),
            amr: claims.amr.clone(),
            expires_at: claims.exp,
        }
    }
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The token is malformed, unsigned, forged, expired, revoked or meant for somebody
    /// else. The reason is for logs; callers are told only that it is invalid.
    #[error("invalid access token: {0}")]
    Invalid(&'static str),
    /// Whoever could tell cannot be reached (remote validation, or no key set yet).
    #[error("access tokens cannot be validated now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Checks access tokens: locally by key set and revocation list, or remotely by `POST /auth/me`.
#[async_trait]
pub trait TokenVerifier: fmt::Debug + Send + Sync + 'static {
    /// Who presents this token.
    async fn verify(&self, token: &str) -> Result<Arc<Principal>, VerifyError>;

    /// Whether whoever was verified before still may come in. `None` where that cannot be told
    /// without the token: keep it then, and verify it again.
    fn recheck(&self, _principal: &Principal) -> Option<Result<(), VerifyError>> {
        None
    }
}

/// One public key of the issuer, as published in a JWK set (RFC 7517, RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The public key: 32 bytes in unpadded URL-safe base64.
    pub x: String,
    /// Key id.
    pub kid: String,
    /// Always `EdDSA`.
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
}

/// A JWK set (RFC 7517, section 5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys: the signing one, its successor, and retired ones until their last token expires.
    pub keys: Vec<Jwk>,
}

/// A session whose access tokens are void before they expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The session.
    pub session_id: SessionId,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339")]
    pub revoked_at: OffsetDateTime,
}

/// The issuer could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the issuer cannot be reached")]
pub struct IssuerUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What a verifier needs from the issuer. In one process the auth service itself, across
/// processes its internal endpoints.
#[async_trait]
pub trait TokenIssuer: fmt::Debug + Send + Sync + 'static {
    /// The current key set.
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable>;

    /// Sessions revoked after `since`, oldest first. Callers overlap their windows, because
    /// transactions become visible in another order than their timestamps.
    async fn revocations_since(
        &self,
        since: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable>;
}
