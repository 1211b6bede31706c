//! Sends a request to a server of an upstream and repeats it on another one where that is safe.
//!
//! Safe means: nothing of the request was written; or the method is idempotent (RFC 9110, section
//! 9.2.2), its body is at hand, and no answer had begun. Everything else fails to the
//! client, who alone can know whether to repeat it. A kept connection that turns out to be
//! closed is not the server's failure: the request goes out again on a new one.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use marquis_config::sections::gateway::HostHeader;
use marquis_http::Problem;
use tokio::time::Instant;

use super::session::Session;
use crate::body::{Body, ClientBody};
use crate::exchange::Exchange;
use crate::filters::Refusal;
use crate::route::Route;
use crate::upstream::Upstream;
use crate::upstream::link::{self, Answer, Link, LinkError, LinkErrorKind, Upload};
use crate::upstream::response::ResponseBody;
use crate::upstream::server::{Lease, Server};
use crate::websocket::{Place, Standing, relay};

/// The body of a request, as far as it can be sent again.
enum Content {
    /// As often as needed.
    AtHand(Bytes),
    /// Once.
    Streamed(Option<ClientBody>),
}

impl Content {
    /// A body for the next attempt.
    fn take(&mut self) -> Option<ClientBody> {
        match self {
            Self::AtHand(bytes) if bytes.is_empty() => Some(ClientBody::Empty),
            Self::AtHand(bytes) => Some(ClientBody::Replay(bytes.clone())),
            Self::Streamed(body) => body.take(),
        }
    }

    const fn repeatable(&self) -> bool {
        matches!(self, Self::AtHand(_) | Self::Streamed(Some(_)))
    }
}

/// An exchange that got as far as the header of an answer.
struct Answered {
    link: Link,
    upload: Upload,
    answer: Answer,
    lease: Lease,
}

/// A failed attempt.
struct Failed {
    error: LinkError,
    /// Whether the connection had been kept from an earlier request.
    kept: bool,
}

pub(super) async fn forward(
    exchange: &mut Exchange,
    route: &Route,
    upstream: &Arc<Upstream>,
    mut parts: Parts,
    body: ClientBody,
    place: Option<Place>,
) -> Result<Response<Body>, Refusal> {
    let upgrade = place.is_some();
    let on_upgrade = if upgrade { parts.extensions.remove() } else { None };
    let tunnel = place.zip(on_upgrade);
    admit(upstream)?;
    let replay = exchange.live.retries.replay_bytes as u64;
    let mut content = if body.size_hint().exact().is_some_and(|length| length <= replay) {
        match body {
            ClientBody::Empty => Content::AtHand(Bytes::new()),
            // The caller reports what the body's watch says.
            body => match body.collect().await {
                Ok(collected) => Content::AtHand(collected.to_bytes()),
                Err(_) => {
                    return Err(Problem::bad_request("The request body is incomplete.").into());
                }
            },
        }
    } else {
        Content::Streamed(Some(body))
    };
    upstream.budget.request();
    let total = route.timeouts.total.duration();
    let due = (!total.is_zero()).then(|| exchange.started + total);
    let session = if route.sessions {
        Session::of(exchange, upstream, &mut parts).await
    } else {
        Session::default()
    };
    // A poll takes what it answers with: asked twice, a session would lose messages.
    let idempotent = session.id.is_none()
        && matches!(
            parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
        );
    let attempts = exchange.live.retries.attempts.max(1);
    // Without a body nothing was waited for since the request began.
    let mut began = if exchange.body.is_none() { exchange.started } else { Instant::now() };
    let mut tried: Vec<Arc<Server>> = Vec::new();
    let mut fresh: Option<Arc<Server>> = None;
    let mut home = session.home.clone();
    loop {
        let kept_allowed = fresh.is_none() && matches!(content, Content::AtHand(_));
        let server = fresh.take().or_else(|| home.take()).or_else(|| upstream.pick(&tried));
        let Some(server) = server else {
            return Err(Problem::unavailable("the upstream has no server").into());
        };
        exchange.server = Some(Arc::clone(&server));
        exchange.attempts += 1;
        let lease = Lease::new(Arc::clone(&server), exchange.client.worker);
        let outcome = attempt(
            exchange,
            route,
            &parts,
            &mut content,
            lease,
            kept_allowed,
            upgrade,
            due,
            began,
        )
        .await;
        let now = Instant::now();
        exchange.upstream_time += now.saturating_duration_since(began);
        began = now;
        match outcome {
            Ok(answered) => {
                let status = answered.answer.status;
                let failed =
                    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
                if failed {
                    upstream.server_failed(&server);
                } else {
                    server.succeeded();
                }
                let repeat = idempotent
                    && content.repeatable()
                    && !upgrade
                    && exchange.live.retries.statuses.contains(&status.as_u16())
                    && exchange.attempts < attempts
                    && upstream.servers().len() > tried.len() + 1;
                if repeat && upstream.budget.retry() {
                    count_retry(exchange, upstream);
                    tried.push(server);
                    continue;
                }
                upstream.circuit.record(failed);
                let response = respond(exchange, route, answered, tunnel, due, now);
                return Ok(session.opened(exchange, &server, response).await);
            }
            Err(Failed { error, kept }) => {
                if let LinkErrorKind::Client(_) = error.kind {
                    return Err(Problem::bad_request("The request body is incomplete.").into());
                }
                let unsent = !error.sent;
                let repeatable =
                    (unsent || (idempotent && !error.answered)) && content.repeatable();
                if kept && repeatable && matches!(error.kind, LinkErrorKind::Io(_)) {
                    // The server closed the connection while it was idle.
                    fresh = Some(server);
                    exchange.attempts -= 1;
                    continue;
                }
                upstream.server_failed(&server);
                session.failed(exchange, &server, &error).await;
                count_failure(exchange, upstream, &error);
                let time_left = due.is_none_or(|due| Instant::now() < due);
                if repeatable
                    && time_left
                    && exchange.attempts < attempts
                    && upstream.budget.retry()
                {
                    count_retry(exchange, upstream);
                    tried.push(server);
                    continue;
                }
                if !session.lives_on(&server) && upstream.circuit.record(true) {
                    tracing::warn!(
                        upstream = upstream.name,
                        "circuit opened: nearly every request fails"
                    );
                }
                return Err(problem(error).into());
            }
        }
    }
}

