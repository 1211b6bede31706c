//! Upstreams: the instances of a service in other processes, and which of them gets a request.
//!
//! Servers are found by address or name (`discovery`), judged by active checks (`health`) and by
//! the requests themselves (`server`), and reached over kept connections (`link`). A server
//! that stays configured keeps its connections and its history across reloads.

pub(crate) mod budget;
pub(crate) mod circuit;
pub(crate) mod discovery;
pub(crate) mod health;
pub(crate) mod link;
pub(crate) mod response;
pub(crate) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use marquis_config::sections::gateway as settings;
use tokio_util::sync::CancellationToken;

use budget::RetryBudget;
use circuit::Circuit;
use server::Server;

/// The instances of one service.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) settings: settings::Upstream,
    pub(crate) workers: usize,
    pub(crate) circuit: Circuit,
    pub(crate) budget: RetryBudget,
    servers: ArcSwap<Vec<Arc<Server>>>,
    turn: AtomicUsize,
    /// Ends its background tasks when a reload removes the upstream.
    pub(crate) retired: CancellationToken,
}

impl Upstream {
    pub(crate) fn new(
        name: &str,
        settings: &settings::Upstream,
        retry_percent: u32,
        workers: usize,
    ) -> Self {
        Self {
            name: name.to_owned(),
            settings: settings.clone(),
            workers,
            circuit: Circuit::new(settings.circuit),
            budget: RetryBudget::new(retry_percent),
            servers: ArcSwap::from_pointee(Vec::new()),
            turn: AtomicUsize::new(0),
            retired: CancellationToken::new(),
        }
    }

    /// The servers known now.
    pub(crate) fn servers(&self) -> Arc<Vec<Arc<Server>>> {
        self.servers.load_full()
    }

    /// Replaces the set of servers.
    pub(crate) fn set_servers(&self, servers: Vec<Arc<Server>>) {
        let before = self.servers.swap(Arc::new(servers));
        let after = self.servers.load();
        for gone in before.iter().filter(|old| !after.iter().any(|new| Arc::ptr_eq(old, new))) {
            gone.clear();
        }
    }

    /// Chooses a server, other than those `tried` as long as there is another. When no server
    /// is available, all are: a wrong verdict must not take the whole service away.
    pub(crate) fn pick(&self, tried: &[Arc<Server>]) -> Option<Arc<Server>> {
        let servers = self.servers.load();
        let untried = |server: &&Arc<Server>| !tried.iter().any(|one| Arc::ptr_eq(one, server));
        self.choose(&servers, |server| server.available() && untried(&server))
            .or_else(|| self.choose(&servers, |server| server.is_up() && untried(&server)))
            .or_else(|| self.choose(&servers, |server| untried(&server)))
            .or_else(|| self.choose(&servers, |server| server.available()))
            .or_else(|| self.choose(&servers, |_| true))
            .cloned()
    }

    fn choose<'a>(
        &self,
        servers: &'a [Arc<Server>],
        eligible: impl Fn(&Arc<Server>) -> bool,
    ) -> Option<&'a Arc<Server>> {
        let length = servers.len();
        if length == 0 {
            return None;
        }
        // Requests take turns over the whole list; the next eligible one from there on serves.
        let start = self.turn.fetch_add(1, Ordering::Relaxed) % length;
        let (before, after) = servers.split_at(start);
        let mut order = after.iter().chain(before).filter(|server| eligible(server));
        match self.settings.balance {
            settings::Balance::RoundRobin => order.next(),
            settings::Balance::LeastRequests => {
                order.min_by_key(|server| server.running() + server.tunnels())
            }
        }
    }

    /// Requests running on all servers, WebSockets not among them.
    pub(crate) fn running(&self) -> usize {
        self.servers.load().iter().map(|server| server.running()).sum()
    }

    /// Records a failed request of a server and puts the server aside when it has failed too
    /// often, unless too few would remain.
    pub(crate) fn server_failed(&self, server: &Server) {
        let ejection = &self.settings.ejection;
        if !server.failed(ejection) {
            return;
        }
        let servers = self.servers.load();
        let remaining =
            servers.iter().filter(|one| one.available() && one.address != server.address).count();
        let enough = remaining * 100 >= servers.len() * ejection.panic_percent as usize;
        if remaining > 0 && enough {
            let length = server.eject(ejection);
            tracing::warn!(
                upstream = self.name,
                server = server.label,
                seconds = length.as_secs_f64(),
                "server ejected after consecutive failures"
            );
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.retired.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::server::Lease;
    use super::server::tests::{server, upstream as upstream_settings};
    use super::*;

    fn upstream(toml: &str, count: u16) -> Upstream {
        let upstream = Upstream::new("auth", &upstream_settings(toml), 20, 1);
        upstream.set_servers((1..=count).map(|port| Arc::new(server(port))).collect());
        upstream
    }

    fn shares(upstream: &Upstream, picks: usize) -> HashMap<u16, usize> {
        let mut shares = HashMap::new();
        for _ in 0..picks {
            *shares.entry(upstream.pick(&[]).expect("one").address.port()).or_default() += 1;
        }
        shares
    }

    #[tokio::test]
    async fn round_robin_alternates() {
        let upstream = upstream("", 3);
        assert_eq!(shares(&upstream, 300), HashMap::from([(1, 100), (2, 100), (3, 100)]));
        assert!(self::upstream("", 0).pick(&[]).is_none());
    }

    #[tokio::test]
    async fn least_requests_avoids_the_busy() {
        let upstream = upstream("balance = 'least-requests'", 2);
        let busy = Lease::new(upstream.servers()[0].clone(), 0);
        assert_eq!(shares(&upstream, 10), HashMap::from([(2, 10)]));
        drop(busy);
        assert_eq!(shares(&upstream, 10), HashMap::from([(1, 5), (2, 5)]));
    }

    #[tokio::test]
    async fn a_failing_server_is_put_aside_but_never_the_last() {
        let upstream = upstream("", 2);
        let servers = upstream.servers();
        for _ in 0..5 {
            upstream.server_failed(&servers[0]);
        }
        assert_eq!(shares(&upstream, 10), HashMap::from([(2, 10)]));
        for _ in 0..50 {
            upstream.server_failed(&servers[1]);
        }
        assert_eq!(shares(&upstream, 10), HashMap::from([(2, 10)]));
        assert_eq!(upstream.pick(&servers[1..]).expect("another").address.port(), 1);
    }

    #[tokio::test]
    async fn when_all_are_down_all_are_tried() {
        let upstream = upstream("health = { unhealthy = 1 }", 2);
        for server in upstream.servers().iter() {
            server.checked(false, &upstream.settings.health);
        }
        assert_eq!(shares(&upstream, 10).len(), 2);
    }
}
