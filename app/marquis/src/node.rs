//! What the roles of one process share: settings, time, metrics, the log, the cluster and
//! the signal to stop.

use std::io::IsTerminal as _;
use std::sync::Arc;

use marquis_cluster::{Cluster, RedisOptions};
use marquis_config::{Config, LoadOptions, LogFormat as ConfiguredFormat};
use marquis_http::server::ServerLimits;
use marquis_http::service::ServiceLimits;
use marquis_kernel::{SharedClock, SystemClock};
use marquis_telemetry::{LogFormat, LogGuard, LogSettings, Metrics};
use tokio_util::sync::CancellationToken;

use crate::commands::config;
use crate::exit::{Code, Context as _, Failure};

/// One process of the platform.
pub struct Node {
    /// The checked settings.
    pub config: Config,
    /// Time.
    pub clock: SharedClock,
    /// What this process counts.
    pub metrics: Arc<Metrics>,
    /// Counters, messages and locks, in memory or in Redis.
    pub cluster: Cluster,
    /// Cancelled when the process shall stop.
    pub stop: CancellationToken,
    /// Where the settings come from, to read them again.
    pub sources: LoadOptions,
    /// Writes the last log lines when dropped.
    _log: Option<LogGuard>,
}

impl Node {
    /// A serving node: with a log, and refusing insecure settings in production.
    pub async fn serving(
        config: Config,
        sources: LoadOptions,
        service: &'static str,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        config::refuse_insecure(&config)?;
        let settings = &config.telemetry;
        let log = marquis_telemetry::logs::install(&LogSettings {
            level: &settings.level,
            format: match settings.format {
                ConfiguredFormat::Auto if std::io::stdout().is_terminal() => LogFormat::Text,
                ConfiguredFormat::Auto | ConfiguredFormat::Json => LogFormat::Json,
                ConfiguredFormat::Text => LogFormat::Text,
            },
            default_service: service,
            redact: &settings.redact,
            colour: true,
        })
        .or_fail(Code::Config, "the log cannot be set up")?;
        let cluster = cluster(&config).await?;
        Ok(Self { sources, stop, _log: Some(log), ..Self::of(config, cluster) })
    }

    /// A node of a command that ends by itself and serves nobody. It needs no Redis.
    pub fn commanding(config: Config) -> Self {
        let cluster = Cluster::memory(SystemClock::shared());
        Self::of(config, cluster)
    }

    /// A command that changes what other nodes remember: it tells them.
    pub async fn announcing(config: Config) -> Result<Self, Failure> {
        let cluster = cluster(&config).await?;
        Ok(Self::of(config, cluster))
    }

    fn of(config: Config, cluster: Cluster) -> Self {
        Self {
            config,
            clock: SystemClock::shared(),
            metrics: Metrics::new(),
            cluster,
            stop: CancellationToken::new(),
            sources: LoadOptions::default(),
            _log: None,
        }
    }

    /// What one request to a service may cost.
    pub fn service_limits(&self) -> ServiceLimits {
        let server = &self.config.server;
        ServiceLimits {
            body_size: usize::try_from(server.body_limit).unwrap_or(usize::MAX),
            time: server.request_timeout.duration(),
            ..ServiceLimits::default()
        }
    }

    /// What one connection to a service may cost.
    pub fn server_limits(&self) -> ServerLimits {
        let server = &self.config.server;
        ServerLimits {
            header_timeout: server.header_timeout.duration(),
            keep_alive_timeout: server.idle_timeout.duration(),
            header_bytes: server.header_limit as usize,
            connections: server.max_connections as usize,
            drain: server.shutdown_grace.duration(),
            ..ServerLimits::default()
        }
    }
}

async fn cluster(config: &Config) -> Result<Cluster, Failure> {
    if !config.redis.is_configured() {
        return Ok(Cluster::memory(SystemClock::shared()));
    }
    let redis = &config.redis;
    let options = RedisOptions {
        timeout: redis.command_timeout.duration(),
        connect_timeout: redis.connect_timeout.duration(),
        authorities: redis.ca_file.clone(),
        ..RedisOptions::default()
    };
    Cluster::redis_with(&redis.url, SystemClock::shared(), options)
        .await
        .or_fail(Code::Config, "Redis cannot be used with these settings")
}
