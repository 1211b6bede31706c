//! The caller's sessions.

use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Allowed;
use marquis_contracts::identity::SessionId;
use marquis_http::Problem;
use marquis_http::input::{PathId, Query};
use marquis_http::page::{List, Page};

use super::Api;
use super::origin::RequestOrigin;
use super::permissions::ManageSessions;
use super::problem::problem;
use super::wire::Session;
use crate::application::sessions as session_cases;

/// My sessions
///
/// Sessions that are not over, last used first.
#[utoipa::path(
    get, path = "/auth/sessions", tag = "sessions", params(Page),
    responses((status = 200, description = "The caller's sessions.", body = List<Session>)),
)]
pub(super) async fn list(
    caller: Allowed<ManageSessions>,
    State(api): State<Api>,
    Query(page): Query<Page>,
) -> Result<List<Session>, Problem> {
    let caller = &caller.principal;
    let (live, total) =
        session_cases::list(&api.identity, caller, i64::from(page.limit), page.offset)
            .await
            .map_err(problem)?;
    let sessions =
        live.into_iter().map(|session| Session::new(session, caller.session_id)).collect();
    Ok(List::new(sessions, total, page))
}

/// End a session
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "sessions",
    params(("id" = uuid::Uuid, Path, description = "The session.")),
    responses(
        (status = 204, description = "Ended; its tokens are void everywhere within a second."),
        (status = 404, description = "The caller has no such session."),
    ),
)]
pub(super) async fn revoke(
    caller: Allowed<ManageSessions>,
    State(api): State<Api>,
    RequestOrigin(origin): RequestOrigin,
    PathId(id): PathId<SessionId>,
) -> Result<StatusCode, Problem> {
    session_cases::revoke(&api.identity, &caller.principal, id, &origin).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
