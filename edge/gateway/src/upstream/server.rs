//! One instance of a service: its address, its idle connections and what is known of its health.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use marquis_config::sections::gateway as settings;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::link::Link;

/// Idle connections of one worker, the most recently used last.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shelf(Mutex<Vec<Link>>);

/// An instance of a service.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The name it was configured by, `host:port`.
    pub(crate) authority: HeaderValue,
    /// The address as it stands in logs and metrics.
    pub(crate) label: String,
    shelves: Box<[Shelf]>,
    idle_limit: usize,
    idle_timeout: Duration,
    running: AtomicUsize,
    tunnels: AtomicUsize,
    health: Health,
}

/// What checks and requests have shown.
#[derive(Debug)]
struct Health {
    /// Beginning of the time scale of `ejected_until`.
    epoch: Instant,
    /// The active check's verdict.
    up: AtomicBool,
    check_streak: AtomicU32,
    /// Consecutive failures of requests.
    failures: AtomicU32,
    /// Milliseconds since `epoch`; zero when never ejected.
    ejected_until: AtomicU64,
    ejections: AtomicU32,
}

/// A request running on a server; counts as long as it lives.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) server: Arc<Server>,
    worker: usize,
}

/// A WebSocket open on a server; counts as long as it lives, but not among the requests.
#[derive(Debug)]
pub(crate) struct TunnelLease(Arc<Server>);

impl Lease {
    pub(crate) fn new(server: Arc<Server>, worker: usize) -> Self {
        server.running.fetch_add(1, Ordering::Relaxed);
        Self { server, worker }
    }

    /// The request has become a WebSocket.
    pub(crate) fn into_tunnel(self) -> TunnelLease {
        self.server.tunnels.fetch_add(1, Ordering::Relaxed);
        TunnelLease(Arc::clone(&self.server))
    }

