//! A gateway on free ports, servers behind it, and clients that show every byte.

mod backend;
mod chat;
mod client;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_cluster::Cluster;
use marquis_config::sections::gateway as settings;
use marquis_config::sections::waf::WafMode;
use marquis_config::{Config, Environment, Span};
use marquis_contracts::identity::{Principal, Role, SessionId, TokenVerifier, UserId, VerifyError};
use marquis_gateway::{Bound, Gateway, GatewayError, GatewayHandle, GatewayParts};
use marquis_kernel::SystemClock;
use marquis_telemetry::Metrics;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use backend::Backend;
pub use chat::{Chat, ChatState};
pub use client::{Answer, Anyone, Wire, https_client, problem, tls};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running gateway.
pub struct Rig {
    pub http: SocketAddr,
    pub https: SocketAddr,
    pub status: Option<SocketAddr>,
    pub handle: GatewayHandle,
    pub settings: settings::Gateway,
    pub dir: TempDir,
    pub stop: CancellationToken,
    pub running: JoinHandle<Result<(), GatewayError>>,
}

/// Settings of a test: plain and TLS listeners on free ports, no rate limits, quick timeouts.
pub fn settings() -> settings::Gateway {
    let mut settings = Config::defaults(Environment::Test).expect("defaults").gateway;
    settings.http = "127.0.0.1:0".to_owned();
    settings.https = "127.0.0.1:0".to_owned();
    settings.plain = settings::PlainMode::Serve;
    settings.workers = 2;
    settings.access_log.enabled = false;
    // Tests of the firewall switch it on; the others are about what comes after it.
    settings.waf.engine = WafMode::Off;
    for limit in settings.rate_limits.values_mut() {
        limit.limit = 0;
    }
    settings
}

/// An upstream with these servers and everything else as by default, without active checks.
pub fn upstream(servers: &[SocketAddr]) -> settings::Upstream {
    settings::Upstream {
        servers: servers.iter().map(ToString::to_string).collect(),
        balance: settings::Balance::RoundRobin,
        resolve_every: span(10_000),
        idle_connections: 64,
        idle_timeout: span(55_000),
        max_requests: 4_096,
        health: settings::HealthCheck { path: String::new(), ..Default::default() },
        ejection: settings::Ejection::default(),
        circuit: settings::Circuit::default(),
        timeouts: None,
    }
}

/// A route to the upstream `echo`.
pub fn route(path: &str) -> settings::Route {
    settings::Route {
        path: path.to_owned(),
        hosts: Vec::new(),
        methods: Vec::new(),
        service: "echo".to_owned(),
        strip: String::new(),
        prefix: String::new(),
        auth: settings::AuthMode::None,
        rate_limits: Vec::new(),
        body: None,
        cors: true,
        compression: true,
        waf: None,
        host_header: settings::HostHeader::Preserve,
        timeouts: None,
    }
}

pub fn span(millis: u64) -> Span {
    Span::from_millis(millis)
}

impl Rig {
    /// A gateway that sends everything to `backends`.
    pub async fn to(backends: &[&Backend]) -> Self {
        Self::with(backends, |_| {}).await
    }

    pub async fn with(backends: &[&Backend], change: impl FnOnce(&mut settings::Gateway)) -> Self {
        let mut settings = settings();
        let addresses: Vec<SocketAddr> = backends.iter().map(|backend| backend.address).collect();
        settings.upstreams.insert("echo".to_owned(), upstream(&addresses));
        settings.routes.push(route("/*"));
        change(&mut settings);
        Self::start(settings, BTreeMap::new()).await
    }

    pub async fn start(
        settings: settings::Gateway,
        services: BTreeMap<String, axum::Router>,
    ) -> Self {
        Self::start_in(settings, services, Cluster::memory(SystemClock::shared())).await
    }

    /// One of several gateways that share a cluster.
    pub async fn start_in(
        settings: settings::Gateway,
        services: BTreeMap<String, axum::Router>,
        cluster: Cluster,
    ) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let bound = bind_in(&settings, services, &dir, Metrics::new(), cluster);
        let bound = bound.await.expect("bound");
        let stop = CancellationToken::new();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        Self {
            http: bound.http_addr().unwrap_or(nowhere),
            https: bound.https_addr().unwrap_or(nowhere),
            status: bound.status_addr(),
            handle: bound.handle(),
            settings,
            dir,
            stop: stop.clone(),
            running: tokio::spawn(bound.run(stop)),
        }
    }

    /// A connection to the plain listener.
    pub async fn wire(&self) -> Wire {
        Wire::connect(self.http).await
    }

    /// One request over a connection of its own.
    pub async fn send(&self, request: &str) -> Answer {
        self.wire().await.send(request).await
    }

    /// `GET` with `Host: localhost`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    /// `GET` with further fields, each ending in CR LF.
    pub async fn get_with(&self, path: &str, fields: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")).await
    }

    pub async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.running).await.expect("stops in time");
        ended.expect("no panic").expect("no error");
    }
}

/// A gateway that has its addresses.
pub async fn bind(
    settings: &settings::Gateway,
    services: BTreeMap<String, axum::Router>,
    dir: &TempDir,
    metrics: Arc<Metrics>,
) -> Result<Bound, GatewayError> {
    bind_in(settings, services, dir, metrics, Cluster::memory(SystemClock::shared())).await
}

async fn bind_in(
    settings: &settings::Gateway,
    services: BTreeMap<String, axum::Router>,
    dir: &TempDir,
    metrics: Arc<Metrics>,
    cluster: Cluster,
) -> Result<Bound, GatewayError> {
    let gateway = Gateway::new(GatewayParts {
        settings: settings.clone(),
        environment: Environment::Test,
        services,
        cluster,
        verifier: Arc::new(Verifier),
        metrics,
        clock: SystemClock::shared(),
        data_dir: dir.path().to_owned(),
    })?;
    gateway.bind().await
}

/// Knows the token `good`; cannot tell about `unknown`.
#[derive(Debug)]
struct Verifier;

#[async_trait]
impl TokenVerifier for Verifier {
    async fn verify(&self, token: &str) -> Result<Arc<Principal>, VerifyError> {
        match token {
            "good" => Ok(Arc::new(Principal {
                user_id: UserId::new(&SystemClock),
                session_id: SessionId::new(&SystemClock),
                roles: vec![Role::User],
                amr: vec!["pwd".to_owned()],
                expires_at: i64::MAX,
            })),
            "unknown" => Err(VerifyError::Unavailable("no keys yet".into())),
            _ => Err(VerifyError::Invalid("not the good one")),
        }
    }
}

/// Polls until the condition holds; for what cannot be awaited.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
