//! Dispatches to a service of this process: no socket, no serialization.

use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use marquis_http::{ClientAddr, OriginalPath, Problem};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::body::{Body, ClientBody};
use crate::exchange::Exchange;
use crate::filters::Refusal;
use crate::websocket::{Place, Standing};

pub(super) async fn dispatch(
    exchange: &mut Exchange,
    router: axum::Router,
    mut parts: Parts,
    body: ClientBody,
    place: Option<Place>,
) -> Result<Response<Body>, Refusal> {
    parts.extensions.insert(ClientAddr(exchange.address));
    if exchange.uri.path() != parts.uri.path() {
        parts.extensions.insert(OriginalPath(exchange.uri.path().into()));
    }
    if place.is_some() {
        // The service's own extractor wants to see the handshake.
        parts.headers.insert(header::CONNECTION, http::HeaderValue::from_static("upgrade"));
        parts.headers.insert(header::UPGRADE, http::HeaderValue::from_static("websocket"));
    } else {
        parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    }
    let started = Instant::now();
    let request = Request::from_parts(parts, axum::body::Body::new(body));
    let call = router.oneshot(request);
    let total = exchange
        .route
        .as_ref()
        .map_or(std::time::Duration::ZERO, |route| route.timeouts.total.duration());
    let answered = if total.is_zero() {
        call.await
    } else {
        match tokio::time::timeout(total, call).await {
            Ok(answered) => answered,
            Err(_) => {
                return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT)
                    .with_detail("The service did not answer in time.")
                    .into());
            }
        }
    };
    exchange.upstream_time = started.elapsed();
    let mut response = match answered {
        Ok(response) => response,
        Err(never) => match never {},
    };
    // The cause of a problem was logged by the service; it must not travel on.
    response.extensions_mut().remove::<Problem>();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(place), Some(activity)) = (place, &exchange.client.activity) else {
            // Nobody asked for another protocol.
            return Err(Problem::new(StatusCode::BAD_GATEWAY)
                .with_detail("The service gave no valid answer.")
                .into());
        };
        let idle = exchange
            .route
            .as_ref()
            .map_or(std::time::Duration::ZERO, |route| route.timeouts.websocket.duration());
        activity.set_websocket(Standing::begin(&exchange.client, place, idle));
    }
    Ok(response.map(Body::Local))
}
