//! Whom the caller does not want to hear of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::PathId;

use super::resources::{Blocked, BlockedList};
use super::{HttpState, Talk, failure, person};
use crate::application::delivery::timestamp;
use crate::domain::PersonId;

/// List blocked people
#[utoipa::path(
    get,
    operation_id = "list_blocked",
    path = "/chat/blocks",
    tag = "chat",
    responses((status = 200, description = "Everybody whom the caller blocks.", body = BlockedList))
)]
pub(super) async fn blocked(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
) -> Result<Json<BlockedList>, Problem> {
    let found = chat.use_cases.conversations.blocked(person(&caller.principal)).await;
    let (found, names) = found.map_err(failure::of)?;
    let resource = |(person, since): (PersonId, _)| Blocked {
        user_id: person.uuid(),
        username: names.of(person).to_string(),
        since: timestamp(since),
    };
    Ok(Json(BlockedList { data: found.into_iter().map(resource).collect() }))
}

/// Block somebody
///
/// Neither of the two can write to the other, and neither sees the other typing or coming.
#[utoipa::path(
    put,
    operation_id = "block_user",
    path = "/chat/blocks/{userId}",
    tag = "chat",
    params(("userId" = Uuid, Path, description = "Whom.")),
    responses(
        (status = 204, description = "They are blocked."),
        (status = 404, description = "There is no such person."),
        (status = 409, description = "Oneself."),
        (status = 429, description = "Too much at once."),
    )
)]
pub(super) async fn block(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(other): PathId<PersonId>,
) -> Result<StatusCode, Problem> {
    let done = chat.use_cases.conversations.block(person(&caller.principal), other).await;
    done.map(|()| StatusCode::NO_CONTENT).map_err(failure::of)
}

/// End a block
#[utoipa::path(
    delete,
    operation_id = "unblock_user",
    path = "/chat/blocks/{userId}",
    tag = "chat",
    params(("userId" = Uuid, Path, description = "Whom.")),
    responses(
        (status = 204, description = "They are not blocked."),
        (status = 429, description = "Too much at once."),
    )
)]
pub(super) async fn unblock(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(other): PathId<PersonId>,
) -> Result<StatusCode, Problem> {
    let done = chat.use_cases.conversations.unblock(person(&caller.principal), other).await;
    done.map(|()| StatusCode::NO_CONTENT).map_err(failure::of)
}
