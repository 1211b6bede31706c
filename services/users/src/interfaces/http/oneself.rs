//! One's own profile and personal data.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use marquis_authz::Allowed;
use marquis_contracts::identity::Principal;
use marquis_http::input::JsonBody;
use marquis_http::{FieldError, Problem};

use super::permissions::{ChangeProfiles, OwnPersonalData, ReadPeople};
use super::requests::{PictureAddress, ProfileBody};
use super::resources::{OwnResource, picture_address};
use super::{UseCases, failure};
use crate::application::UsersError;
use crate::domain::{PersonId, ProfileChange};

/// Look at yourself
#[utoipa::path(
    get,
    operation_id = "get_own_user",
    path = "/users/me",
    tag = "users",
    responses(
        (status = 200, description = "Your profile.", body = OwnResource),
        (status = 404, description = "You were erased."),
    )
)]
pub(super) async fn show(
    caller: Allowed<ReadPeople>,
    State(users): State<Arc<UseCases>>,
) -> Result<impl IntoResponse, Problem> {
    let own = users.find.oneself(id(&caller.principal)).await.map_err(failure::of)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(OwnResource::new(&own, &users.public_path))))
}

/// Change your profile
///
/// A username that cannot be had leaves everything as it was.
#[utoipa::path(
    patch,
    operation_id = "change_own_user",
    path = "/users/me",
    tag = "users",
    request_body = inline(ProfileBody),
    responses(
        (status = 200, description = "Your profile afterwards.", body = OwnResource),
        (status = 400, description = "Wrong fields."),
        (status = 409, description = "The username is taken."),
    )
)]
pub(super) async fn change(
    caller: Allowed<ChangeProfiles>,
    State(users): State<Arc<UseCases>>,
    JsonBody(body): JsonBody<ProfileBody>,
) -> Result<Json<OwnResource>, Problem> {
    change_profile(&users, &caller.principal, id(&caller.principal), body).await
}

/// Have everything about you erased
///
/// At once here; your sessions end, and the other services follow within seconds. What the
/// law wants kept (amounts of payments) stays without your person. It cannot be undone.
#[utoipa::path(
    delete,
    operation_id = "erase_own_user",
    path = "/users/me",
    tag = "personal data",
    responses((status = 204, description = "It is done here and will be everywhere."))
)]
pub(super) async fn erase(
    caller: Allowed<OwnPersonalData>,
    State(users): State<Arc<UseCases>>,
) -> Result<StatusCode, Problem> {
    users.erase.run(id(&caller.principal)).await.map_err(failure::of)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have a copy of everything about you made
///
/// From all services, or none when one of them cannot be asked.
#[utoipa::path(
    get,
    operation_id = "export_own_user",
    path = "/users/me/export",
    tag = "personal data",
    responses(
        (status = 200, description = "For each service what it holds.", body = serde_json::Value),
        (status = 429, description = "Too many copies."),
        (status = 503, description = "A service cannot be asked now."),
    )
)]
pub(super) async fn export(
    caller: Allowed<OwnPersonalData>,
    State(users): State<Arc<UseCases>>,
) -> Result<impl IntoResponse, Problem> {
    let copy = users.export.run(id(&caller.principal)).await.map_err(failure::of)?;
    let headers = [
        (header::CONTENT_DISPOSITION, "attachment; filename=\"personal-data.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Json(copy)))
}

pub(super) fn id(principal: &Principal) -> PersonId {
    PersonId::from_uuid(principal.user_id.uuid())
}

/// Behind both paths.
pub(super) async fn change_profile(
    users: &UseCases,
    principal: &Principal,
    whose: PersonId,
    body: ProfileBody,
) -> Result<Json<OwnResource>, Problem> {
    let caller = id(principal);
    if caller != whose {
        return Err(failure::of(UsersError::SomebodyElse));
    }
    let picture = match body.avatar_url.map(|given| given.0) {
        None => None,
        Some(None) => Some(None),
        Some(Some(PictureAddress::Elsewhere(url))) => Some(Some(url)),
        Some(Some(PictureAddress::Here(path))) => {
            let own = users.find.oneself(whose).await.map_err(failure::of)?;
            if picture_address(&own.person, &users.public_path) != Some(path) {
                let message = "must be an http or https URL, or as it is";
                return Err(Problem::invalid(vec![FieldError::new("avatarUrl", message)]));
            }
            None
        }
    };
    let display_name = body.display_name.map(|given| given.0);
    let change = ProfileChange { display_name, picture };
    let changed = users.change.run(caller, whose, body.username, &change).await;
    Ok(Json(OwnResource::new(&changed.map_err(failure::of)?, &users.public_path)))
}
