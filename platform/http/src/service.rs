//! The shell around a service's routes.
//!
//! What always holds inside it: a request has a trace and a [`RequestContext`], is counted
//! by its route template, and ends in time; an answer of 400 and above is a [`Problem`];
//! a panic costs one request; the cause of a 5xx is logged exactly once.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use axum::routing::{Route, get};
use futures_util::FutureExt as _;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use marquis_kernel::SharedClock;
use marquis_telemetry::context::{self, RequestContext};
use marquis_telemetry::metrics::Metrics;
use marquis_telemetry::trace::TraceContext;
use tower::{Layer, Service as TowerService};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::docs;
pub use crate::docs::{BEARER, completed, is_public, operations};
use crate::extensions::{ClientAddr, OriginalPath, PeerAddr, TrustedPeers};
use crate::health::{Health, HealthChecks, Status, chain};
use crate::input::BodyLimits;
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLimits {
    /// Largest request body, in bytes.
    pub body_size: usize,
    /// How long the body may take to arrive.
    pub body_time: Duration,
    /// How long the answer may take, from the request's head to the response's head.
    pub time: Duration,
    /// Whose `X-Real-IP` is believed.
    pub trusted_peers: TrustedPeers,
}

/// 1 MiB within 15 s, 30 s for the answer, gateways on private networks.
impl Default for ServiceLimits {
    fn default() -> Self {
        let body = BodyLimits::default();
        Self {
            body_size: body.size,
            body_time: body.time,
            time: Duration::from_secs(30),
            trusted_peers: TrustedPeers::default(),
        }
    }
}

/// A service about to be built.
pub struct Service {
    name: &'static str,
    metrics: Arc<Metrics>,
    clock: SharedClock,
    routes: OpenApiRouter,
    health: HealthChecks,
    limits: ServiceLimits,
}

impl Service {
    /// A service without routes. `name` is the one in logs and documents: `auth`.
    #[must_use]
    pub fn new(name: &'static str, metrics: Arc<Metrics>, clock: SharedClock) -> Self {
        Self {
            name,
            metrics,
            clock,
            routes: OpenApiRouter::new(),
            health: HealthChecks::new(),
            limits: ServiceLimits::default(),
        }
    }

