//! Refreshing tokens and leaving.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::{Allowed, Caller};
use marquis_http::Problem;
use marquis_http::input::JsonBody;

use super::Api;
use super::origin::RequestOrigin;
use super::permissions::ManageSessions;
use super::problem::problem;
use super::wire::{Refresh, RefreshRequest, Revoked, Tokens};
use crate::application::{logout as logout_case, refresh as refresh_case};

/// Refresh
///
/// Exchanges a refresh token for new tokens. Each refresh token is used once; requests
/// that overlap may use the same one within ten seconds. One that is presented later ends
/// its session.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "tokens", security(()),
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens.", body = Tokens<'static>),
        (status = 400, description = "A field is wrong; all of them are listed."),
        (status = 401, description = "The refresh token is invalid, used, expired or revoked."),
    ),
)]
pub(super) async fn refresh(
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
    JsonBody(Refresh { token }): JsonBody<Refresh>,
) -> Result<Response, Problem> {
    let pair = refresh_case::refresh(&api.identity, &token, &origin).await.map_err(problem)?;
    let body = Tokens::from(&pair);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Log out
///
/// Ends the session that the token belongs to; its tokens are void everywhere within a second.
#[utoipa::path(
    post, path = "/auth/logout", tag = "tokens",
    responses((status = 204, description = "Logged out.")),
)]
pub(super) async fn logout(
    Caller(caller): Caller,
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
) -> Result<StatusCode, Problem> {
    logout_case::logout(&api.identity, &caller, &origin).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log out everywhere
///
/// Ends all of the caller's sessions.
#[utoipa::path(
    post, path = "/auth/logout-all", tag = "tokens",
    responses((status = 200, description = "Logged out everywhere.", body = Revoked)),
)]
pub(super) async fn logout_all(
    caller: Allowed<ManageSessions>,
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
) -> Result<Json<Revoked>, Problem> {
    let revoked = logout_case::logout_everywhere(&api.identity, &caller.principal, &origin).await;
    Ok(Json(Revoked { revoked: revoked.map_err(problem)? }))
}
