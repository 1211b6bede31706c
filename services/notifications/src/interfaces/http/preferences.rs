//! Choosing how to be told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::JsonBody;

use super::inbox::person;
use super::permissions::OwnNotifications;
use super::requests::PreferencesBody;
use super::resources::PreferencesResource;
use super::{UseCases, failure};

/// Look at one's preferences
#[utoipa::path(
    get,
    operation_id = "get_notification_preferences",
    path = "/notifications/preferences",
    tag = "preferences",
    responses((status = 200, description = "How the caller is told.", body = PreferencesResource))
)]
pub(super) async fn show(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
) -> Result<Json<PreferencesResource>, Problem> {
    let preferences = use_cases.choose.of(person(&caller.principal)).await;
    Ok(Json(PreferencesResource::from(&preferences.map_err(failure::of_store)?)))
}

/// Choose how to be told
///
/// Replaces all preferences: what is missing has its default, which is every channel and no
/// quiet hours.
#[utoipa::path(
    put,
    operation_id = "put_notification_preferences",
    path = "/notifications/preferences",
    tag = "preferences",
    request_body = inline(PreferencesBody),
    responses(
        (status = 200, description = "How the caller is told from now on.", body = PreferencesResource),
        (status = 400, description = "Wrong fields, or a channel that cannot be switched off."),
    )
)]
pub(super) async fn replace(
    caller: Allowed<OwnNotifications>,
    State(use_cases): State<Arc<UseCases>>,
    JsonBody(body): JsonBody<PreferencesBody>,
) -> Result<Json<PreferencesResource>, Problem> {
    let replaced = use_cases.choose.replace(person(&caller.principal), &body.preferences).await;
    replaced.map_err(failure::of_store)?;
    Ok(Json(PreferencesResource::from(&body.preferences)))
}
