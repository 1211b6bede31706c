//! The gateway alone, in front of one server: `proxy <http> <https> <server> [per-core|shared]`.
//!
//! All default filters are on; rate limits are so high that nobody meets them. For
//! measurements and for trying things out.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_cluster::Cluster;
use marquis_config::sections::gateway::{PlainMode, Route, Threading, Upstream};
use marquis_config::{Config, Environment};
use marquis_contracts::identity::{Principal, TokenVerifier, VerifyError};
use marquis_gateway::{Gateway, GatewayParts};
use marquis_kernel::SystemClock;
use marquis_telemetry::Metrics;
use tokio_util::sync::CancellationToken;

/// There is nobody to sign in to.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl TokenVerifier for Nobody {
    async fn verify(&self, _: &str) -> Result<Arc<Principal>, VerifyError> {
        Err(VerifyError::Invalid("this gateway knows nobody"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("missing: {what}"));
    let mut settings = Config::defaults(Environment::Test)?.gateway;
    settings.http = next("address of the plain listener")?;
    settings.https = next("address of the TLS listener")?;
    let server = next("address of the server")?;
    let threading = next("threading").unwrap_or_default();
    settings.threading = if threading == "shared" { Threading::Shared } else { Threading::PerCore };
    settings.plain = PlainMode::Serve;
    settings.access_log.path = std::env::temp_dir().join("marquis-proxy-access.log");
    for limit in settings.rate_limits.values_mut() {
        limit.limit = 1_000_000_000;
    }
    if std::env::var_os("NO_LIMIT").is_some() {
        settings.rate_limits.values_mut().for_each(|limit| limit.limit = 0);
    }
    let upstream = format!("servers = [\"{server}\"]\nhealth = {{ path = \"\" }}");
    settings.upstreams.insert("server".to_owned(), toml::from_str::<Upstream>(&upstream)?);
    settings.routes.push(toml::from_str::<Route>("path = \"/*\"\nservice = \"server\"")?);
    let data_dir = std::env::temp_dir().join("marquis-proxy-example");
    let bound = Gateway::new(GatewayParts {
        settings,
        environment: Environment::Test,
        services: BTreeMap::new(),
        cluster: Cluster::memory(SystemClock::shared()),
        verifier: Arc::new(Nobody),
        metrics: Metrics::new(),
        clock: SystemClock::shared(),
        data_dir,
    })?
    .bind()
    .await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    bound.run(shutdown).await?;
    Ok(())
}
