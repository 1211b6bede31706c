//! Hands a request that has passed the filters to whoever answers it.

mod files;
mod forward;
pub(crate) mod health;
mod local;
mod session;

pub(crate) use files::Files;

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use http::request::Parts;
use marquis_http::Problem;

use crate::body::{Body, BodyFault, ClientBody};
use crate::exchange::Exchange;
use crate::filters::Refusal;
use crate::route::{Action, Route};
use crate::target::Target;
use crate::websocket::Place;

/// The answer of the route's target.
pub(crate) async fn dispatch(
    exchange: &mut Exchange,
    route: &Arc<Route>,
    parts: Parts,
    body: ClientBody,
    upgrade: bool,
) -> Result<Response<Body>, Refusal> {
    let answer = match &route.action {
        Action::Forward(target) => {
            let place = if upgrade { Some(place(exchange)?) } else { None };
            match target {
                Target::Local { router, .. } => {
                    local::dispatch(exchange, router.clone(), parts, body, place).await
                }
                Target::Remote(upstream) => {
                    forward::forward(exchange, route, upstream, parts, body, place).await
                }
            }
        }
        Action::Health => return Ok(health::answer(&exchange.client.gate, &exchange.live).await),
        Action::Static => files::serve(exchange, parts).await,
        Action::Moved(location) => {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = http::StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(http::header::LOCATION, location.clone());
            return Ok(response);
        }
        Action::Forbidden | Action::NotFound => {
            Err(Problem::not_found("There is nothing here.").into())
        }
    };
    // Whatever was answered to a broken body: the client hears what broke.
    match exchange.body.as_ref().and_then(|body| body.fault()) {
        Some(fault) => Err(fault_problem(fault, route).into()),
        None => answer,
    }
}

/// A place among the client's WebSockets.
fn place(exchange: &Exchange) -> Result<Place, Refusal> {
    let most = exchange.live.limits.websockets_per_address;
    let network = crate::filters::network(exchange.address);
    exchange.client.gate.websockets.take(network, most).ok_or_else(|| {
        Problem::too_many_requests(Duration::from_secs(10))
            .with_detail("There are too many WebSockets from this address.")
            .into()
    })
}

pub(crate) fn fault_problem(fault: BodyFault, route: &Route) -> Problem {
    let close = http::HeaderValue::from_static("close");
    let problem = match fault {
        BodyFault::TooLarge => crate::filters::too_large(route),
        BodyFault::Timeout => Problem::new(http::StatusCode::REQUEST_TIMEOUT)
            .with_detail("The request body did not arrive in time."),
        BodyFault::Malformed => Problem::bad_request("The request body is malformed."),
        BodyFault::Gone => Problem::bad_request("The request body is incomplete."),
    };
    problem.with_header(http::header::CONNECTION, close)
}
