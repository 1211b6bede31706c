//! Uploading, removing and showing pictures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{PathId, RawBody};

use super::oneself::id;
use super::permissions::ChangeProfiles;
use super::resources::OwnResource;
use super::{UseCases, failure, form};
use crate::application::UsersError;
use crate::domain::PictureName;

/// Upload your picture
///
/// The body is the file: PNG, JPEG, WebP or GIF. Send it with the type of an image or as
/// `application/octet-stream`; which kind it is, its content says, and the type is not
/// believed. The firewall reads bodies of other types as what they say they are, and may refuse
/// them with 403: `curl --data-binary` alone says `application/x-www-form-urlencoded`, so add
/// `-H 'Content-Type: image/png'`. Forms (`multipart/form-data`) are for `POST`. The picture is
/// made to fit, turned upright and encoded anew, so nothing but it is kept. No side of it may
/// have more than 10,000 pixels.
#[utoipa::path(
    put,
    operation_id = "upload_avatar",
    path = "/users/me/avatar",
    tag = "avatars",
    request_body(content(
        (Vec<u8> = "image/*"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 200, description = "Your profile afterwards.", body = OwnResource),
        (status = 400, description = "The picture is damaged, or too large once it is decoded."),
        (status = 403, description = "The firewall took the body for something else; see above."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "The file is no such picture."),
        (status = 503, description = "Too many pictures are being uploaded."),
    )
)]
pub(super) async fn upload(
    caller: Allowed<ChangeProfiles>,
    State(users): State<Arc<UseCases>>,
    RawBody(upload): RawBody,
) -> Result<Json<OwnResource>, Problem> {
    let uploaded = users.pictures.upload(id(&caller.principal), upload).await;
    Ok(Json(OwnResource::new(&uploaded.map_err(failure::of)?, &users.public_path)))
}

/// Upload your picture from a form
///
/// For browsers' forms: the first file of it. The rest is as with `PUT`.
#[utoipa::path(
    post,
    operation_id = "upload_avatar_form",
    path = "/users/me/avatar",
    tag = "avatars",
    request_body(content_type = "multipart/form-data", content = Vec<u8>),
    responses(
        (status = 200, description = "Your profile afterwards.", body = OwnResource),
        (status = 400, description = "There is no file, or it is damaged or too large decoded."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "The file is no such picture."),
        (status = 503, description = "Too many pictures are being uploaded."),
    )
)]
pub(super) async fn upload_form(
    caller: Allowed<ChangeProfiles>,
    State(users): State<Arc<UseCases>>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<OwnResource>, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let file = form::file(content_type.unwrap_or_default(), &body);
    let file = file.ok_or_else(|| Problem::bad_request("There is no file in the form."))?;
    let uploaded = users.pictures.upload(id(&caller.principal), file).await;
    Ok(Json(OwnResource::new(&uploaded.map_err(failure::of)?, &users.public_path)))
}

/// Remove your picture
#[utoipa::path(
    delete,
    operation_id = "remove_avatar",
    path = "/users/me/avatar",
    tag = "avatars",
    responses((status = 200, description = "Your profile afterwards.", body = OwnResource))
)]
pub(super) async fn remove(
    caller: Allowed<ChangeProfiles>,
    State(users): State<Arc<UseCases>>,
) -> Result<Json<OwnResource>, Problem> {
    let removed = users.pictures.remove(id(&caller.principal)).await;
    Ok(Json(OwnResource::new(&removed.map_err(failure::of)?, &users.public_path)))
}

/// Show a picture
///
/// By the name that stands in `avatarUrl`. What is behind a name never changes.
#[utoipa::path(
    get,
    operation_id = "get_avatar",
    path = "/users/avatars/{name}",
    tag = "avatars",
    security(()),
    params(("name" = String, Path, description = "64 hexadecimal digits, `.jpg` or `.png`.")),
    responses(
        (status = 200, description = "The picture.", content_type = "image/*", body = Vec<u8>),
        (status = 304, description = "You have it."),
        (status = 404, description = "There is no such picture."),
    )
)]
pub(super) async fn show(
    State(users): State<Arc<UseCases>>,
    PathId(name): PathId<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = || Problem::not_found("There is no such picture.");
    let name: PictureName = name.parse().map_err(|_| not_found())?;
    let content = users.pictures.show(name).await.map_err(|error| match error {
        UsersError::NotFound => not_found(),
        other => failure::of(other),
    })?;
    let tag = format!("\"{}\"", name.hash);
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|given| given.to_str().ok())
        .flat_map(|given| given.split(','))
        .any(|given| matches!(given.trim(), "*") || given.trim().trim_start_matches("W/") == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let media_type = HeaderValue::from_static(name.media_type.as_str());
        ([(header::CONTENT_TYPE, media_type)], content).into_response()
    };
    let fixed = [
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (header, value) in fixed {
        response.headers_mut().insert(header, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
