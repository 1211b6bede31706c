//! Request id and W3C trace context: a request carries both to the service, the answer carries
//! the request id back, and every log line has the trace id.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response};
use marquis_telemetry::trace::TraceContext;

use crate::body::Body;
use crate::exchange::Exchange;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;

/// Continues the caller's trace, or begins one.
pub(super) fn identify(exchange: &mut Exchange, parts: &mut Parts) {
    let headers = &mut parts.headers;
    // What the filters add, in one step.
    headers.reserve(8);
    let given = headers
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok())
        .and_then(TraceContext::parse);
    match given {
        Some(trace) => exchange.trace = trace.child(),
        None => {
            headers.remove(TRACESTATE);
        }
    }
    let mut ids = headers.get_all(REQUEST_ID).iter();
    exchange.request_id = match (ids.next(), ids.next()) {
        (Some(id), None) if is_request_id(id.as_bytes()) => id.clone(),
        _ => {
            let id = Bytes::copy_from_slice(&exchange.trace.trace_id_hex());
            let id = HeaderValue::from_maybe_shared(id)
                .unwrap_or_else(|_| HeaderValue::from_static("-"));
            headers.insert(REQUEST_ID, id.clone());
            id
        }
    };
    let traceparent = Bytes::from(exchange.trace.to_traceparent());
    if let Ok(value) = HeaderValue::from_maybe_shared(traceparent) {
        headers.insert(TRACEPARENT, value);
    }
}

/// What may stand in logs and headers unquoted.
fn is_request_id(id: &[u8]) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

/// Tells the client the request's id.
pub(super) fn annotate(exchange: &Exchange, response: &mut Response<Body>) {
    response.headers_mut().insert(REQUEST_ID, exchange.request_id.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        assert!(is_request_id(b"0af7-65.a:b_C"));
        for id in ["", "a b", "a\"b", "a\nb", &"x".repeat(129), "\u{e9}"] {
            assert!(!is_request_id(id.as_bytes()), "{id:?}");
        }
    }
}
