//! Where a request comes from, for the audit trail.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use marquis_http::ClientAddr;
use marquis_telemetry::context;

use crate::application::Origin;

/// The [`Origin`] of a request.
#[derive(Debug, Clone)]
pub(super) struct RequestOrigin(pub Origin);

impl<S: Send + Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let ClientAddr(address) = ClientAddr::from_request_parts(parts, state).await?;
        let user_agent = parts.headers.get(header::USER_AGENT);
        let user_agent = user_agent.map(|raw| String::from_utf8_lossy(raw.as_bytes()));
        let context = context::current();
        Ok(Self(Origin {
            address: Some(address.to_canonical()),
            user_agent: user_agent.and_then(|raw| Origin::clean_user_agent(&raw)),
            trace_id: context.as_ref().map(|context| context.trace.trace_id()),
            traceparent: context.as_ref().map(|context| context.trace.to_traceparent()),
        }))
    }
}