    /// Puts the connection back for the next request.
    pub(crate) fn keep(&self, link: Link, now: Instant) {
        self.server.keep(self.worker, link, now);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.server.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for TunnelLease {
    fn drop(&mut self) {
        self.0.tunnels.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Server {
    pub(crate) fn new(
        address: SocketAddr,
        authority: HeaderValue,
        workers: usize,
        upstream: &settings::Upstream,
    ) -> Self {
        Self {
            address,
            authority,
            label: address.to_string(),
            shelves: (0..workers.max(1)).map(|_| Shelf::default()).collect(),
            idle_limit: upstream.idle_connections,
            idle_timeout: upstream.idle_timeout.duration(),
            running: AtomicUsize::new(0),
            tunnels: AtomicUsize::new(0),
            health: Health {
                epoch: Instant::now(),
                up: AtomicBool::new(true),
                check_streak: AtomicU32::new(0),
                failures: AtomicU32::new(0),
                ejected_until: AtomicU64::new(0),
                ejections: AtomicU32::new(0),
            },
        }
    }

    /// Requests running on it.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// WebSockets open on it.
    pub(crate) fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Relaxed)
    }

    /// A usable idle connection of this worker.
    pub(crate) fn idle(&self, worker: usize, now: Instant) -> Option<Link> {
        let shelf = &self.shelves[worker % self.shelves.len()].0;
        loop {
            let mut link = shelf.lock().pop()?;
            let idle = now.saturating_duration_since(link.idle_since);
            if idle < self.idle_timeout && !link.is_stale() {
                return Some(link);
            }
        }
    }

    fn keep(&self, worker: usize, mut link: Link, now: Instant) {
        link.idle_since = now;
        let mut shelf = self.shelves[worker % self.shelves.len()].0.lock();
        if shelf.len() < self.idle_limit {
            shelf.push(link);
        }
    }

    /// Closes connections that have been idle too long.
    pub(crate) fn sweep(&self) {
        for shelf in &self.shelves {
            shelf.0.lock().retain(|link| link.idle_since.elapsed() < self.idle_timeout);
        }
    }

    /// Closes all idle connections: the server is gone.
    pub(crate) fn clear(&self) {
        for shelf in &self.shelves {
            shelf.0.lock().clear();
        }
    }

    /// Idle connections, over all workers.
    pub(crate) fn idle_count(&self) -> usize {
        self.shelves.iter().map(|shelf| shelf.0.lock().len()).sum()
    }

    /// Whether it should get requests.
    pub(crate) fn available(&self) -> bool {
        self.is_up() && !self.is_ejected()
    }

    /// The active check's verdict.
    pub(crate) fn is_up(&self) -> bool {
        self.health.up.load(Ordering::Relaxed)
    }

    /// Whether its failures have put it aside for now.
    pub(crate) fn is_ejected(&self) -> bool {
        // Reading the clock is for the rare case.
        self.health.ejected_until.load(Ordering::Relaxed) != 0 && self.is_ejected_at(Instant::now())
    }

    fn is_ejected_at(&self, now: Instant) -> bool {
        self.millis(now) < self.health.ejected_until.load(Ordering::Relaxed)
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.health.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// A request succeeded.
    pub(crate) fn succeeded(&self) {
        // Nearly always zero already; reading is cheaper than writing.
        if self.health.failures.load(Ordering::Relaxed) != 0 {
            self.health.failures.store(0, Ordering::Relaxed);
        }
        if self.health.ejections.load(Ordering::Relaxed) != 0 && !self.is_ejected() {
            self.health.ejections.store(0, Ordering::Relaxed);
        }
    }

    /// A request failed. Returns whether there have been enough failures to put the server aside.
    pub(crate) fn failed(&self, settings: &settings::Ejection) -> bool {
        let failures = self.health.failures.fetch_add(1, Ordering::Relaxed) + 1;
        settings.failures != 0 && failures >= settings.failures && !self.is_ejected()
    }

    /// Puts the server aside; each time in a row twice as long. Returns for how long.
    pub(crate) fn eject(&self, settings: &settings::Ejection) -> Duration {
        let times = self.health.ejections.fetch_add(1, Ordering::Relaxed).min(16);
        let length = settings.duration.duration().saturating_mul(1 << times);
        let length = length.min(settings.max_duration.duration());
        let until =
            self.millis(Instant::now()) + u64::try_from(length.as_millis()).unwrap_or(u64::MAX / 2);
        self.health.ejected_until.store(until.max(1), Ordering::Relaxed);
        self.health.failures.store(0, Ordering::Relaxed);
        self.clear();
        length
    }

    /// The result of an active check. Returns the new verdict when it changed.
    pub(crate) fn checked(&self, passed: bool, settings: &settings::HealthCheck) -> Option<bool> {
        let health = &self.health;
        if passed == self.is_up() {
            health.check_streak.store(0, Ordering::Relaxed);
            return None;
        }
        let streak = health.check_streak.fetch_add(1, Ordering::Relaxed) + 1;
        let needed = if passed { settings.healthy } else { settings.unhealthy };
        if streak < needed.max(1) {
            return None;
        }
        health.check_streak.store(0, Ordering::Relaxed);
        health.up.store(passed, Ordering::Relaxed);
        if passed {
            // Checks have seen it well: it comes back at once.
            health.ejected_until.store(0, Ordering::Relaxed);
            health.ejections.store(0, Ordering::Relaxed);
            health.failures.store(0, Ordering::Relaxed);
        } else {
            self.clear();
        }
        Some(passed)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn upstream(toml: &str) -> settings::Upstream {
        toml::from_str(&format!("servers = []\n{toml}")).expect("settings")
    }

    pub(crate) fn server(port: u16) -> Server {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Server::new(address, HeaderValue::from_static("x:1"), 1, &upstream(""))
    }

    #[test]
    fn consecutive_failures_eject_for_longer_each_time() {
        let settings = upstream("").ejection;
        let server = server(1);
        for _ in 1..settings.failures {
            assert!(!server.failed(&settings));
        }
        server.succeeded();
        for _ in 1..settings.failures {
            assert!(!server.failed(&settings));
        }
        assert!(server.failed(&settings));
        assert_eq!(server.eject(&settings), Duration::from_secs(5));
        assert!(!server.available());
        assert!(!server.is_ejected_at(Instant::now() + Duration::from_secs(6)));
        assert_eq!(server.eject(&settings), Duration::from_secs(10));
        for _ in 0..10 {
            server.eject(&settings);
        }
        assert_eq!(server.eject(&settings), Duration::from_secs(60));
    }

    #[test]
    fn checks_need_their_thresholds() {
        let settings = settings::HealthCheck { healthy: 3, unhealthy: 2, ..Default::default() };
        let server = server(1);
        assert_eq!(server.checked(false, &settings), None);
        assert_eq!(server.checked(true, &settings), None);
        assert_eq!(server.checked(false, &settings), None);
        assert_eq!(server.checked(false, &settings), Some(false));
        assert!(!server.available());
        assert_eq!(server.checked(true, &settings), None);
        assert_eq!(server.checked(true, &settings), None);
        assert_eq!(server.checked(true, &settings), Some(true));
        assert!(server.available());
    }
}