    /// Adds documented routes.
    #[must_use]
    pub fn routes(mut self, routes: OpenApiRouter) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// What `/health` checks.
    #[must_use]
    pub fn health(mut self, checks: HealthChecks) -> Self {
        self.health = checks;
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: ServiceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The completed OpenAPI document.
    #[must_use]
    pub fn openapi(&self) -> OpenApi {
        completed(self.routes.get_openapi().clone(), self.name)
    }

    /// The routes with everything around them: `/health`, `/livez`, `/readyz`,
    /// `/metrics`, `/docs/`, `/openapi.json`, and the layer that this module describes.
    pub fn build(self) -> Router {
        let document = self.openapi();
        let health = Arc::new(Health::new(self.name, self.health));
        let metrics = Arc::clone(&self.metrics);
        let shell = Arc::new(Shell { name: self.name, metrics: self.metrics, limits: self.limits });
        let (routes, _) = self.routes.split_for_parts();
        routes
            .merge(probes(health, metrics, self.clock))
            .merge(docs::routes(&document))
            .fallback(no_such_route)
            .layer(ShellLayer(shell))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

fn probes(health: Arc<Health>, metrics: Arc<Metrics>, clock: SharedClock) -> Router {
    let readiness = Arc::clone(&health);
    let report = async move || {
        let report = health.report().await;
        let status = match report.status {
            Status::Ok | Status::Degraded => StatusCode::OK,
            Status::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut body = serde_json::to_value(&*report).unwrap_or_default();
        let now = clock.now().format(&time::format_description::well_known::Rfc3339);
        if let (Some(body), Ok(now)) = (body.as_object_mut(), now) {
            body.insert("timestamp".to_owned(), now.into());
        }
        (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body))
    };
    let text = |status: StatusCode, text: &'static str| {
        (
            status,
            [(header::CACHE_CONTROL, "no-store")],
            axum::Json(serde_json::json!({"status": text})),
        )
    };
    Router::new()
        .route("/livez", get(async move || text(StatusCode::OK, "ok")))
        .route(
            "/readyz",
            get(async move || match readiness.ready() {
                true => text(StatusCode::OK, "ok"),
                false => text(StatusCode::SERVICE_UNAVAILABLE, "draining"),
            }),
        )
        .route("/health", get(report))
        .route(
            "/metrics",
            get(async move || {
                let media_type = "text/plain; version=0.0.4; charset=utf-8";
                ([(header::CONTENT_TYPE, media_type)], metrics.render())
            }),
        )
}

async fn no_such_route() -> Problem {
    Problem::not_found("There is nothing at this path.")
}

struct Shell {
    name: &'static str,
    metrics: Arc<Metrics>,
    limits: ServiceLimits,
}

#[derive(Clone)]
struct ShellLayer(Arc<Shell>);

impl Layer<Route> for ShellLayer {
    type Service = Shelled;

    fn layer(&self, inner: Route) -> Shelled {
        Shelled { shell: Arc::clone(&self.0), inner }
    }
}

/// One route in the shell. Written by hand, not composed of layers: each composed layer
/// doubles the type and costs compile time in every crate that names the router.
#[derive(Clone)]
struct Shelled {
    shell: Arc<Shell>,
    inner: Route,
}

impl TowerService<Request> for Shelled {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        TowerService::<Request>::poll_ready(&mut self.inner, context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = Instant::now();
        let shell = Arc::clone(&self.shell);
        let context = context_of(shell.name, request.headers());
        shell.equip(&mut request);
        let asked = Asked::about(&request);
        // Nothing of the route runs before its future is polled, inside the context.
        let answering = self.inner.call(request);
        let answer = async move {
            let response = asked.settle(shell.answer(answering).await);
            shell.count(&asked, response.status(), started.elapsed());
            Ok(response)
        };
        Box::pin(context::scope(context, answer))
    }
}

impl Shell {
    async fn answer(&self, answering: RouteFuture<Infallible>) -> Response {
        let answering = tokio::time::timeout(self.limits.time, answering);
        match AssertUnwindSafe(answering).catch_unwind().await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_)) => Problem::new(StatusCode::GATEWAY_TIMEOUT)
                .with_detail("The request took too long.")
                .with_source("the request exceeded the service's time limit")
                .into_response(),
            Err(panic) => Problem::internal(panic_message(panic.as_ref())).into_response(),
        }
    }

    /// Puts the client's address and the body limits into the request.
    fn equip(&self, request: &mut Request) {
        let limits = BodyLimits { size: self.limits.body_size, time: self.limits.body_time };
        if request.extensions().get::<ClientAddr>().is_none() {
            let peer: Option<PeerAddr> = request.extensions().get().copied();
            if let Some(PeerAddr(peer)) = peer {
                let peer = peer.ip().to_canonical();
                let named =
                    self.limits.trusted_peers.trusts(peer).then(|| real_ip(request.headers()));
                let client = ClientAddr(named.flatten().unwrap_or(peer));
                request.extensions_mut().insert(client);
            }
        }
        request.extensions_mut().insert(limits);
    }

    fn count(&self, asked: &Asked, status: StatusCode, took: Duration) {
        let (method, route) = (asked.method_label(), asked.route());
        self.metrics.observe_http(method, route, status.as_u16(), took);
        tracing::debug!(
            method,
            route,
            status = status.as_u16(),
            duration_ms = took.as_secs_f64() * 1e3,
            "request answered"
        );
    }
}

/// What has to be known of a request after its handler consumed it.
struct Asked {
    method: Method,
    route: Option<MatchedPath>,
    path: Arc<str>,
    request_id: Option<HeaderValue>,
}

