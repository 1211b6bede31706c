//! Hands a request that has passed the filters to whoever answers it.

mod files;
mod forward;
pub(crate) mod health;
mod local;
mod tunnel;

pub(crate) use files::Files;

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use marquis_http::Problem;

use crate::body::{Body, BodyFault, ClientBody};
use crate::exchange::Exchange;
use crate::filters::Refusal;
use crate::route::{Action, Route};
use crate::target::Target;

/// The answer of the route's target.
pub(crate) async fn dispatch(
    exchange: &mut Exchange,
    route: &Arc<Route>,
    parts: Parts,
    body: ClientBody,
    upgrade: bool,
) -> Result<Response<Body>, Refusal> {
    let answer = match &route.action {
        Action::Forward(Target::Local { router, .. }) => {
            local::dispatch(exchange, router.clone(), parts, body, upgrade).await
        }
        Action::Forward(Target::Remote(upstream)) => {
            forward::forward(exchange, route, upstream, parts, body, upgrade).await
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
