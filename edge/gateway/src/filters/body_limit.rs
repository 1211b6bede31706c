//! Bounds request bodies in size (413) and in pauses (408). A declared length over the limit is
//! refused before a byte is read; an undeclared one when it gets there.

use http::header;
use http::request::Parts;
use hyper::body::Incoming;
use marquis_http::Problem;

use super::Refusal;
use crate::body::ClientBody;
use crate::exchange::Exchange;
use crate::route::Route;

pub(super) fn apply(
    exchange: &mut Exchange,
    route: &Route,
    parts: &Parts,
    body: Incoming,
) -> Result<ClientBody, Refusal> {
    let declared = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if declared.is_some_and(|length| length > route.body_limit) {
        return Err(too_large(route).into());
    }
    let pause = exchange.live.limits.body_timeout.duration();
    let (body, watch) = ClientBody::new(body, route.body_limit, pause);
    exchange.body = watch;
    Ok(body)
}

pub(crate) fn too_large(route: &Route) -> Problem {
    Problem::payload_too_large(usize::try_from(route.body_limit).unwrap_or(usize::MAX))
}
