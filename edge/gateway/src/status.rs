//! What operators and orchestrators read: `/metrics` (Prometheus), `/stub_status` (in nginx's
//! format), `/upstreams` (JSON), `/livez` and `/readyz`, on a listener of its own and never on
//! the public ones.

use std::fmt::Write as _;
use std::sync::{Arc, Weak};

use axum::Router;
use axum::routing::get;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};
use serde_json::{Value, json};

use crate::conn::activity::ConnectionStatus;
use crate::gate::Gate;

/// The routes of the status listener.
pub(crate) fn router(gate: &Arc<Gate>, metrics: Arc<marquis_telemetry::Metrics>) -> Router {
    let (status, upstreams_gate) = (Arc::clone(gate), Arc::clone(gate));
    let draining = gate.draining.clone();
    Router::new()
        .route("/livez", get(async || axum::Json(json!({ "status": "ok" }))))
        .route("/readyz", get(async move || readiness(draining.is_cancelled())))
        .route(
            "/metrics",
            get(async move || {
                let kind = marquis_telemetry::metrics::CONTENT_TYPE;
                ([(http::header::CONTENT_TYPE, kind)], metrics.render())
            }),
        )
        .route("/stub_status", get(async move || stub_status(&status.status())))
        .route("/upstreams", get(async move || axum::Json(upstreams(&upstreams_gate))))
}

/// The gateway itself takes requests until it drains; that a service is away is no reason to
/// take the gateway away as well.
fn readiness(draining: bool) -> (http::StatusCode, axum::Json<Value>) {
    if draining {
        return (
            http::StatusCode::SERVICE_UNAVAILABLE,
            axum::Json(json!({ "status": "draining" })),
        );
    }
    (http::StatusCode::OK, axum::Json(json!({ "status": "ok" })))
}

/// The text of nginx's `ngx_http_stub_status_module`.
pub(crate) fn stub_status(status: &ConnectionStatus) -> String {
    let mut text = String::new();
    let ConnectionStatus { active, accepted, handled, requests, reading, writing, waiting, .. } =
        status;
    let _ = write!(
        text,
        "Active connections: {active} \nserver accepts handled requests\n {accepted} {handled} {requests} \n\
         Reading: {reading} Writing: {writing} Waiting: {waiting} \n",
    );
    text
}

/// Every server with what is known of it.
pub(crate) fn upstreams(gate: &Gate) -> Value {
    let live = gate.live.load();
    let upstreams = live.upstreams.iter().map(|(name, upstream)| {
        let servers: Vec<Value> = upstream
            .servers()
            .iter()
            .map(|server| {
                json!({
                    "server": server.label,
                    "available": server.available(),
                    "up": server.is_up(),
                    "ejected": server.is_ejected(),
                    "running": server.running(),
                    "webSockets": server.tunnels(),
                    "idleConnections": server.idle_count(),
                })
            })
            .collect();
        let document = json!({ "circuitOpen": upstream.circuit.is_open(), "servers": servers });
        (name.clone(), document)
    });
    Value::Object(upstreams.collect())
}

/// Servers as metrics, read when they are asked for.
pub(crate) struct Servers {
    gate: Weak<Gate>,
    up: IntGaugeVec,
    running: IntGaugeVec,
}

impl Servers {
    pub(crate) fn new(gate: &Arc<Gate>) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            IntGaugeVec::new(Opts::new(name, help), &["upstream", "server"])
        };
        Ok(Self {
            gate: Arc::downgrade(gate),
            up: gauge("gateway_upstream_server_up", "Whether a server gets requests.")?,
            running: gauge("gateway_upstream_server_running", "Requests running on a server.")?,
        })
    }
}

impl Collector for Servers {
    fn desc(&self) -> Vec<&Desc> {
        [self.up.desc(), self.running.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(gate) = self.gate.upgrade() else { return Vec::new() };
        // Servers that are gone must not keep their last value.
        self.up.reset();
        self.running.reset();
        for (name, upstream) in &gate.live.load().upstreams {
            for server in upstream.servers().iter() {
                let labels = [name.as_str(), server.label.as_str()];
                self.up.with_label_values(&labels).set(i64::from(server.available()));
                let running = i64::try_from(server.running()).unwrap_or(i64::MAX);
                self.running.with_label_values(&labels).set(running);
            }
        }
        [self.up.collect(), self.running.collect()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draining_gateway_is_not_ready() {
        assert_eq!(readiness(false).0, http::StatusCode::OK);
        assert_eq!(readiness(true).0, http::StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn the_text_is_nginxs() {
        let status = ConnectionStatus {
            active: 291,
            accepted: 16_630_948,
            handled: 16_630_948,
            requests: 31_070_465,
            reading: 6,
            writing: 179,
            waiting: 106,
            tunnels: 0,
        };
        assert_eq!(
            stub_status(&status),
            "Active connections: 291 \nserver accepts handled requests\n 16630948 16630948 31070465 \n\
             Reading: 6 Writing: 179 Waiting: 106 \n",
        );
    }
}
