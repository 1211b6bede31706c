//! One multiplexed connection, and the knowledge whether Redis is there.
//!
//! A connection that broke is known at once. A server that stopped answering is found by one
//! call's timeout; from then on calls fail immediately and one call a second tries again.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::ClientLike as _;
use fred::types::config::{Config, ReconnectPolicy, TcpConfig, UnresponsiveConfig};
use fred::types::{Builder, ClientState, RespVersion};
use marquis_kernel::{Secret, SharedClock};
use tokio::task::JoinHandle;

use super::{RedisOptions, Stats, TimeSource, tls};
use crate::ClusterError;
use crate::memory::{MemoryLimiter, now_millis};

const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The shared connection of everything but subscriptions.
pub(crate) struct Link {
    connection: Connection,
    builder: Builder,
    pub(crate) options: RedisOptions,
    clock: SharedClock,
    /// Counts while Redis is away.
    pub(crate) local: MemoryLimiter,
    presence: Presence,
}

/// Without the client and its builder, which know the password.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("options", &self.options)
            .field("presence", &self.presence)
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) async fn connect(
        url: &Secret,
        clock: SharedClock,
        options: RedisOptions,
    ) -> Result<Arc<Self>, ClusterError> {
        let mut config = parse(url)?;
        if url.expose().starts_with("rediss") {
            config.tls = Some(tls::config(options.authorities.as_deref())?);
        }
        config.version = RespVersion::RESP3;
        config.fail_fast = false;
        let (timeout, connect_timeout) = (options.timeout, options.connect_timeout);
        let mut builder = Builder::from_config(config);
        builder
            .with_performance_config(|performance| {
                performance.default_command_timeout = timeout;
                performance.broadcast_channel_capacity = 4096;
            })
            .with_connection_config(|connection| {
                connection.connection_timeout = connect_timeout;
                connection.internal_command_timeout = timeout;
                // A command that was under way when the connection broke may have been
                // carried out; its caller decides, not this library.
                connection.max_command_attempts = 1;
                connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
                connection.unresponsive =
                    UnresponsiveConfig { max_timeout: Some(timeout * 2), interval: timeout / 2 };
            })
            .set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2));
        let connection = Connection::open(&builder, timeout).await?;
        let local = MemoryLimiter::new(clock.clone());
        let presence = Presence::new();
        Ok(Arc::new(Self { connection, builder, options, clock, local, presence }))
    }

    /// Another connection to the same Redis.
    pub(crate) async fn another(&self) -> Result<Connection, ClusterError> {
        Connection::open(&self.builder, self.options.timeout).await
    }

    pub(crate) fn client(&self) -> &Client {
        &self.connection.client
    }

    pub(crate) fn key(&self, kind: &str, key: &str) -> String {
        format!("{}{kind}:{key}", self.options.prefix)
    }

    /// The time to pass to scripts: empty for Redis's own.
    pub(crate) fn script_time(&self) -> String {
        match self.options.time {
            TimeSource::Server => String::new(),
            TimeSource::Clock => now_millis(&*self.clock).to_string(),
        }
    }

    /// Runs one command, within the timeout and not at all while Redis is known to be away.
    pub(crate) async fn call<T>(
        &self,
        command: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, ClusterError> {
        if !self.presence.admit(self.connection.is_open()) {
            return Err(self.presence.failed("it is known to be away".into()));
        }
        match tokio::time::timeout(self.options.timeout, command).await {
            Ok(Ok(value)) => {
                self.presence.answered();
                Ok(value)
            }
            Ok(Err(error)) => Err(self.presence.lost(error.into())),
            Err(elapsed) => Err(self.presence.lost(elapsed.into())),
        }
    }

    /// Whether a call would fail without I/O.
    pub(crate) fn is_away(&self) -> bool {
        !self.connection.is_open() || self.presence.is_waiting()
    }

    pub(crate) async fn ping(&self) -> Result<(), ClusterError> {
        // Boxed, because the client's futures take 20 kB inside their caller's.
        Box::pin(self.call(self.client().ping::<()>(None))).await
    }

    pub(crate) fn count_local_check(&self) {
        self.presence.local_checks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            local_checks: self.presence.local_checks.load(Ordering::Relaxed),
            failed_calls: self.presence.failed_calls.load(Ordering::Relaxed),
            outages: self.presence.outages.load(Ordering::Relaxed),
        }
    }
}

