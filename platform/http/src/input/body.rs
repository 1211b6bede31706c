//! Reading a request body within limits of size and time.

use std::error::Error;
use std::time::Duration;

use axum::extract::Request;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::Problem;

/// Limits of one service, put into request extensions by its layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Bytes.
    pub size: usize,
    /// From the first read to the last byte.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { size: 1024 * 1024, time: Duration::from_secs(15) }
    }
}

/// The whole body.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    let limits: BodyLimits = request.extensions().get().copied().unwrap_or_default();
    refuse_encoded(request.headers())?;
    let (_, body) = request.into_parts();
    // A declared length is refused before a byte is read; the limit below holds for
    // chunked bodies and lengths that lie.
    let declared = http_body::Body::size_hint(&body).lower();
    if declared > limits.size as u64 {
        return Err(Problem::payload_too_large(limits.size));
    }
    let collected = Limited::new(body, limits.size).collect();
    match tokio::time::timeout(limits.time, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => Err(refusal(error, limits.size)),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT)
            .with_detail("The request body did not arrive in time.")
            .with_header(header::CONNECTION, HeaderValue::from_static("close"))),
    }
}

fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(Problem::unsupported_media_type("Encoded request bodies are not read.")
            .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    Ok(())
}

/// A body may fail with a [`Problem`] of its own, when a gateway in this process limits
/// what it passes on.
fn refusal(error: Box<dyn Error + Send + Sync>, limit: usize) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Problem::payload_too_large(limit);
        }
        if let Some(problem) = error.downcast_ref::<Problem>() {
            return problem.clone();
        }
        cause = error.source();
    }
    Problem::bad_request("The request body could not be read to its end.").with_source(error)
}
