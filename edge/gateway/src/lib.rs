//! The edge gateway: listeners, TLS, routing, balancing and the ordered filter chain.
//!
//! It reads as parse, build, spawn, drain: [`Gateway::new`] checks the settings and builds
//! everything that follows from them; [`Gateway::bind`] takes the addresses and finds the
//! upstream servers; [`Bound::run`] serves until it is told to stop and then lets running
//! requests finish. [`GatewayHandle::reload`] swaps whatever follows from the settings in one
//! step while requests run.
//!
//! What always holds:
//! * A request passes the filters in the order of `filters/mod.rs`, whichever listener, protocol
//!   or target it has.
//! * What cannot be understood in exactly one way is refused (`wire`).
//! * A request is repeated only where nobody can notice (`proxy/forward.rs`).
//! * No request waits for a log line, and none is lost by a reload.

mod answer;
mod body;
mod check;
mod conn;
mod error;
mod exchange;
mod filters;
mod gate;
mod listen;
mod live;
mod metrics;
mod proxy;
pub mod reload;
mod route;
mod runtime;
mod sessions;
mod status;
mod target;
mod tls;
mod upstream;
pub mod waf;
mod websocket;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use marquis_cluster::Cluster;
use marquis_config::Environment;
use marquis_config::sections::gateway as settings;
use marquis_config::sections::waf::WafMode;
use marquis_contracts::identity::TokenVerifier;
use marquis_kernel::SharedClock;
use marquis_telemetry::Metrics;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use check::{Checked, Premises};
pub use conn::activity::ConnectionStatus;
pub use error::{GatewayError, Reasons};

use conn::activity::Counters;
use gate::Gate;
use listen::{Kind, Listener};
use live::{Live, Surroundings};
use runtime::Workers;
use waf::Firewall;

/// What a gateway is made of.
#[derive(Debug)]
pub struct GatewayParts {
    /// The `[gateway]` section.
    pub settings: settings::Gateway,
    /// Decides the ports that `auto` stands for.
    pub environment: Environment,
    /// Services of this process by name; others are upstreams in the settings.
    pub services: BTreeMap<String, axum::Router>,
    /// Rate limits.
    pub cluster: Cluster,
    /// Who checks access tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Where the gateway registers its own metrics.
    pub metrics: Arc<Metrics>,
    /// The time in logs and certificates.
    pub clock: SharedClock,
    /// `<data_dir>/tls` holds the self-signed certificate.
    pub data_dir: PathBuf,
}

/// A gateway whose settings are in order.
#[derive(Debug)]
pub struct Gateway {
    gate: Arc<Gate>,
    handle: GatewayHandle,
    environment: Environment,
    metrics: Arc<Metrics>,
}

/// A gateway that has its addresses.
#[derive(Debug)]
pub struct Bound {
    gate: Arc<Gate>,
    handle: GatewayHandle,
    http: Option<Listener>,
    https: Option<Listener>,
    status: Option<tokio::net::TcpListener>,
    metrics: Arc<Metrics>,
}

/// Reloads and inspects a gateway.
#[derive(Debug, Clone)]
pub struct GatewayHandle {
    gate: Arc<Gate>,
    tls: Arc<tls::Store>,
    workers: usize,
    /// One reload at a time.
    reloading: Arc<tokio::sync::Mutex<()>>,
}

impl Gateway {
    /// Builds the tables, reads certificates, makes the self-signed one if there is no other.
    ///
    /// # Errors
    ///
    /// Every reason why the settings cannot be used, or metrics that exist already.
    pub fn new(parts: GatewayParts) -> Result<Self, GatewayError> {
        let workers = runtime::count(parts.settings.workers);
        let counters: Arc<[Counters]> = (0..workers).map(|_| Counters::default()).collect();
        let registry = parts.metrics.registry();
        let metrics = metrics::Metrics::new(registry, &counters)?;
        let tls = Arc::new(tls::Store::new(&parts.data_dir, Arc::clone(&parts.clock)));
        let around =
            Surroundings { services: &parts.services, metrics: &metrics, tls: &tls, workers };
        let firewall = firewall(&parts.settings, None);
        let live = Live::build(&parts.settings, &around, None, firewall)
            .map_err(GatewayError::Settings)?;
        let sessions = sessions::Sessions::new(Arc::clone(&parts.cluster.cache));
        let gate = Arc::new(Gate {
            live: ArcSwap::from_pointee(live),
            counters,
            cluster: parts.cluster,
            verifier: parts.verifier,
            metrics,
            clock: parts.clock,
            services: parts.services,
            https_port: AtomicU16::new(443),
            peers: parking_lot::Mutex::default(),
            websockets: websocket::Places::default(),
            sessions,
            stopping: AtomicBool::new(false),
            draining: CancellationToken::new(),
            connections: TaskTracker::new(),
            tunnels: TaskTracker::new(),
        });
        registry.register(Box::new(status::Servers::new(&gate)?))?;
        let handle =
            GatewayHandle { gate: Arc::clone(&gate), tls, workers, reloading: Arc::default() };
        Ok(Self { gate, handle, environment: parts.environment, metrics: parts.metrics })
    }

