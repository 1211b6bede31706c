//! A PostgreSQL of one's own, on loopback, that a test may stop and start again.

use marquis_config::DatabaseServer;
use marquis_database::Database;
use marquis_database::private::{Listen, PrivateCluster, PrivateSettings, StopMode};
use marquis_kernel::Secret;
use marquis_telemetry::metrics::Metrics;
use tempfile::TempDir;

use crate::free_port;

/// A private PostgreSQL; stopped and removed when dropped.
#[derive(Debug)]
pub struct PostgresServer {
    settings: PrivateSettings,
    cluster: Option<PrivateCluster>,
    url: String,
    _data_dir: TempDir,
}

impl PostgresServer {
    /// Makes and starts a server with an empty database `marquis`.
    ///
    /// # Panics
    ///
    /// When PostgreSQL cannot be started.
    pub async fn start() -> Self {
        let data_dir = TempDir::with_prefix("marquis-test-").expect("a temporary directory");
        let mut settings = PrivateSettings::new(data_dir.path());
        settings.listen = Listen::Loopback(free_port());
        settings.durable = false;
        settings.shared_buffers = "16MB".to_owned();
        let cluster = start(&settings).await;
        let url = cluster.url(&settings.database);
        Self { settings, cluster: Some(cluster), url, _data_dir: data_dir }
    }

    /// URL of the database `marquis`; stays the same across restarts.
    #[must_use]
    pub fn url(&self) -> Secret {
        Secret::new(self.url.clone())
    }

    /// The server as a service is configured to use it.
    #[must_use]
    pub fn settings(&self) -> DatabaseServer {
        DatabaseServer::with_url(self.url())
    }

    /// A pool on this server.
    ///
    /// # Panics
    ///
    /// Never: the URL is well-formed.
    #[must_use]
    pub fn database(&self, schema: &'static str) -> Database {
        Database::connect(&self.settings(), schema, Metrics::new()).expect("a well-formed URL")
    }

    /// Stops it as an administrator does: sessions are ended, everything committed is kept.
    pub async fn stop(&mut self) {
        self.stop_with(StopMode::Fast).await;
    }

    /// Stops it as a crash does.
    pub async fn stop_immediate(&mut self) {
        self.stop_with(StopMode::Immediate).await;
    }

    async fn stop_with(&mut self, mode: StopMode) {
        if let Some(cluster) = self.cluster.take() {
            cluster.stop_with(mode).await;
        }
    }

    /// Starts it again on the same port with the same data.
    ///
    /// # Panics
    ///
    /// When PostgreSQL cannot be started.
    pub async fn start_again(&mut self) {
        self.stop().await;
        self.cluster = Some(start(&self.settings).await);
    }

    /// The server's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.cluster.as_ref().and_then(PrivateCluster::pid)
    }
}

async fn start(settings: &PrivateSettings) -> PrivateCluster {
    PrivateCluster::start(settings.clone(), |_| {}).await.expect("PostgreSQL starts")
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let Some(cluster) = self.cluster.take() else { return };
        // Its files are removed right afterwards.
        let waiting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(cluster.stop_with(StopMode::Immediate));
            }
        });
        let _ = waiting.join();
    }
}
