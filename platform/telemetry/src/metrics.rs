//! What is measured, in Prometheus' terms. Labels have few values: routes are templates,
//! never paths, and no label holds an id of a user.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::lines;
use crate::process::ProcessCollector;

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds; finer than a person notices, with the bounds that the alerts are written for.
const HTTP_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];
const DB_BUCKETS: [f64; 7] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered, by `method`, `route` and `status_code`.
    pub http_requests_total: IntCounterVec,
    /// Seconds until the answer, by `method`, `route` and `status_code`.
    pub http_request_duration_seconds: HistogramVec,
    /// WebSocket connections open now.
    pub websocket_connections_active: IntGauge,
    /// Seconds of database statements, by `operation` and `model`.
    pub db_query_duration_seconds: HistogramVec,
    /// Users with a connection or recent activity.
    pub active_users_total: IntGauge,
    /// Chat messages accepted, by `type`.
    pub chat_messages_total: IntCounterVec,
}

impl Metrics {
    /// A registry of its own with all metrics at zero.
    ///
    /// # Panics
    ///
    /// Never: names and labels are constants that the tests register.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let http_labels = &["method", "route", "status_code"];
        let metrics = Self {
            registry: Registry::new(),
            http_requests_total: made(IntCounterVec::new(
                Opts::new("http_requests_total", "Total HTTP requests"),
                http_labels,
            )),
            http_request_duration_seconds: made(HistogramVec::new(
                HistogramOpts::new("http_request_duration_seconds", "HTTP request duration")
                    .buckets(HTTP_BUCKETS.to_vec()),
                http_labels,
            )),
            websocket_connections_active: made(IntGauge::new(
                "websocket_connections_active",
                "Currently active WebSocket connections",
            )),
            db_query_duration_seconds: made(HistogramVec::new(
                HistogramOpts::new("db_query_duration_seconds", "Database query duration")
                    .buckets(DB_BUCKETS.to_vec()),
                &["operation", "model"],
            )),
            active_users_total: made(IntGauge::new("active_users_total", "Currently active users")),
            chat_messages_total: made(IntCounterVec::new(
                Opts::new("chat_messages_total", "Total messages sent"),
                &["type"],
            )),
        };
        metrics.register(metrics.http_requests_total.clone());
        metrics.register(metrics.http_request_duration_seconds.clone());
        metrics.register(metrics.websocket_connections_active.clone());
        metrics.register(metrics.db_query_duration_seconds.clone());
        metrics.register(metrics.active_users_total.clone());
        metrics.register(metrics.chat_messages_total.clone());
        metrics.register(ProcessCollector::new());
        metrics.register(lines::DroppedLines::new());
        Arc::new(metrics)
    }

    fn register(&self, collector: impl Collector + 'static) {
        made(self.registry.register(Box::new(collector)));
    }

    /// The registry, for metrics of one crate only.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Counts an answered request. `route` is the template, `/users/{id}`.
    pub fn observe_http(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let digits = [100, 10, 1].map(|unit| b'0' + u8::try_from(status / unit % 10).unwrap_or(0));
        let status = std::str::from_utf8(&digits).unwrap_or("000");
        let labels = [method, route, status];
        self.http_requests_total.with_label_values(&labels).inc();
        self.http_request_duration_seconds
            .with_label_values(&labels)
            .observe(elapsed.as_secs_f64());
    }

    /// All metrics in the text format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::with_capacity(16 * 1024);
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "metrics cannot be encoded");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Metrics are made from constants; a mistake in one shows in every test.
pub(crate) fn made<T>(result: prometheus::Result<T>) -> T {
    #[expect(clippy::expect_used, reason = "constant names and labels, registered once")]
    result.expect("the metric's name and labels are valid and unique")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, series: &str) -> f64 {
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
            .unwrap_or_else(|| panic!("{series} in\n{text}"))
    }

    #[test]
    fn names_labels_and_buckets_are_those_of_the_dashboards() {
        let metrics = Metrics::new();
        metrics.observe_http("GET", "/users/{id}", 200, Duration::from_millis(30));
        metrics.observe_http("GET", "/users/{id}", 200, Duration::from_secs(3));
        metrics.db_query_duration_seconds.with_label_values(&["insert", "payment"]).observe(0.02);
        metrics.chat_messages_total.with_label_values(&["direct"]).inc();
        metrics.active_users_total.set(2);
        metrics.websocket_connections_active.set(1);
        let text = metrics.render();
        let labels = r#"method="GET",route="/users/{id}",status_code="200""#;
        assert!((value(&text, &format!("http_requests_total{{{labels}}}")) - 2.0).abs() < 1e-9);
        for (bound, count) in [("0.1", 1.0), ("0.5", 1.0), ("1", 1.0), ("2", 1.0), ("5", 2.0)] {
            let series = format!("http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}}");
            assert!((value(&text, &series) - count).abs() < 1e-9, "{bound}");
        }
        for bound in ["0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1"] {
            let series = format!(
                "db_query_duration_seconds_bucket{{model=\"payment\",operation=\"insert\",le=\"{bound}\"}}"
            );
            value(&text, &series);
        }
        assert!((value(&text, "chat_messages_total{type=\"direct\"}") - 1.0).abs() < 1e-9);
        assert!((value(&text, "active_users_total") - 2.0).abs() < 1e-9);
        assert!((value(&text, "websocket_connections_active") - 1.0).abs() < 1e-9);
        value(&text, "log_lines_dropped_total");
    }

    #[test]
    fn the_process_is_measured() {
        let metrics = Metrics::new();
        let text = metrics.render();
        assert!(value(&text, "process_resident_memory_bytes") > 1e6);
        assert!(
            value(&text, "process_virtual_memory_bytes")
                >= value(&text, "process_resident_memory_bytes")
        );
        assert!(value(&text, "process_open_fds") >= 3.0);
        assert!(value(&text, "process_max_fds") >= value(&text, "process_open_fds"));
        assert!(value(&text, "process_threads") >= 1.0);
        let started = value(&text, "process_start_time_seconds");
        let now = marquis_kernel::Clock::unix(&marquis_kernel::SystemClock) as f64;
        assert!(started <= now + 1.0 && now - started < 3_600.0, "{started} {now}");
        let before = value(&text, "process_cpu_seconds_total");
        let mut sum = 0_u64;
        let busy_until = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            sum = (0..5_000_000_u64).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
            let after = value(&metrics.render(), "process_cpu_seconds_total");
            assert!(after >= before);
            if after > before {
                break;
            }
            assert!(std::time::Instant::now() < busy_until, "no time passes ({sum})");
        }
    }
}
