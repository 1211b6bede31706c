//! Browsers that listen.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId};

use super::inbox::person;
use super::permissions::OwnNotifications;
use super::requests::SubscribeBody;
use super::resources::{PushKeyResource, SubscriptionList, SubscriptionResource};
use super::{UseCases, failure};
use crate::domain::SubscriptionId;

/// The key to subscribe with
#[utoipa::path(
    get,
    operation_id = "get_push_key",
    path = "/notifications/push/key",
    tag = "push",
    responses(
        (status = 200, description = "The VAPID public key (RFC 8292).", body = PushKeyResource),
        (status = 404, description = "Push messages are switched off."),
    )
)]
pub(super) async fn key(
    _caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
) -> Result<Json<PushKeyResource>, Problem> {
    let key = use_cases.subscriptions.public_key.clone();
    Ok(Json(PushKeyResource { public_key: key.ok_or_else(failure::push_is_off)? }))
}

/// List one's subscriptions
#[utoipa::path(
    get,
    operation_id = "list_push_subscriptions",
    path = "/notifications/push/subscriptions",
    tag = "push",
    responses((status = 200, description = "All of them.", body = SubscriptionList))
)]
pub(super) async fn list(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
) -> Result<Json<SubscriptionList>, Problem> {
    let found = use_cases.subscriptions.of(person(&caller.principal)).await;
    let data = found.map_err(failure::of_store)?.into_iter().map(Into::into).collect();
    Ok(Json(SubscriptionList { data }))
}

/// Subscribe a browser
///
/// A subscription with the same endpoint is renewed. It belongs to whoever subscribed last:
/// a browser tells of one person at a time.
#[utoipa::path(
    post,
    operation_id = "create_push_subscription",
    path = "/notifications/push/subscriptions",
    tag = "push",
    request_body = inline(SubscribeBody),
    responses(
        (status = 201, description = "The browser is subscribed.", body = SubscriptionResource,
            headers(("Location" = String, description = "The subscription."))),
        (status = 200, description = "The browser was subscribed before, and is renewed.",
            body = SubscriptionResource),
        (status = 400, description = "Wrong fields, or a push service that is not public."),
        (status = 404, description = "Push messages are switched off."),
    )
)]
pub(super) async fn subscribe(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    JsonBody(body): JsonBody<SubscribeBody>,
) -> Result<Response, Problem> {
    let host = body.new.endpoint.host().to_owned();
    let stored = use_cases.subscriptions.add(person(&caller.principal), body.new).await;
    let stored = stored.map_err(failure::of_subscription)?;
    let id = stored.id.uuid();
    let resource = SubscriptionResource { id, host, created_at: stored.created_at };
    if !stored.created {
        return Ok(Json(resource).into_response());
    }
    let mut response = (StatusCode::CREATED, Json(resource)).into_response();
    // Relative to the request's own path, so that it holds behind any prefix.
    if let Ok(location) = HeaderValue::from_str(&format!("subscriptions/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Unsubscribe a browser
#[utoipa::path(
    delete,
    operation_id = "delete_push_subscription",
    path = "/notifications/push/subscriptions/{id}",
    tag = "push",
    params(("id" = Uuid, Path, description = "The subscription.")),
    responses(
        (status = 204, description = "Nothing is sent to it any more."),
        (status = 404, description = "No such subscription, or not the caller's."),
    )
)]
pub(super) async fn unsubscribe(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    PathId(id): PathId<SubscriptionId>,
) -> Result<StatusCode, Problem> {
    let removed = use_cases.subscriptions.remove(person(&caller.principal), id).await;
    match removed.map_err(failure::of_store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("There is no such subscription.")),
    }
}
