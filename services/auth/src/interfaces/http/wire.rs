//! Requests and answers as JSON.

use std::net::IpAddr;

use marquis_contracts::identity::{Jwk, Principal, Role, SessionId};
use marquis_http::input::{Fields, FromFields, Parsed};
use marquis_kernel::Secret;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::application::account::effective_roles;
use crate::application::ports::{Account, LiveSession};
use crate::application::register::Register;
use crate::application::tokens::TokenPair;
use crate::domain::{Email, NewPassword, Username};

/// `POST /auth/register`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the request in the OpenAPI document")]
pub(super) struct RegisterRequest {
    /// E-mail address; upper and lower case are the same.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
    /// 8 characters to 1024 bytes with three of: capital letters, small letters, digits,
    /// other characters; neither the e-mail address nor the username.
    #[schema(example = "Password123!", min_length = 8, max_length = 1024)]
    password: String,
    /// Letters a-z, digits, dots, underscores and hyphens.
    #[schema(example = "alice", min_length = 3, max_length = 50)]
    username: String,
}

impl FromFields for Register {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required::<Parsed<Email>>("email");
        let username = fields.required::<Parsed<Username>>("username");
        let password = fields.required("password").and_then(|password| {
            let (email, username) = (email.as_ref(), username.as_ref());
            let judged =
                NewPassword::choose(password, email.map(|it| &it.0), username.map(|it| &it.0));
            judged.map_err(|weak| fields.reject("password", weak.to_string())).ok()
        });
        Some(Self { email: email?.0, password: password?, username: username?.0 })
    }
}

/// `POST /auth/login`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the request in the OpenAPI document")]
pub(super) struct LoginRequest {
    /// E-mail address.
    #[schema(example = "alice@example.com")]
    email: String,
    /// Password.
    #[schema(example = "Password123!")]
    password: String,
}

/// What a login brings.
pub(super) struct Login {
    pub email: Email,
    pub password: Secret,
}

impl FromFields for Login {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required::<Parsed<Email>>("email");
        let password = fields.required("password");
        Some(Self { email: email?.0, password: password? })
    }
}

/// `POST /auth/refresh`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the request in the OpenAPI document")]
pub(super) struct RefreshRequest {
    /// The refresh token that was issued last.
    refresh_token: String,
}

/// What a refresh brings.
pub(super) struct Refresh {
    pub token: Secret,
}

impl FromFields for Refresh {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.required("refresh_token")? })
    }
}

/// `POST /auth/password`.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request in the OpenAPI document")]
pub(super) struct PasswordRequest {
    /// The current password.
    current_password: String,
    /// The new one; the same rules as for registration.
    #[schema(min_length = 8, max_length = 1024)]
    new_password: String,
}

/// What a change of password brings.
pub(super) struct PasswordChange {
    pub current: Secret,
    pub new: Secret,
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let current = fields.required("currentPassword");
        let new = fields.required("newPassword");
        Some(Self { current: current?, new: new? })
    }
}

/// `GET /internal/revocations`.
pub(super) struct Since {
    pub since: OffsetDateTime,
}

impl FromFields for Since {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { since: fields.required("since")? })
    }
}

/// A user, as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User<'a> {
    /// Id.
    #[schema(value_type = uuid::Uuid)]
    id: uuid::Uuid,
    /// Normalised e-mail address.
    #[schema(example = "alice@example.com")]
    email: &'a str,
    /// Username.
    #[schema(example = "alice")]
    username: &'a str,
    /// Roles: `user`, `admin`, `finance`, `service`. Empty in a session that was opened
    /// with a one-time password.
    #[schema(value_type = Vec<String>, example = json!(["user"]))]
    roles: &'a [Role],
    /// Whether the password is a one-time one, which has to be changed.
    password_change_required: bool,
    /// When the account was created.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When the account last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl<'a> User<'a> {
    /// The account with the roles that count in the session at hand.
    pub fn new(account: &'a Account, roles: &'a [Role]) -> Self {
        Self {
            id: account.id.uuid(),
            email: &account.email,
            username: &account.username,
            roles,
            password_change_required: account.password_change_required,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// Who the token says is calling.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me<'a> {
    /// The user.
    #[serde(flatten)]
    user: User<'a>,
    /// The session that the token belongs to.
    #[schema(value_type = uuid::Uuid)]
    session_id: SessionId,
    /// How the user proved who they are (RFC 8176).
    #[schema(example = json!(["pwd"]))]
    amr: &'a [String],
    /// When the token expires, in Unix seconds.
    expires_at: i64,
}

impl<'a> Me<'a> {
    pub fn new(caller: &'a Principal, account: &'a Account) -> Self {
        Self {
            user: User::new(account, effective_roles(caller, account)),
            session_id: caller.session_id,
            amr: &caller.amr,
            expires_at: caller.expires_at,
        }
    }
}

/// Tokens, named as in RFC 6749, section 5.1.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens<'a> {
    /// Access token: a JWT for the `Authorization: Bearer` header.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String)]
    access_token: &'a Secret,
    /// Refresh token: opaque, to be used once.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String)]
    refresh_token: &'a Secret,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Life of the access token, in seconds.
    expires_in: u64,
}

impl<'a> From<&'a TokenPair> for Tokens<'a> {
    fn from(pair: &'a TokenPair) -> Self {
        Self {
            access_token: &pair.access,
            refresh_token: &pair.refresh,
            token_type: "Bearer",
            expires_in: pair.expires_in.as_secs(),
        }
    }
}

/// A user who has signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedInBody<'a> {
    /// Who.
    pub user: User<'a>,
    /// Their tokens.
    #[serde(flatten)]
    pub tokens: Tokens<'a>,
}

/// The one place where a token leaves as text.
fn expose<S: Serializer>(secret: &&Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// One of the caller's sessions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    /// Id.
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// Whether it is the one this request belongs to.
    current: bool,
    /// The program that used it last.
    user_agent: Option<String>,
    /// The address that it was last used from.
    #[schema(value_type = Option<String>, example = "192.0.2.1")]
    address: Option<IpAddr>,
    /// How the user proved who they are (RFC 8176).
    amr: Vec<String>,
    /// When it was opened.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its tokens were last refreshed.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    /// When it ends unless it is used before.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl Session {
    pub fn new(session: LiveSession, current: SessionId) -> Self {
        Self {
            current: session.id == current,
            id: session.id,
            user_agent: session.user_agent,
            address: session.address,
            amr: session.amr,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Revoked {
    /// Sessions ended, the current one included.
    pub revoked: usize,
}

/// A JWK set (RFC 7517, section 5).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeySet {
    /// Ed25519 keys (RFC 8037).
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Jwk>,
}

/// A session whose tokens are void.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevokedSession {
    /// The session.
    #[schema(value_type = uuid::Uuid)]
    pub session_id: SessionId,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339")]
    pub revoked_at: OffsetDateTime,
}

/// Revoked sessions, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Revocations {
    /// The sessions.
    pub data: Vec<RevokedSession>,
}

/// What is true of this provider today (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderMetadata {
    /// `iss` of every token.
    pub issuer: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// No flow that begins at an authorization endpoint is offered yet.
    pub response_types_supported: Vec<String>,
    /// No grant of RFC 6749 is offered yet.
    pub grant_types_supported: Vec<String>,
    /// `sub` is the same for every audience.
    pub subject_types_supported: Vec<String>,
    /// Claims of an access token.
    pub claims_supported: Vec<String>,
}