fn parse(url: &Secret) -> Result<Config, ClusterError> {
    const SCHEMES: [&str; 6] = [
        "redis://",
        "redis-cluster://",
        "redis-sentinel://",
        "rediss://",
        "rediss-cluster://",
        "rediss-sentinel://",
    ];
    // The library takes any scheme for Redis, and its error may quote the password.
    SCHEMES
        .iter()
        .any(|scheme| url.expose().starts_with(scheme))
        .then(|| Config::from_url(url.expose()).ok())
        .flatten()
        .ok_or(ClusterError::Settings("expected redis://[user:password@]host[:port][/database]"))
}

/// A connection that opens itself again for as long as it is kept.
pub(crate) struct Connection {
    pub(crate) client: Client,
    task: JoinHandle<Result<(), fred::error::Error>>,
}

impl Connection {
    async fn open(builder: &Builder, patience: Duration) -> Result<Self, ClusterError> {
        let client =
            builder.build().map_err(|_| ClusterError::Settings("its parts do not fit together"))?;
        let task = client.connect();
        // Most starts find Redis running; the rest goes on without.
        let _ = tokio::time::timeout(patience, client.wait_for_connect()).await;
        Ok(Self { client, task })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.client.state() == ClientState::Connected
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = self.client.clone();
            runtime.spawn(async move { client.quit().await });
        }
    }
}

/// What is known of the server.
#[derive(Debug)]
struct Presence {
    started: Instant,
    away: AtomicBool,
    /// Milliseconds after `started` before which nobody tries.
    probe_at: AtomicU64,
    outages: AtomicU64,
    failed_calls: AtomicU64,
    local_checks: AtomicU64,
}

impl Presence {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            away: AtomicBool::new(false),
            probe_at: AtomicU64::new(0),
            outages: AtomicU64::new(0),
            failed_calls: AtomicU64::new(0),
            local_checks: AtomicU64::new(0),
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn next_probe(&self) -> u64 {
        self.elapsed() + u64::try_from(PROBE_EVERY.as_millis()).unwrap_or(u64::MAX)
    }

    fn is_waiting(&self) -> bool {
        self.away.load(Ordering::Acquire) && self.elapsed() < self.probe_at.load(Ordering::Acquire)
    }

    /// Whether this call may go out. While Redis is away, one a second may.
    fn admit(&self, open: bool) -> bool {
        if !open {
            self.mark_away(&"the connection is closed");
            // The first call after reconnecting finds out at once.
            self.probe_at.store(0, Ordering::Release);
            return false;
        }
        if !self.away.load(Ordering::Acquire) {
            return true;
        }
        let due = self.probe_at.load(Ordering::Acquire);
        self.elapsed() >= due
            && self
                .probe_at
                .compare_exchange(due, self.next_probe(), Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    fn answered(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::AcqRel) {
            tracing::info!("Redis answers again; state is shared between nodes");
        }
    }

    fn lost(&self, error: Box<dyn std::error::Error + Send + Sync>) -> ClusterError {
        self.probe_at.store(self.next_probe(), Ordering::Release);
        self.mark_away(&error);
        self.failed(error)
    }

    fn failed(&self, error: Box<dyn std::error::Error + Send + Sync>) -> ClusterError {
        self.failed_calls.fetch_add(1, Ordering::Relaxed);
        ClusterError::Unavailable(error)
    }

    fn mark_away(&self, reason: &dyn fmt::Display) {
        if !self.away.load(Ordering::Relaxed) && !self.away.swap(true, Ordering::AcqRel) {
            self.outages.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                %reason,
                "Redis does not answer; limits are counted by each node alone until it does"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_away_one_call_a_second_tries() {
        let presence = Presence::new();
        assert!(presence.admit(true) && presence.admit(true));
        presence.lost("timeout".into());
        assert!(presence.is_waiting() && !presence.admit(true));
        presence.probe_at.store(0, Ordering::Release);
        assert!(presence.admit(true), "the probe");
        assert!(!presence.admit(true), "only one");
        presence.answered();
        assert!(presence.admit(true) && presence.admit(true));
        assert_eq!(presence.outages.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_closed_connection_admits_nobody_and_an_opened_one_is_tried_at_once() {
        let presence = Presence::new();
        presence.lost("timeout".into());
        assert!(!presence.admit(false));
        assert!(presence.admit(true));
    }
}
