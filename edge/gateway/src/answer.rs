//! Answers the gateway gives itself.

use http::{HeaderValue, Response, StatusCode, header};
use marquis_http::Problem;
use serde::Serialize;

use crate::body::Body;
use crate::exchange::Exchange;
use crate::filters::SecurityHeaders;
use crate::wire::Violation;

/// A problem as an answer; its cause, if any, is logged here and nowhere else.
pub(crate) fn problem(problem: &Problem, exchange: &Exchange) -> Response<Body> {
    if let Some(source) = std::error::Error::source(problem) {
        tracing::warn!(
            trace_id = exchange.trace.trace_id(),
            status = problem.status().as_u16(),
            upstream = exchange.server.as_ref().map(|server| server.label.as_str()),
            error = source,
            "request failed"
        );
    }
    // The response brings status, content type and the problem's own fields.
    let response = problem.to_response(None);
    let document = problem.document(Some(exchange.uri.path()), Some(exchange.trace.trace_id()));
    let (mut parts, _) = response.into_parts();
    parts.extensions.clear();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::full(serde_json::to_vec(&document).unwrap_or_default()))
}

/// JSON that nobody keeps.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::full(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The whole last answer on a connection whose request never became one.
pub(crate) fn refusal(
    violation: Violation,
    security: &SecurityHeaders,
    secure: bool,
    date: &str,
) -> Vec<u8> {
    let (code, detail) = violation.answer();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    let document = Problem::new(status).with_detail(detail).document(None, None);
    let body = serde_json::to_vec(&document).unwrap_or_default();
    let mut out = format!(
        "HTTP/1.1 {code} {}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
         content-length: {}\r\ndate: {date}\r\nconnection: close\r\n",
        status.canonical_reason().unwrap_or("Error"),
        body.len(),
    )
    .into_bytes();
    security.render(secure, &mut out);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    out
}