/// Holds the request back when the upstream is overloaded or known to fail.
fn admit(upstream: &Upstream) -> Result<(), Refusal> {
    let held = |detail: &'static str, wait: Duration| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_detail(detail).with_retry_after(wait)
    };
    if upstream.running() >= upstream.settings.max_requests {
        return Err(held("The service is overloaded.", Duration::from_secs(1)).into());
    }
    upstream
        .circuit
        .admit()
        .map_err(|wait| held("The service is failing and gets a pause.", wait).into())
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
async fn attempt(
    exchange: &Exchange,
    route: &Route,
    parts: &Parts,
    content: &mut Content,
    lease: Lease,
    kept_allowed: bool,
    upgrade: bool,
    due: Option<Instant>,
    began: Instant,
) -> Result<Answered, Failed> {
    let server = Arc::clone(&lease.server);
    let kept = if kept_allowed { server.idle(exchange.client.worker, began) } else { None };
    let was_kept = kept.is_some();
    let failed = |error| Failed { error, kept: was_kept };
    let mut link = match kept {
        Some(link) => link,
        None => {
            let mut patience = route.timeouts.connect.duration();
            if let Some(due) = due {
                patience = patience.min(due.saturating_duration_since(Instant::now()));
            }
            link::connect(server.address, patience).await.map_err(failed)?
        }
    };
    let Some(body) = content.take() else {
        // Only reached if an attempt was repeated that must not be.
        let kind = LinkErrorKind::Protocol("the request body is spent");
        return Err(failed(LinkError { kind, sent: true, answered: false }));
    };
    let mut upload = Upload::new(body);
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    const UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");
    const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
    let websocket: [(HeaderName, &HeaderValue); 2] =
        [(header::CONNECTION, &UPGRADE), (header::UPGRADE, &WEBSOCKET)];
    let extra: &[(HeaderName, &HeaderValue)] = if upgrade { &websocket } else { &[] };
    match route.host_header {
        HostHeader::Preserve => link.start(&parts.method, target, &parts.headers, extra, &upload),
        HostHeader::Upstream => {
            let mut headers = parts.headers.clone();
            headers.insert(header::HOST, server.authority.clone());
            link.start(&parts.method, target, &headers, extra, &upload);
        }
    }
    // A new connection has taken its time; a kept one has not.
    let sent = if was_kept { began } else { Instant::now() };
    let first_byte = sent + route.timeouts.first_byte.duration();
    let first_byte = due.map_or(first_byte, |due| due.min(first_byte));
    let answer = poll_fn(|cx| link.poll_answer(cx, &parts.method, &mut upload, first_byte)).await;
    let answer = answer.map_err(failed)?;
    Ok(Answered { link, upload, answer, lease })
}

/// The answer for the client, its body still arriving.
fn respond(
    exchange: &Exchange,
    route: &Route,
    answered: Answered,
    tunnel: Option<(Place, hyper::upgrade::OnUpgrade)>,
    due: Option<Instant>,
    now: Instant,
) -> Response<Body> {
    let Answered { link, upload, answer, lease } = answered;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if answer.status == StatusCode::SWITCHING_PROTOCOLS {
        match (tunnel, &exchange.client.activity) {
            (Some((place, on_upgrade)), Some(activity)) => {
                activity.set_upgraded();
                let idle = route.timeouts.websocket.duration();
                let standing = Standing::begin(&exchange.client, place, idle);
                relay::spawn(standing, on_upgrade, link, lease);
            }
            _ => {
                // Nobody asked for another protocol.
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response.headers_mut().clear();
            }
        }
        return response;
    }
    let pause = route.timeouts.idle.duration();
    *response.body_mut() =
        ResponseBody::begin(link, upload, answer.framing, answer.reusable, pause, due, lease, now);
    response
}

fn count_retry(exchange: &Exchange, upstream: &Upstream) {
    exchange.client.gate.metrics.retries.with_label_values(&[upstream.name.as_str()]).inc();
}

fn count_failure(exchange: &Exchange, upstream: &Upstream, error: &LinkError) {
    let kind = match error.kind {
        LinkErrorKind::Connect(_) => "connect",
        LinkErrorKind::Io(_) => "broken",
        LinkErrorKind::Timeout => "timeout",
        LinkErrorKind::Protocol(_) => "protocol",
        LinkErrorKind::Client(_) => "client",
    };
    let labels = [upstream.name.as_str(), kind];
    exchange.client.gate.metrics.upstream_failures.with_label_values(&labels).inc();
}

fn problem(error: LinkError) -> Problem {
    let (status, detail) = match error.kind {
        LinkErrorKind::Timeout => {
            (StatusCode::GATEWAY_TIMEOUT, "The service did not answer in time.")
        }
        LinkErrorKind::Connect(_) => (StatusCode::BAD_GATEWAY, "The service cannot be reached."),
        _ => (StatusCode::BAD_GATEWAY, "The service gave no valid answer."),
    };
    Problem::new(status).with_detail(detail).with_source(error)
}