    /// Takes the configured addresses and resolves the upstreams' names.
    ///
    /// # Errors
    ///
    /// An address that is malformed or taken.
    pub async fn bind(self) -> Result<Bound, GatewayError> {
        let live = self.gate.live.load_full();
        let address = |setting: &str, kind: Kind, key: &str| {
            listen::addresses(setting, kind, self.environment).map_err(|why| {
                GatewayError::Settings(Reasons(vec![format!("gateway.{key}: {why}")]))
            })
        };
        let http = address(&live.settings.http, Kind::Plain, "http")?;
        let https = address(&live.settings.https, Kind::Tls, "https")?;
        let http = listen::bind(&http, Kind::Plain)?;
        let https = listen::bind(&https, Kind::Tls)?;
        if let Some(https) = &https {
            self.gate.https_port.store(https.address.port(), Ordering::Relaxed);
        }
        let status = match listen::status(&live.settings.status) {
            Ok(None) => None,
            Err(why) => return Err(GatewayError::Settings(Reasons(vec![why]))),
            Ok(Some(address)) => {
                let bound = tokio::net::TcpListener::bind(address).await;
                Some(bound.map_err(|source| GatewayError::Listen { address, source })?)
            }
        };
        live.start_upstreams(None).await;
        let Self { gate, handle, metrics, .. } = self;
        Ok(Bound { gate, handle, http, https, status, metrics })
    }
}

impl Bound {
    /// Address of the plain listener.
    #[must_use]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(|listener| listener.address)
    }

    /// Address of the TLS listener.
    #[must_use]
    pub fn https_addr(&self) -> Option<SocketAddr> {
        self.https.as_ref().map(|listener| listener.address)
    }

    /// Address of the status listener.
    #[must_use]
    pub fn status_addr(&self) -> Option<SocketAddr> {
        self.status.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// For reloads and figures while it runs.
    #[must_use]
    pub fn handle(&self) -> GatewayHandle {
        self.handle.clone()
    }

    /// Serves until `shutdown` is cancelled, then until running requests are answered and
    /// WebSockets closed, or the drain time is over.
    ///
    /// # Errors
    ///
    /// Threads that cannot be started.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), GatewayError> {
        let Self { gate, handle, http, https, status, metrics } = self;
        let threading = gate.live.load().settings.threading;
        let workers = Workers::start(threading, handle.workers).map_err(GatewayError::Start)?;
        let workers = Arc::new(workers);
        let accepting = TaskTracker::new();
        for listener in [http, https].into_iter().flatten() {
            tracing::info!(address = %listener.address, "gateway listening");
            accepting.spawn(listen::accept(listener, Arc::clone(&gate), Arc::clone(&workers)));
        }
        let serving_status = status.map(|listener| {
            let router = status::router(&gate, metrics);
            let limits = marquis_http::server::ServerLimits::default();
            let stop = gate.draining.child_token();
            tokio::spawn(marquis_http::server::serve(listener, router, limits, stop))
        });

        shutdown.cancelled().await;
        gate.stopping.store(true, Ordering::Release);
        gate.draining.cancel();
        accepting.close();
        accepting.wait().await;
        let drain = gate.live.load().settings.drain.duration();
        if !drained(&gate, drain).await {
            tracing::warn!(
                connections = gate.connections.len(),
                tunnels = gate.tunnels.len(),
                "drain time is over, closing connections"
            );
        }
        if let Ok(workers) = Arc::try_unwrap(workers) {
            workers.stop().await;
        }
        if let Some(serving) = serving_status {
            serving.abort();
        }
        let live = gate.live.load_full();
        if let Some(log) = live.access_log.clone() {
            // The writer's thread does the waiting; a second is plenty for what is left.
            let _ = tokio::task::spawn_blocking(move || log.flush(Duration::from_secs(1))).await;
        }
        tracing::info!("gateway stopped");
        Ok(())
    }
}

