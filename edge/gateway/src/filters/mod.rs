//! The filter chain. This page is the whole of it, in order: what a request passes on its
//! way in, who answers it, what the answer passes on its way out. One file per filter.
//!
//! A filter edits the request in place and returns, or refuses with a [`Refusal`], which then
//! goes the way out like any answer: a 429 has its CORS and security headers too.

pub(crate) mod access_log;
mod authentication;
mod body_limit;
mod client_address;
mod compression;
mod cors;
mod firewall;
mod header_limits;
mod hop_by_hop;
mod host;
mod https_only;
mod identity_headers;
mod rate_limit;
mod routing;
mod security_headers;
mod trace_context;

pub(crate) use body_limit::too_large;
pub(crate) use client_address::TrustedProxies;
pub(crate) use compression::Compression;
pub(crate) use cors::Cors;
pub(crate) use rate_limit::network;
pub(crate) use security_headers::SecurityHeaders;

use std::sync::Arc;

use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use marquis_http::Problem;

use crate::answer;
use crate::body::Body;
use crate::conn::Client;
use crate::exchange::{Answered, Exchange};
use crate::proxy;

/// An answer instead of the service's.
pub(crate) enum Refusal {
    Problem(Problem),
    Answer(Box<Response<Body>>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Serves one request.
pub(crate) async fn serve(client: Arc<Client>, request: Request<Incoming>) -> Response<Answered> {
    let live = client.gate.live.load_full();
    let http2 = request.version() == http::Version::HTTP_2;
    let mut exchange = Exchange::begin(live, client, request.method(), request.uri(), http2);
    let accept_encoding = compression::accepted(request.headers());
    let origin = cors::origin(request.headers());

    let answered = inbound(&mut exchange, request).await;
    let mut response = match answered {
        Ok(response) => response,
        Err(Refusal::Answer(response)) => *response,
        Err(Refusal::Problem(problem)) => answer::problem(&problem, &exchange),
    };

    // The way out.
    hop_by_hop::clean_answer(&mut response);
    rate_limit::announce(&exchange, &mut response);
    cors::annotate(&exchange, origin.as_ref(), &mut response);
    security_headers::add(&exchange, &mut response);
    trace_context::annotate(&exchange, &mut response);
    let response = compression::apply(&exchange, accept_encoding, response);
    firewall::end(&mut exchange, response.status());

    exchange.status = response.status();
    response.map(|body| Answered::new(body, exchange))
}

/// The way in, and the answer.
async fn inbound(
    exchange: &mut Exchange,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, body) = request.into_parts();

    trace_context::identify(exchange, &mut parts);
    header_limits::check(exchange, &parts)?;
    client_address::derive(exchange, &mut parts);
    let host = host::check(exchange, &mut parts)?;
    https_only::redirect(exchange, &parts, &host)?;
    firewall::head(exchange, &parts, &host, !body.is_end_stream()).await?;
    identity_headers::strip(&mut parts);
    let path = routing::canonical_path(&mut parts)?;
    let route = routing::find(exchange, &mut parts, &path, &host)?;
    rate_limit::by_address(exchange, &route).await?;
    cors::preflight(exchange, &route, &parts)?;
    authentication::check(exchange, &route, &mut parts).await?;
    rate_limit::by_user_and_service(exchange, &route).await?;
    let body = body_limit::apply(exchange, &route, &parts, body)?;
    let body = firewall::body(exchange, &route, body).await?;
    let upgrade = hop_by_hop::clean_request(&mut parts);

    let response = proxy::dispatch(exchange, &route, parts, body, upgrade).await?;
    firewall::answer(exchange, response).await
}
