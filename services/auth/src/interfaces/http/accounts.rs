//! Registration, login, and who the caller is.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::Caller;
use marquis_contracts::identity::Role;
use marquis_http::Problem;
use marquis_http::input::JsonBody;

use super::Api;
use super::origin::RequestOrigin;
use super::problem::problem;
use super::wire::{Login, LoginRequest, Me, RegisterRequest, SignedInBody, Tokens, User};
use crate::application::register::Register;
use crate::application::tokens::SignedIn;
use crate::application::{account, login as login_case, register as register_case};

/// Register
///
/// Creates an account and signs it in.
#[utoipa::path(
    post, path = "/auth/register", tag = "accounts", security(()),
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "Registered and signed in.", body = SignedInBody<'static>),
        (status = 400, description = "A field is wrong; all of them are listed."),
        (status = 409, description = "The e-mail address or the username is taken."),
    ),
)]
pub(super) async fn register(
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
    JsonBody(wish): JsonBody<Register>,
) -> Result<Response, Problem> {
    let signed_in = register_case::register(&api.identity, wish, &origin).await.map_err(problem)?;
    Ok(signed_in_answer(StatusCode::CREATED, &signed_in))
}

/// Log in
///
/// Five failures a minute from one address, or ten in a row from anywhere, and further
/// attempts are refused for a while, the right password included.
#[utoipa::path(
    post, path = "/auth/login", tag = "accounts", security(()),
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in.", body = SignedInBody<'static>),
        (status = 400, description = "A field is wrong; all of them are listed."),
        (status = 401, description = "Invalid credentials."),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again."),
    ),
)]
pub(super) async fn login(
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
    JsonBody(Login { email, password }): JsonBody<Login>,
) -> Result<Response, Problem> {
    let signed_in =
        login_case::login(&api.identity, &email, password, &origin).await.map_err(problem)?;
    Ok(signed_in_answer(StatusCode::OK, &signed_in))
}

fn signed_in_answer(status: StatusCode, signed_in: &SignedIn) -> Response {
    let account = &signed_in.account;
    let roles: &[Role] = if account.password_change_required { &[] } else { &account.roles };
    let body =
        SignedInBody { user: User::new(account, roles), tokens: Tokens::from(&signed_in.tokens) };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Who am I
///
/// The account behind the token, as it is now.
#[utoipa::path(
    get, path = "/auth/me", tag = "accounts",
    responses((status = 200, description = "The caller.", body = Me<'static>)),
)]
pub(super) async fn me(
    Caller(caller): Caller,
    State(api): State<Api>,
) -> Result<Response, Problem> {
    let account = account::of_caller(&api.identity, &caller).await.map_err(problem)?;
    let body = Me::new(&caller, &account);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Validate a token
///
/// The same as `GET /auth/me`, for services that ask about every token.
#[utoipa::path(
    post, path = "/auth/me", tag = "accounts",
    responses((status = 200, description = "The token is valid.", body = Me<'static>)),
)]
pub(super) async fn me_by_post(caller: Caller, api: State<Api>) -> Result<Response, Problem> {
    me(caller, api).await
}

/// The own user
#[utoipa::path(
    get, path = "/users/me", tag = "users",
    responses((status = 200, description = "The caller's user.", body = User<'static>)),
)]
pub(super) async fn users_me(
    Caller(caller): Caller,
    State(api): State<Api>,
) -> Result<Response, Problem> {
    let account = account::of_caller(&api.identity, &caller).await.map_err(problem)?;
    let body = User::new(&account, account::effective_roles(&caller, &account));
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
