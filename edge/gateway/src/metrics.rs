//! What the gateway counts, under names beginning with `gateway_`: the services behind it count
//! their own requests as `http_requests_total`, and one request must not be counted twice.
//!
//! The request path never looks a label up: each route keeps the counters of the few
//! combinations of method and status it has seen.

use std::sync::Arc;

use http::{Method, StatusCode};
use parking_lot::RwLock;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use crate::conn::activity::{ConnectionStatus, Counters};

/// Seconds; a gateway's own share is well below the first.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The gateway's metrics.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    pub(crate) retries: IntCounterVec,
    pub(crate) upstream_failures: IntCounterVec,
    pub(crate) limited: IntCounterVec,
    pub(crate) refused: IntCounterVec,
    pub(crate) handshakes_failed: IntCounter,
    pub(crate) reloads: IntCounterVec,
    pub(crate) waf: crate::waf::Metrics,
}

impl Metrics {
    pub(crate) fn new(
        registry: &Registry,
        counters: &Arc<[Counters]>,
    ) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let labels = ["method", "route", "status_code"];
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "gateway_request_duration_seconds",
                "Time from a request's header to the last byte of its answer.",
            )
            .buckets(BUCKETS.to_vec()),
            &labels,
        )?;
        registry.register(Box::new(duration.clone()))?;
        let handshakes_failed = IntCounter::new(
            "gateway_tls_handshakes_failed_total",
            "TLS handshakes that failed or took too long.",
        )?;
        registry.register(Box::new(handshakes_failed.clone()))?;
        registry.register(Box::new(Connections::new(Arc::clone(counters))?))?;
        Ok(Self {
            requests: counter("gateway_requests_total", "Requests answered.", &labels)?,
            duration,
            retries: counter(
                "gateway_retries_total",
                "Requests sent again to an upstream.",
                &["upstream"],
            )?,
            upstream_failures: counter(
                "gateway_upstream_failures_total",
                "Attempts that an upstream server failed.",
                &["upstream", "kind"],
            )?,
            limited: counter(
                "gateway_rate_limited_total",
                "Requests refused by a rate limit.",
                &["class"],
            )?,
            refused: counter(
                "gateway_refused_requests_total",
                "Requests refused before they reached a route.",
                &["status_code"],
            )?,
            handshakes_failed,
            waf: crate::waf::Metrics::new(registry)?,
            reloads: counter(
                "gateway_reloads_total",
                "Reloads of the configuration.",
                &["result"],
            )?,
        })
    }

    /// The counters of a route.
    pub(crate) fn route(&self, pattern: &str) -> Arc<RouteMetrics> {
        Arc::new(RouteMetrics {
            pattern: pattern.to_owned(),
            requests: self.requests.clone(),
            duration: self.duration.clone(),
            seen: RwLock::new(Vec::new()),
        })
    }
}

/// The counters of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    pattern: String,
    requests: IntCounterVec,
    duration: HistogramVec,
    seen: RwLock<Vec<Cell>>,
}

#[derive(Debug)]
struct Cell {
    method: &'static str,
    status: StatusCode,
    requests: IntCounter,
    duration: Histogram,
}

impl RouteMetrics {
    /// Counts an answered request.
    pub(crate) fn observe(&self, method: &Method, status: StatusCode, seconds: f64) {
        let method = label(method);
        let fits = |cell: &&Cell| cell.status == status && std::ptr::eq(cell.method, method);
        if let Some(cell) = self.seen.read().iter().find(fits) {
            cell.requests.inc();
            cell.duration.observe(seconds);
            return;
        }
        let labels = [method, self.pattern.as_str(), status.as_str()];
        let cell = Cell {
            method,
            status,
            requests: self.requests.with_label_values(&labels),
            duration: self.duration.with_label_values(&labels),
        };
        cell.requests.inc();
        cell.duration.observe(seconds);
        let mut seen = self.seen.write();
        if !seen.iter().any(|cell| cell.status == status && cell.method == method) {
            seen.push(cell);
        }
    }

    #[cfg(test)]
    pub(crate) fn detached() -> Arc<Self> {
        let counters: Arc<[Counters]> = Arc::from([Counters::default()]);
        Metrics::new(&Registry::new(), &counters).expect("metrics").route("test")
    }
}

/// Methods anybody can invent must not become labels.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// One figure of a status.
type Figure = fn(&ConnectionStatus) -> u64;

/// Connections, read when they are asked for.
struct Connections {
    counters: Arc<[Counters]>,
    gauges: Vec<(IntGauge, Figure)>,
}

impl Connections {
    fn new(counters: Arc<[Counters]>) -> Result<Self, prometheus::Error> {
        let gauges: [(&str, &str, Figure); 8] = [
            ("gateway_connections_active", "Open connections.", |status| status.active),
            ("gateway_connections_accepted", "Connections accepted.", |status| status.accepted),
            ("gateway_connections_handled", "Connections served.", |status| status.handled),
            ("gateway_connections_requests", "Requests received.", |status| status.requests),
            ("gateway_connections_reading", "Connections whose request is arriving.", |status| {
                status.reading
            }),
            ("gateway_connections_writing", "Requests being answered.", |status| status.writing),
            ("gateway_connections_waiting", "Idle connections.", |status| status.waiting),
            ("gateway_connections_tunnels", "Open WebSockets.", |status| status.tunnels),
        ];
        let gauges = gauges
            .into_iter()
            .map(|(name, help, read)| Ok((IntGauge::new(name, help)?, read)))
            .collect::<Result<_, prometheus::Error>>()?;
        Ok(Self { counters, gauges })
    }
}

impl Collector for Connections {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.iter().flat_map(|(gauge, _)| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let status = ConnectionStatus::sum(&self.counters);
        let collect = |(gauge, read): &(IntGauge, Figure)| {
            gauge.set(i64::try_from(read(&status)).unwrap_or(i64::MAX));
            gauge.collect()
        };
        self.gauges.iter().flat_map(collect).collect()
    }
}
