//! Sends clients of the plain listener to HTTPS: 301, same host, path and query.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use marquis_config::sections::gateway::PlainMode;
use marquis_http::Problem;

use super::Refusal;
use crate::body::Body;
use crate::exchange::Exchange;

pub(super) fn redirect(exchange: &Exchange, parts: &Parts, host: &str) -> Result<(), Refusal> {
    // A trusted proxy that ended TLS itself has nothing to be redirected to.
    if exchange.client.tls || exchange.secure || exchange.live.plain == PlainMode::Serve {
        return Ok(());
    }
    if host.is_empty() {
        return Err(Problem::bad_request("Use HTTPS.").into());
    }
    let port = match exchange.live.public_https_port {
        0 => exchange.client.gate.https_port.load(Ordering::Relaxed),
        port => port,
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let location = if port == 443 {
        format!("https://{host}{target}")
    } else {
        format!("https://{host}:{port}{target}")
    };
    let location = HeaderValue::from_maybe_shared(Bytes::from(location))
        .map_err(|_| Problem::bad_request("The host is malformed."))?;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(header::LOCATION, location);
    Err(Refusal::Answer(Box::new(response)))
}
