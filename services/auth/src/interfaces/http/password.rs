//! Changing the password.

use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Caller;
use marquis_http::Problem;
use marquis_http::input::JsonBody;

use super::Api;
use super::origin::RequestOrigin;
use super::problem::problem;
use super::wire::{PasswordChange, PasswordRequest};
use crate::application::password as password_case;

/// Change the password
///
/// All other sessions end. A session that was opened with a one-time password stays
/// without roles: log in again afterwards.
#[utoipa::path(
    post, path = "/auth/password", tag = "accounts",
    request_body = PasswordRequest,
    responses(
        (status = 204, description = "Changed."),
        (status = 400, description = "A field is wrong, for example the current password."),
        (status = 429, description = "The current password was wrong too often."),
    ),
)]
pub(super) async fn change(
    Caller(caller): Caller,
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
    JsonBody(PasswordChange { current, new }): JsonBody<PasswordChange>,
) -> Result<StatusCode, Problem> {
    password_case::change(&api.identity, &caller, current, new, &origin).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
