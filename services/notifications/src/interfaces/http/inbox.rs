//! Looking at one's notifications and marking them as read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Allowed;
use marquis_contracts::identity::Principal;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId, Query};

use super::permissions::OwnNotifications;
use super::requests::{ListQuery, MarkReadBody};
use super::resources::{Marked, NotificationList, NotificationResource};
use super::{UseCases, failure};
use crate::application::ports::Wanted;
use crate::domain::{NotificationId, PersonId};

/// List notifications
///
/// One's own, the latest first. One that tells of several events, such as messages of the
/// same person, moves to the top when another one is added.
#[utoipa::path(
    get,
    operation_id = "list_notifications",
    path = "/notifications",
    tag = "notifications",
    params(ListQuery),
    responses((status = 200, description = "A part of the list.", body = NotificationList))
)]
pub(super) async fn list(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<NotificationList>, Problem> {
    let ListQuery { limit, cursor, unread } = query;
    let person = person(&caller.principal);
    let wanted = Wanted { person, unread_only: unread, after: cursor, limit };
    let listing = use_cases.inbox.list(wanted).await.map_err(failure::of_store)?;
    Ok(Json(NotificationList::new(listing, limit)))
}

/// Look at a notification
#[utoipa::path(
    get,
    operation_id = "get_notification",
    path = "/notifications/{id}",
    tag = "notifications",
    params(("id" = Uuid, Path, description = "The notification.")),
    responses(
        (status = 200, description = "The notification.", body = NotificationResource),
        (status = 404, description = "No such notification, or not the caller's."),
    )
)]
pub(super) async fn one(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    PathId(id): PathId<NotificationId>,
) -> Result<Json<NotificationResource>, Problem> {
    let found = use_cases.inbox.one(person(&caller.principal), id).await;
    let found = found.map_err(failure::of_store)?;
    Ok(Json(found.ok_or_else(failure::no_such_notification)?.into()))
}

/// Mark a notification as read
///
/// Repeating it changes nothing.
#[utoipa::path(
    post,
    operation_id = "read_notification",
    path = "/notifications/{id}/read",
    tag = "notifications",
    params(("id" = Uuid, Path, description = "The notification.")),
    responses(
        (status = 204, description = "It is read."),
        (status = 404, description = "No such notification, or not the caller's."),
    )
)]
pub(super) async fn read_one(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    PathId(id): PathId<NotificationId>,
) -> Result<StatusCode, Problem> {
    let marked = use_cases.inbox.mark_read(person(&caller.principal), id).await;
    match marked.map_err(failure::of_store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(failure::no_such_notification()),
    }
}

/// Mark all notifications as read
///
/// With `until`, what came in after the caller looked at the list stays unread.
#[utoipa::path(
    post,
    operation_id = "read_notifications",
    path = "/notifications/read",
    tag = "notifications",
    request_body(content = inline(Option<MarkReadBody>)),
    responses(
        (status = 200, description = "They are read.", body = Marked),
        (status = 400, description = "Wrong fields."),
    )
)]
pub(super) async fn read_all(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    body: Option<JsonBody<MarkReadBody>>,
) -> Result<Json<Marked>, Problem> {
    let until = body.map(|JsonBody(body)| body).unwrap_or_default().until;
    let marked = use_cases.inbox.mark_all_read(person(&caller.principal), until).await;
    Ok(Json(Marked { marked: marked.map_err(failure::of_store)? }))
}

pub(super) fn person(principal: &Principal) -> PersonId {
    PersonId::from_uuid(principal.user_id.uuid())
}