impl Asked {
    fn about(request: &Request) -> Self {
        let path = match request.extensions().get::<OriginalPath>() {
            Some(OriginalPath(path)) => Arc::clone(path),
            None => Arc::from(request.uri().path()),
        };
        let request_id = request.headers().get(REQUEST_ID).filter(|id| {
            id.len() <= 128 && id.as_bytes().iter().all(|byte| byte.is_ascii_graphic())
        });
        Self {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            path,
            request_id: request_id.cloned(),
        }
    }

    /// The route's template: never the path itself, of which there is no end.
    fn route(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    /// A closed set: anybody can invent methods.
    fn method_label(&self) -> &'static str {
        match self.method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            Method::TRACE => "TRACE",
            Method::CONNECT => "CONNECT",
            _ => "OTHER",
        }
    }

    /// Turns whatever the route answered into what the platform promises.
    fn settle(&self, response: Response) -> Response {
        let mut response = response;
        if self.method == Method::OPTIONS && response.status() == StatusCode::METHOD_NOT_ALLOWED {
            // The router adds Allow outside of this layer.
            response = StatusCode::NO_CONTENT.into_response();
        }
        if response.status().is_client_error() || response.status().is_server_error() {
            response = self.settle_error(response);
        }
        if let Some(id) = &self.request_id {
            response.headers_mut().insert(REQUEST_ID, id.clone());
        }
        response
    }

    fn settle_error(&self, mut response: Response) -> Response {
        let problem = match response.extensions_mut().remove::<Problem>() {
            Some(problem) => problem,
            // Health reports and OAuth errors have documents of their own.
            None if !is_bare(&response) => return response,
            None => bare_problem(&response),
        };
        log(&problem);
        let mut settled = problem.to_response(Some(&self.path));
        // What the route or another layer added to the response stays.
        for (name, value) in response.headers() {
            let described = matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH);
            if !described && !settled.headers().contains_key(name) {
                settled.headers_mut().append(name.clone(), value.clone());
            }
        }
        if self.method == Method::HEAD {
            *settled.body_mut() = axum::body::Body::empty();
        }
        settled
    }
}

/// Whether a response of 400 and above comes from the framework rather than from a handler.
fn is_bare(response: &Response) -> bool {
    match response.headers().get(header::CONTENT_TYPE) {
        Some(media_type) => media_type.as_bytes().starts_with(b"text/plain"),
        None => true,
    }
}

fn bare_problem(response: &Response) -> Problem {
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(StatusCode::METHOD_NOT_ALLOWED)
            .with_detail("This path does not support the method; Allow names those it does."),
        StatusCode::INTERNAL_SERVER_ERROR => Problem::internal_without_cause(),
        status => Problem::new(status),
    }
}

/// The one place where the cause of a failed request is logged. The trace id comes from
/// the request context.
fn log(problem: &Problem) {
    let status = problem.status().as_u16();
    let cause = std::error::Error::source(problem).map(chain);
    if status == 500 {
        tracing::error!(status, error = cause, "request failed");
    } else if status > 500 {
        tracing::warn!(status, error = cause, "request could not be served");
    } else if let Some(cause) = cause {
        tracing::debug!(status, error = cause, "request refused");
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", message.unwrap_or("without a message"))
}

/// The request as this service sees it: the one a gateway in this process is serving, or a
/// new one in the caller's trace, or in a new trace.
fn context_of(service: &'static str, headers: &HeaderMap) -> RequestContext {
    if let Some(surrounding) = context::current() {
        return surrounding.enter(service);
    }
    let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let trace = given
        .and_then(TraceContext::parse)
        .map_or_else(TraceContext::root, |parent| parent.child());
    RequestContext::new(service, trace)
}

fn real_ip(headers: &HeaderMap) -> Option<IpAddr> {
    let mut given = headers.get_all(REAL_IP).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    value.to_str().ok()?.trim().parse().ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
