//! Connection pools: one per service and process, with read replicas beside the primary.
//!
//! What always holds: opening a [`Database`] does no I/O and waits for no server; a
//! connection that died is noticed and replaced when it is taken from the pool, so after a
//! restart of PostgreSQL only the requests that were in flight see an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use marquis_config::DatabaseServer;
use marquis_kernel::Secret;
use marquis_telemetry::context;
use marquis_telemetry::metrics::Metrics;
use tracing::Instrument as _;

use crate::connection::{Server, Session};
use crate::error::DatabaseError;
use crate::migration::{self, Migration, MigrationProgress, OUTBOX_AND_JOBS, Series};

/// A pooled connection whose `search_path` is the service's schema. Derefs to the driver's
/// client; goes back to the pool when dropped.
pub type Client = deadpool_postgres::Client;

/// A connection that rested longer than this answers an empty query before it is handed
/// out. Closed ones are noticed without asking; this finds those that a firewall or a
/// vanished host cut without a word.
const TRUSTED_REST: Duration = Duration::from_secs(2);
/// How long that answer may take.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// One service's PostgreSQL: the primary, its replicas, and the schema the service owns.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    schema: &'static str,
    primary: Pool,
    replicas: Vec<Pool>,
    next_replica: AtomicUsize,
    /// For sessions that live outside the pool: migrations, LISTEN, leadership.
    alone: Server,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("schema", &self.schema)
            .field("primary", &self.primary.status())
            .field("replicas", &self.replicas.len())
            .finish_non_exhaustive()
    }
}

/// How many connections a pool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Most connections allowed.
    pub size: usize,
    /// Connections handed out now.
    pub in_use: usize,
    /// Callers waiting for a connection.
    pub waiting: usize,
}

impl Database {
    /// Opens the pools. Nothing is connected yet, so a server that is down fails no start.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Settings`] when a URL cannot be understood.
    pub fn connect(
        settings: &DatabaseServer,
        schema: &'static str,
        metrics: Arc<Metrics>,
    ) -> Result<Self, DatabaseError> {
        let primary = open_pool(&settings.url, settings, schema, "pool")?;
        let replicas = settings
            .replica_urls
            .iter()
            .map(|url| open_pool(url, settings, schema, "reader"))
            .collect::<Result<_, _>>()?;
        let alone = Server::parse(
            settings.url.expose(),
            &Session {
                schema,
                purpose: "background",
                connect_timeout: settings.connect_timeout.duration(),
                statement_timeout: Duration::ZERO,
            },
        )?;
        let next_replica = AtomicUsize::new(0);
        Ok(Self {
            inner: Arc::new(Inner { schema, primary, replicas, next_replica, alone, metrics }),
        })
    }

    /// The schema this service owns.
    #[must_use]
    pub fn schema(&self) -> &'static str {
        self.inner.schema
    }

    /// A connection to the primary.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`] when none could be had within `acquire_timeout`.
    pub async fn client(&self) -> Result<Client, DatabaseError> {
        Ok(self.inner.primary.get().await?)
    }

    /// A connection for reads that may lag behind: a replica when one answers, else the primary.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`] when no server answers.
    pub async fn reader(&self) -> Result<Client, DatabaseError> {
        let replicas = &self.inner.replicas;
        let start = self.inner.next_replica.fetch_add(1, Ordering::Relaxed);
        for offset in 0..replicas.len() {
            match replicas[(start + offset) % replicas.len()].get().await {
                Ok(client) => return Ok(client),
                Err(error) => {
                    let error = DatabaseError::from(error);
                    tracing::warn!(schema = self.schema(), %error, "a read replica is passed over");
                }
            }
        }
        self.client().await
    }

    /// Runs a query under a span and records its duration in
    /// `db_query_duration_seconds{operation,model}`: `observe("insert", "payment", ..)`.
    pub async fn observe<F: Future>(
        &self,
        operation: &'static str,
        model: &'static str,
        query: F,
    ) -> F::Output {
        let span = tracing::debug_span!(
            "db.query",
            operation,
            model,
            schema = self.schema(),
            trace_id = context::current().map(|request| request.trace.trace_id()),
        );
        let started = Instant::now();
        let output = query.instrument(span).await;
        self.inner
            .metrics
            .db_query_duration_seconds
            .with_label_values(&[operation, model])
            .observe(started.elapsed().as_secs_f64());
        output
    }

    /// Brings the schema up to date: [`OUTBOX_AND_JOBS`] first, then the service's own.
    /// Safe to call from many nodes at once. Returns how many migrations ran.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`] when the server cannot be reached,
    /// [`DatabaseError::Migration`] when the schema is not one this binary can bring up to date.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<usize, DatabaseError> {
        self.migrate_showing(migrations, &|_| {}).await
    }

    /// [`Database::migrate`] that tells what it does.
    ///
    /// # Errors
    ///
    /// As [`Database::migrate`].
    pub async fn migrate_showing(
        &self,
        migrations: &[Migration],
        progress: &(dyn Fn(MigrationProgress<'_>) + Sync),
    ) -> Result<usize, DatabaseError> {
        let mut client = self.connect_alone().await?;
        let series = [
            Series { name: "platform", migrations: OUTBOX_AND_JOBS },
            Series { name: "service", migrations },
        ];
        migration::migrate(&mut client, self.schema(), &series, progress).await
    }

    /// Whether the primary answers; for readiness checks.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        let client = self.client().await?;
        client.simple_query("").await?;
        Ok(())
    }

    /// How busy the primary's pool is.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let status = self.inner.primary.status();
        PoolStatus {
            size: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting,
        }
    }

    /// Ends all pooled connections; whoever asks for one afterwards is told
    /// [`DatabaseError::Unavailable`].
    pub fn close(&self) {
        self.inner.primary.close();
        for replica in &self.inner.replicas {
            replica.close();
        }
    }

    /// A connection of its own, without a statement timeout.
    pub(crate) async fn connect_alone(&self) -> Result<tokio_postgres::Client, DatabaseError> {
        self.inner.alone.connect_alone().await
    }

    pub(crate) fn alone(&self) -> &Server {
        &self.inner.alone
    }
}

fn open_pool(
    url: &Secret,
    settings: &DatabaseServer,
    schema: &str,
    purpose: &str,
) -> Result<Pool, DatabaseError> {
    let session = Session {
        schema,
        purpose,
        connect_timeout: settings.connect_timeout.duration(),
        statement_timeout: settings.statement_timeout.duration(),
    };
    let server = Server::parse(url.expose(), &session)?;
    let manager = Manager::from_config(
        server.config,
        server.tls,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    Pool::builder(manager)
        .max_size(usize::try_from(settings.pool_size).unwrap_or(usize::MAX))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(settings.acquire_timeout.duration()))
        .create_timeout(Some(settings.connect_timeout.duration()))
        .pre_recycle(Hook::async_fn(|client, metrics| {
            let rested = metrics.last_used();
            Box::pin(async move {
                if rested < TRUSTED_REST || client.is_closed() {
                    return Ok(());
                }
                match tokio::time::timeout(PROBE_PATIENCE, client.simple_query("")).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(HookError::Backend(error)),
                    Err(_) => Err(HookError::message("no answer to the probe")),
                }
            })
        }))
        .build()
        .map_err(|error| DatabaseError::Settings(error.to_string()))
}
