//! The firewall's place in the chain: the head of a request before it is routed, its body once
//! routing, rate limits and authentication have let it through, the answer before it leaves.
//!
//! A request without a body is judged as a whole at once, so that an attack on a path that does
//! not exist is refused as one. A body is held back until it has been judged.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use marquis_http::Problem;

use super::Refusal;
use crate::body::{Body, BoxError, ClientBody};
use crate::exchange::Exchange;
use crate::route::{Found, Route};
use crate::waf::{Inspection, Verdict};

impl From<Verdict> for Refusal {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Problem(problem) => Self::Problem(problem),
            Verdict::Redirect(status, location) => {
                let mut response = Response::new(Body::Empty);
                *response.status_mut() = status;
                response.headers_mut().insert(header::LOCATION, location);
                Self::Answer(Box::new(response))
            }
        }
    }
}

/// Judges the head, and the whole request when there is no body.
pub(super) async fn head(
    exchange: &mut Exchange,
    parts: &Parts,
    host: &str,
    has_body: bool,
) -> Result<(), Refusal> {
    let live = Arc::clone(&exchange.live);
    let Some(firewall) = &live.firewall else { return Ok(()) };
    let mode = if live.routes_have_modes { own_mode(&live, parts, host) } else { None };
    if !firewall.is_on(mode) {
        return Ok(());
    }
    exchange.inspection = Some(Box::new(Inspection::begin(firewall, mode, exchange, parts)));
    let Some(inspection) = &mut exchange.inspection else { return Ok(()) };
    inspection.decision()?;
    if !has_body {
        inspection.request().await?;
        sound(inspection)?;
    }
    Ok(())
}

/// The mode of the route the request will take.
fn own_mode(
    live: &crate::live::Live,
    parts: &Parts,
    host: &str,
) -> Option<marquis_config::sections::waf::WafMode> {
    let path = crate::route::path::canonical(parts.uri.path()).ok()?;
    match live.routes.find(&path, host, &parts.method) {
        Found::Route(route) | Found::WrongMethod(route) => route.waf,
    }
}

/// Judges the body, and gives it on whole.
pub(super) async fn body(
    exchange: &mut Exchange,
    route: &Route,
    mut body: ClientBody,
) -> Result<ClientBody, Refusal> {
    if matches!(body, ClientBody::Empty) {
        return Ok(body);
    }
    let watch = exchange.body.clone();
    let Some(inspection) = &mut exchange.inspection else { return Ok(body) };
    if !inspection.wants_body() {
        inspection.request().await?;
        return Ok(body);
    }
    let mut held = VecDeque::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                let fault = watch.as_ref().and_then(|watch| watch.fault());
                return Err(match fault {
                    Some(fault) => crate::proxy::fault_problem(fault, route),
                    None => {
                        Problem::bad_request("The request body is incomplete.").with_source(error)
                    }
                }
                .into());
            }
        };
        // Trailer fields may be discarded (RFC 9110, section 6.5.1), and no rule has seen them.
        if let Ok(data) = frame.into_data() {
            inspection.body_part(&data)?;
            held.push_back(data);
        }
    }
    inspection.request().await?;
    sound(inspection)?;
    Ok(ClientBody::Held(held))
}

fn sound(inspection: &Inspection) -> Result<(), Refusal> {
    if inspection.is_sound() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into())
}

/// Judges an answer's head, and its body where the settings say so.
pub(super) async fn answer(
    exchange: &mut Exchange,
    response: Response<Body>,
) -> Result<Response<Body>, Refusal> {
    let http2 = exchange.http2;
    let Some(inspection) = &mut exchange.inspection else { return Ok(response) };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    inspection.answer_head(response.status(), response.headers(), http2)?;
    let Some(most) = inspection.wants_answer() else { return Ok(response) };
    let (parts, mut body) = response.into_parts();
    let mut held: VecDeque<Result<Frame<Bytes>, BoxError>> = VecDeque::new();
    let mut start = BytesMut::new();
    while start.len() < most
        && let Some(frame) = body.frame().await
    {
        if let Ok(frame) = &frame
            && let Some(data) = frame.data_ref()
        {
            let room = most - start.len();
            start.extend_from_slice(&data[..data.len().min(room)]);
        }
        let failed = frame.is_err();
        held.push_back(frame);
        if failed {
            break;
        }
    }
    inspection.answer_body(start.freeze()).await?;
    let rest = http_body_util::BodyStream::new(body);
    let frames = futures_util::StreamExt::chain(futures_util::stream::iter(held), rest);
    Ok(Response::from_parts(parts, Body::Rewritten(StreamBody::new(frames).boxed_unsync())))
}

/// The transaction is over: logs and counts it.
pub(super) fn end(exchange: &mut Exchange, status: StatusCode) {
    if let Some(inspection) = exchange.inspection.take() {
        exchange.refused_by_firewall = inspection.has_refused();
        inspection.end(exchange, status);
    }
}
