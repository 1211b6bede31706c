//! Looking at people, and the wrong way to change them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId, Query};
use marquis_http::page::{List, Page};

use super::oneself::change_profile;
use super::permissions::{ChangeProfiles, ReadPeople};
use super::requests::{ListQuery, ProfileBody};
use super::resources::{OwnResource, PersonResource};
use super::{UseCases, failure};
use crate::application::ports::Window;
use crate::domain::PersonId;

/// List people
///
/// In the order of usernames. In a search, names that begin with the text come first, and
/// when they are fewer than 1,000, up to 200 others that contain it follow. `meta.total` counts
/// up to 1,000; for the list of everybody it is an estimate beyond that.
#[utoipa::path(
    get,
    operation_id = "list_users",
    path = "/users",
    tag = "users",
    params(ListQuery, Page),
    responses(
        (status = 200, description = "A part of the list.", body = List<PersonResource>),
        (status = 400, description = "Wrong parameters."),
    )
)]
pub(super) async fn list(
    _: Allowed<ReadPeople>,
    State(users): State<Arc<UseCases>>,
    Query(query): Query<ListQuery>,
) -> Result<List<PersonResource>, Problem> {
    let page = query.page;
    let window = Window { limit: page.limit, offset: page.offset };
    let listing = users.find.list(&query.into_filter(), window).await.map_err(failure::of)?;
    let people = listing.items.iter();
    let data = people.map(|person| PersonResource::new(person, &users.public_path)).collect();
    Ok(List::new(data, listing.total, page))
}

/// Look at a person
#[utoipa::path(
    get,
    operation_id = "get_user",
    path = "/users/{id}",
    tag = "users",
    params(("id" = String, Path, format = Uuid, description = "Whose profile.")),
    responses(
        (status = 200, description = "The person.", body = PersonResource),
        (status = 404, description = "User not found."),
    )
)]
pub(super) async fn one(
    _: Allowed<ReadPeople>,
    State(users): State<Arc<UseCases>>,
    PathId(id): PathId<String>,
) -> Result<Json<PersonResource>, Problem> {
    let id: PersonId = id.parse().map_err(|_| failure::not_found())?;
    let person = users.find.one(id).await.map_err(failure::of)?;
    Ok(Json(PersonResource::new(&person, &users.public_path)))
}

/// Change a profile
///
/// Everybody may change only their own: `PATCH /users/me` does the same.
#[utoipa::path(
    patch,
    operation_id = "change_user",
    path = "/users/{id}",
    tag = "users",
    request_body = inline(ProfileBody),
    params(("id" = String, Path, format = Uuid, description = "Whose profile.")),
    responses(
        (status = 200, description = "The profile afterwards.", body = OwnResource),
        (status = 400, description = "Wrong fields."),
        (status = 403, description = "Cannot update other users."),
        (status = 409, description = "The username is taken."),
    )
)]
pub(super) async fn change(
    caller: Allowed<ChangeProfiles>,
    State(users): State<Arc<UseCases>>,
    PathId(id): PathId<String>,
    JsonBody(body): JsonBody<ProfileBody>,
) -> Result<Json<OwnResource>, Problem> {
    let id: PersonId = id.parse().map_err(|_| failure::not_found())?;
    change_profile(&users, &caller.principal, id, body).await
}
