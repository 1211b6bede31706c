//! Extractors for what clients send. Each failure is a [`Problem`] that names everything
//! wrong at once; values are never echoed.
//!
//! Types are read field by field through [`FromFields`], not through serde, so that one
//! answer can list every wrong, missing, repeated and unknown field.
//!
//! ```
//! use marquis_http::input::{Fields, FromFields};
//!
//! struct Register { email: String, age: Option<u32> }
//!
//! impl FromFields for Register {
//!     fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
//!         // Read every field before the first `?`, so that all of them are reported.
//!         let email = fields.required("email");
//!         let age = fields.optional("age");
//!         Some(Self { email: email?, age: age? })
//!     }
//! }
//! ```

mod body;
mod fields;
mod json;
mod query;

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, RawPathParams, Request};
use bytes::Bytes;
use http::header;
use http::request::Parts;

pub(crate) use body::BodyLimits;
pub use fields::{FieldValue, Fields, FromField, FromFields, Parsed};
pub use json::{fields_of_json, json_value};
pub use query::fields_of_query;

use crate::Problem;

/// A JSON object in the request body, media type `application/json` or `application/*+json`.
///
/// As `Option<JsonBody<T>>` it is `None` for a request without a body and content type.
///
/// Problems: 400 (not UTF-8, malformed, nested too deeply, wrong fields), 408 (the body
/// does not arrive), 413 (too large), 415 (another media type or an encoding).
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

impl<T: FromFields, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        json::check_media_type(request.headers())?;
        let bytes = body::read(request).await?;
        fields_of_json(&bytes).map(Self)
    }
}

impl<T: FromFields, S: Send + Sync> OptionalFromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        if typed {
            json::check_media_type(request.headers())?;
        }
        let bytes = body::read(request).await?;
        match (bytes.is_empty(), typed) {
            (true, _) => Ok(None),
            (false, true) => fields_of_json(&bytes).map(|value| Some(Self(value))),
            (false, false) => Err(json::wrong_media_type()),
        }
    }
}

/// The request body as it came, within the size and time limits: for signatures over bytes.
#[derive(Debug, Clone)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        body::read(request).await.map(Self)
    }
}

/// The query string, read with the same [`FromFields`] as a body. Repeated names are errors.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: FromFields, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        fields_of_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// The last parameter of the route's path. What does not parse names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = || Problem::not_found("Not found: the id in the path is malformed.");
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| malformed())?;
        let id = params.iter().last().and_then(|(_, value)| value.parse().ok());
        id.map(Self).ok_or_else(malformed)
    }
}

#[cfg(test)]
mod tests;
