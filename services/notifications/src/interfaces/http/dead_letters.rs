//! Deliveries that were given up, for administrators. Their errors name nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{PathId, Query};
use marquis_http::page::{List, Page};
use uuid::Uuid;

use super::permissions::ManageDeadLetters;
use super::resources::{DeadLetterList, DeadLetterResource};
use super::{UseCases, failure};

/// List deliveries that were given up
///
/// The latest first. Administrators only.
#[utoipa::path(
    get,
    operation_id = "list_dead_letters",
    path = "/notifications/dead-letters",
    tag = "dead letters",
    params(Page),
    responses((status = 200, description = "A part of the list.", body = List<DeadLetterResource>))
)]
pub(super) async fn list(
    _caller: Allowed<ManageDeadLetters>,
    State(use_cases): State<Arc<UseCases>>,
    Query(page): Query<Page>,
) -> Result<DeadLetterList, Problem> {
    let found = use_cases.dead_letters.list(page.limit, page.offset).await;
    let (letters, total) = found.map_err(failure::of_store)?;
    Ok(List::new(letters.into_iter().map(Into::into).collect(), total, page))
}

/// Deliver again
///
/// With all attempts, beginning now.
#[utoipa::path(
    post,
    operation_id = "retry_dead_letter",
    path = "/notifications/dead-letters/{id}/retry",
    tag = "dead letters",
    params(("id" = Uuid, Path, description = "The dead letter.")),
    responses(
        (status = 202, description = "It is going to be delivered."),
        (status = 404, description = "No such dead letter."),
    )
)]
pub(super) async fn retry(
    _caller: Allowed<ManageDeadLetters>,
    State(use_cases): State<Arc<UseCases>>,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    match use_cases.dead_letters.retry(id).await.map_err(failure::of_store)? {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(no_such_letter()),
    }
}

/// Give up for good
#[utoipa::path(
    delete,
    operation_id = "delete_dead_letter",
    path = "/notifications/dead-letters/{id}",
    tag = "dead letters",
    params(("id" = Uuid, Path, description = "The dead letter.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "No such dead letter."),
    )
)]
pub(super) async fn discard(
    _caller: Allowed<ManageDeadLetters>,
    State(use_cases): State<Arc<UseCases>>,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    match use_cases.dead_letters.discard(id).await.map_err(failure::of_store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_letter()),
    }
}

fn no_such_letter() -> Problem {
    Problem::not_found("There is no such dead letter.")
}
