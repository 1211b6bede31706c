//! The record of one request and its answer, from the first byte to the last: what the filters
//! learn about it, and what the access log and the metrics say in the end.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use marquis_cluster::Verdict;
use marquis_contracts::identity::Principal;
use marquis_telemetry::trace::TraceContext;
use tokio::time::Instant;

use crate::body::{Body, BodyWatch, BoxError};
use crate::conn::Client;
use crate::filters::access_log;
use crate::live::Live;
use crate::route::{Limit, Route};
use crate::upstream::server::Server;
use crate::waf::Inspection;

/// What is known of a request.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) live: Arc<Live>,
    pub(crate) client: Arc<Client>,
    pub(crate) started: Instant,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) http2: bool,
    pub(crate) trace: TraceContext,
    pub(crate) request_id: HeaderValue,
    /// The client's address, behind trusted proxies.
    pub(crate) address: IpAddr,
    /// Whether the client itself speaks TLS.
    pub(crate) secure: bool,
    pub(crate) route: Option<Arc<Route>>,
    pub(crate) principal: Option<Arc<Principal>>,
    /// The tightest rate limit the request passed, or the one it failed.
    pub(crate) verdict: Option<(Arc<Limit>, Verdict)>,
    pub(crate) body: Option<Arc<BodyWatch>>,
    /// What the firewall knows of it, until its answer is ready.
    pub(crate) inspection: Option<Box<Inspection>>,
    pub(crate) refused_by_firewall: bool,
    pub(crate) server: Option<Arc<Server>>,
    pub(crate) upstream_time: Duration,
    pub(crate) attempts: u32,
    pub(crate) status: StatusCode,
    pub(crate) sent: u64,
    /// Whether the answer was written to its end.
    pub(crate) complete: bool,
}

impl Exchange {
    /// A request has arrived.
    pub(crate) fn begin(
        live: Arc<Live>,
        client: Arc<Client>,
        method: &Method,
        uri: &Uri,
        http2: bool,
    ) -> Box<Self> {
        let gate = &client.gate;
        let counters = &gate.counters[client.worker];
        counters.requests.fetch_add(1, Ordering::Relaxed);
        counters.writing.fetch_add(1, Ordering::Relaxed);
        Box::new(Self {
            live,
            started: Instant::now(),
            method: method.clone(),
            uri: uri.clone(),
            http2,
            trace: TraceContext::root(),
            request_id: HeaderValue::from_static("-"),
            address: client.peer.ip(),
            secure: client.tls,
            client,
            route: None,
            principal: None,
            verdict: None,
            body: None,
            inspection: None,
            refused_by_firewall: false,
            server: None,
            upstream_time: Duration::ZERO,
            attempts: 0,
            status: StatusCode::OK,
            sent: 0,
            complete: false,
        })
    }

    /// The answer was sent, or nobody wants it any more.
    fn end(&self) {
        let counters = &self.client.gate.counters[self.client.worker];
        counters.writing.fetch_sub(1, Ordering::Relaxed);
        if let Some(activity) = &self.client.activity {
            activity.set_busy(false);
        }
        let elapsed = self.started.elapsed();
        if let Some(route) = &self.route {
            route.metrics.observe(&self.method, self.status, elapsed.as_secs_f64());
        }
        access_log::write(self, elapsed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end();
    }
}

/// An answer's body with the record that ends with it.
#[derive(Debug)]
pub(crate) struct Answered {
    body: Body,
    exchange: Option<Box<Exchange>>,
}

impl Answered {
    pub(crate) fn new(body: Body, mut exchange: Box<Exchange>) -> Self {
        exchange.complete = body.is_end_stream();
        Self { body, exchange: Some(exchange) }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let polled = std::task::ready!(Pin::new(&mut this.body).poll_frame(cx));
        if let Some(exchange) = &mut this.exchange {
            match &polled {
                Some(Ok(frame)) => {
                    exchange.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
                    exchange.complete = this.body.is_end_stream();
                }
                Some(Err(error)) => {
                    tracing::warn!(
                        trace_id = exchange.trace.trace_id(),
                        error = error.as_ref() as &dyn std::error::Error,
                        "an answer broke off"
                    );
                }
                None => exchange.complete = true,
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