/// Whether any route is to be looked at by the firewall.
fn wants_firewall(settings: &settings::Gateway) -> bool {
    settings.waf.engine != WafMode::Off
        || settings.routes.iter().any(|route| route.waf.is_some_and(|mode| mode != WafMode::Off))
}

/// The firewall of the settings, if any route is to be looked at.
fn firewall(
    settings: &settings::Gateway,
    before: Option<&Live>,
) -> Result<Option<Arc<Firewall>>, String> {
    if !wants_firewall(settings) {
        return Ok(None);
    }
    let before = before.and_then(|before| before.firewall.as_deref());
    Firewall::build(&settings.waf, before).map(|firewall| Some(Arc::new(firewall)))
}

/// Whether everything ended in time.
async fn drained(gate: &Gate, patience: Duration) -> bool {
    gate.connections.close();
    gate.tunnels.close();
    let all = async {
        gate.connections.wait().await;
        gate.tunnels.wait().await;
    };
    tokio::time::timeout(patience, all).await.is_ok()
}

impl GatewayHandle {
    /// Replaces routes, filters, certificates and upstreams in one step. Running requests end
    /// under the settings they began with. Listeners and threads stay.
    ///
    /// # Errors
    ///
    /// Every reason why the settings cannot be used; then nothing has changed.
    pub async fn reload(&self, settings: &settings::Gateway) -> Result<(), GatewayError> {
        let _one = self.reloading.lock().await;
        let before = self.gate.live.load_full();
        let around = Surroundings {
            services: &self.gate.services,
            metrics: &self.gate.metrics,
            tls: &self.tls,
            workers: self.workers,
        };
        // Compiling rules takes a tenth of a second, which no event loop has.
        let (own, old) = (settings.clone(), Arc::clone(&before));
        let rules = tokio::task::spawn_blocking(move || firewall(&own, Some(&old))).await;
        let rules = rules.unwrap_or_else(|error| Err(format!("gateway.waf: {error}")));
        let live = match Live::build(settings, &around, Some(&before), rules) {
            Ok(live) => live,
            Err(reasons) => {
                self.reload_failed();
                return Err(GatewayError::Settings(reasons));
            }
        };
        let fixed = |settings: &settings::Gateway| {
            let settings::Gateway { http, https, status, workers, threading, .. } = settings;
            (http.clone(), https.clone(), status.clone(), *workers, *threading)
        };
        if fixed(settings) != fixed(&before.settings) {
            tracing::warn!("listeners, workers and threading change at the next start only");
        }
        live.start_upstreams(Some(&before)).await;
        self.gate.live.store(Arc::new(live));
        self.gate.metrics.reloads.with_label_values(&["ok"]).inc();
        Ok(())
    }

    /// Counts a configuration that could not even be read.
    pub(crate) fn reload_failed(&self) {
        self.gate.metrics.reloads.with_label_values(&["failed"]).inc();
    }

    /// Connections and requests, as nginx's `stub_status` counts them.
    #[must_use]
    pub fn status(&self) -> ConnectionStatus {
        self.gate.status()
    }

    /// Every upstream server with what is known of its health.
    #[must_use]
    pub fn upstreams(&self) -> serde_json::Value {
        status::upstreams(&self.gate)
    }

    /// Files of the firewall's rules and their data.
    pub(crate) fn rule_files(&self) -> Vec<PathBuf> {
        let live = self.gate.live.load();
        live.firewall.as_ref().map_or_else(Vec::new, |firewall| firewall.files().to_vec())
    }

    /// Paths with wildcards that name such files.
    pub(crate) fn rule_patterns(&self) -> Vec<PathBuf> {
        let live = self.gate.live.load();
        live.firewall.as_ref().map_or_else(Vec::new, |firewall| firewall.patterns().to_vec())
    }

    pub(crate) fn certificates(&self) -> Vec<settings::Certificate> {
        self.gate.live.load().settings.tls.certificates.clone()
    }
}
