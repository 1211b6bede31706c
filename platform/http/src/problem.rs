//! Problem details (RFC 9457): the body of every answer of 400 and above.
//!
//! What always holds: a body says nothing of internal causes. The cause of a 500 or 503
//! rides in the response's extensions to the service layer, which logs it once.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use marquis_telemetry::context;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

type Source = Arc<dyn Error + Send + Sync>;

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's name as the client wrote it.
    #[schema(value_type = String, example = "amount")]
    pub field: Cow<'static, str>,
    /// What is wrong with it, readable after the field's name: `must be positive`.
    #[schema(value_type = String, example = "must be positive")]
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// `field` is wrong for the reason `message`.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The JSON form of a [`Problem`], media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDocument {
    /// `about:blank`, or `urn:marquis:problem:<kind>` where a client may want to tell
    /// problems of one status apart.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Bad Request")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What went wrong this time, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/payments")]
    pub instance: Option<String>,
    /// Every wrong field of an invalid request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// W3C trace id (32 hex digits) under which the logs know this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// An answer that says what went wrong.
#[derive(Clone)]
pub struct Problem(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    kind: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    source: Option<Source>,
}

impl Problem {
    /// Only the status.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self(Arc::new(Inner {
            status,
            kind: None,
            detail: None,
            errors: Vec::new(),
            headers: HeaderMap::new(),
            source: None,
        }))
    }

    fn detailed(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status).with_detail(detail)
    }

    /// 400: the request is malformed.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 with every wrong field.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "One field is invalid.",
            _ => "Several fields are invalid.",
        };
        let mut problem = Self::bad_request(detail).with_kind("invalid-fields");
        problem.inner().errors = errors;
        problem
    }

    /// 401 with `WWW-Authenticate: Bearer` (RFC 6750, section 3).
    #[must_use]
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::UNAUTHORIZED, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: known, but not allowed.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::FORBIDDEN, detail)
    }

    /// 404: no such thing, or none that the caller may know of.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::NOT_FOUND, detail)
    }

    /// 409: not in this state.
    #[must_use]
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::CONFLICT, detail)
    }

    /// 410: there was one, and it will not come back.
    #[must_use]
    pub fn gone(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::GONE, detail)
    }

    /// 413: the body exceeds `limit` bytes.
    #[must_use]
    pub fn payload_too_large(limit: usize) -> Self {
        Self::detailed(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body exceeds {limit} bytes."),
        )
    }

    /// 415: the media type is not one that this operation reads.
    #[must_use]
    pub fn unsupported_media_type(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 422: an idempotency key was used before with other parameters.
    #[must_use]
    pub fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::detailed(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 429 with `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::detailed(StatusCode::TOO_MANY_REQUESTS, "Too many requests. Try again later.")
            .with_retry_after(retry_after)
    }

    /// 500 with a constant body; `source` is for the log alone.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::internal_without_cause().with_source(source)
    }

    pub(crate) fn internal_without_cause() -> Self {
        Self::detailed(StatusCode::INTERNAL_SERVER_ERROR, "An internal error occurred.")
    }

    /// 503 with `Retry-After`: something this operation needs is away; `source` is for the log alone.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "The service is temporarily unavailable. Try again later.";
        Self::detailed(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_retry_after(Duration::from_secs(1))
            .with_source(source)
    }

    /// Tells this problem from others of its status: `type` becomes `urn:marquis:problem:<kind>`.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.inner().kind = Some(kind.into());
        self
    }

    /// Another detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.inner().detail = Some(detail.into());
        self
    }

    /// Another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.inner().status = status;
        self
    }

    /// A response header, replacing one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner().headers.insert(name, value);
        self
    }

    /// `Retry-After` in whole seconds, rounded up, at least one (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn with_retry_after(self, after: Duration) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after).max(1)))
    }

    /// `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds, rounded up).
    #[must_use]
    pub fn with_rate_limit(self, limit: u32, remaining: u32, reset: Duration) -> Self {
        self.with_header(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(limit))
            .with_header(
                HeaderName::from_static("ratelimit-remaining"),
                HeaderValue::from(remaining),
            )
            .with_header(
                HeaderName::from_static("ratelimit-reset"),
                HeaderValue::from(whole_seconds(reset)),
            )
    }

    /// The cause, for the log alone.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.inner().source = Some(Arc::from(source.into()));
        self
    }

    /// The status this problem answers with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What went wrong, as the client is told.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The kind given by [`Problem::with_kind`].
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// The wrong fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// The document, complete with where and under which trace it happened.
    #[must_use]
    pub fn document(&self, instance: Option<&str>, trace_id: Option<String>) -> ProblemDocument {
        let kind = match &self.0.kind {
            Some(kind) => format!("urn:marquis:problem:{kind}"),
            None => "about:blank".to_owned(),
        };
        ProblemDocument {
            kind,
            title: self.0.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.0.status.as_u16(),
            detail: self.0.detail.as_deref().map(str::to_owned),
            instance: instance.map(str::to_owned),
            errors: self.0.errors.clone(),
            trace_id,
        }
    }

    /// The response for a request to the path `instance`. The problem itself rides in the
    /// response's extensions.
    #[must_use]
    pub fn to_response(&self, instance: Option<&str>) -> Response {
        let trace_id = context::current().map(|request| request.trace.trace_id());
        // Strings and integers only: serialization cannot fail.
        let body = serde_json::to_vec(&self.document(instance, trace_id)).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.extend(self.0.headers.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self.clone());
        response
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.to_response(None)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.status)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.0.status)
            .field("kind", &self.0.kind)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: Response) -> Value {
        let bytes = response.into_body().collect().await.expect("collects").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[tokio::test]
    async fn the_document_has_the_members_of_rfc_9457() {
        let problem = Problem::invalid(vec![FieldError::new("amount", "must be positive")]);
        let response = problem.to_response(Some("/payments"));
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            body(response).await,
            json!({
                "type": "urn:marquis:problem:invalid-fields",
                "title": "Bad Request",
                "status": 400,
                "detail": "One field is invalid.",
                "instance": "/payments",
                "errors": [{"field": "amount", "message": "must be positive"}],
            }),
        );
    }

    #[tokio::test]
    async fn a_cause_stays_inside() {
        let cause = std::io::Error::other("password=hunter2");
        let problem = Problem::internal(cause);
        assert_eq!(problem.source().expect("kept").to_string(), "password=hunter2");
        let answer = body(problem.into_response()).await;
        assert_eq!(
            answer,
            json!({
                "type": "about:blank",
                "title": "Internal Server Error",
                "status": 500,
                "detail": "An internal error occurred.",
            }),
        );
    }

    #[test]
    fn headers_say_when_to_come_back() {
        let problem = Problem::too_many_requests(Duration::from_millis(1_200)).with_rate_limit(
            5,
            0,
            Duration::from_secs(42),
        );
        let response = problem.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()["ratelimit-limit"], "5");
        assert_eq!(response.headers()["ratelimit-remaining"], "0");
        assert_eq!(response.headers()["ratelimit-reset"], "42");
        let at_once = Problem::too_many_requests(Duration::ZERO).into_response();
        assert_eq!(at_once.headers()[header::RETRY_AFTER], "1");
        let unauthorized = Problem::unauthorized("Invalid credentials").into_response();
        assert_eq!(unauthorized.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
