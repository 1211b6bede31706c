//! Finds the addresses of an upstream's servers: addresses as they are written, names by DNS
//! again and again.
//!
//! A name that cannot be resolved keeps its last addresses: an outage of DNS must not become
//! one of the service.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::HeaderValue;

use super::Upstream;
use super::server::Server;

/// How often a name is asked for while no server is known.
const EAGER: Duration = Duration::from_secs(1);

/// Last addresses of each configured entry.
#[derive(Debug, Default)]
pub(crate) struct Known {
    by_entry: HashMap<String, Vec<SocketAddr>>,
}

impl Known {
    /// Resolves every entry and puts the result into the upstream, keeping servers whose
    /// address stays. `before` are servers of an upstream this one replaces.
    pub(crate) async fn refresh(&mut self, upstream: &Upstream, before: &[Arc<Server>]) {
        for entry in &upstream.settings.servers {
            if let Ok(address) = entry.parse::<SocketAddr>() {
                self.by_entry.insert(entry.clone(), vec![address]);
                continue;
            }
            match tokio::net::lookup_host(entry.as_str()).await {
                Ok(found) => {
                    let mut found: Vec<SocketAddr> = found.collect();
                    found.sort_unstable();
                    found.dedup();
                    if !found.is_empty() {
                        self.by_entry.insert(entry.clone(), found);
                    }
                }
                Err(error) => {
                    let kept = self.by_entry.get(entry).map_or(0, Vec::len);
                    tracing::warn!(
                        upstream = upstream.name,
                        server = entry,
                        kept,
                        error = &error as &dyn std::error::Error,
                        "cannot resolve server name"
                    );
                }
            }
        }
        let old = upstream.servers();
        let mut servers: Vec<Arc<Server>> = Vec::new();
        for entry in &upstream.settings.servers {
            for &address in self.by_entry.get(entry).into_iter().flatten() {
                if servers.iter().any(|server| server.address == address) {
                    continue;
                }
                let same = |server: &&Arc<Server>| {
                    server.address == address && server.authority == entry.as_str()
                };
                let kept = old.iter().chain(before).find(same).cloned();
                servers.push(kept.unwrap_or_else(|| {
                    let authority = HeaderValue::from_str(entry)
                        .unwrap_or_else(|_| HeaderValue::from_static("upstream"));
                    Arc::new(Server::new(address, authority, upstream.workers, &upstream.settings))
                }));
            }
        }
        let same = servers.len() == old.len()
            && servers.iter().zip(old.iter()).all(|(new, old)| Arc::ptr_eq(new, old));
        if !same {
            upstream.set_servers(servers);
        }
    }
}

/// Resolves again and closes idle connections until the upstream is retired.
pub(crate) async fn keep_fresh(upstream: Weak<Upstream>, mut known: Known) {
    let Some((retired, every)) = upstream
        .upgrade()
        .map(|upstream| (upstream.retired.clone(), upstream.settings.resolve_every.duration()))
    else {
        return;
    };
    let every = every.max(Duration::from_secs(1));
    let mut found = upstream.upgrade().is_some_and(|upstream| !upstream.servers().is_empty());
    loop {
        // A name that means nothing yet belongs to a server that is just being started.
        let pause = if found { every } else { every.min(EAGER) };
        tokio::select! {
            () = retired.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let Some(upstream) = upstream.upgrade() else { return };
        found = !upstream.servers().is_empty();
        if upstream.settings.servers.iter().any(|entry| entry.parse::<SocketAddr>().is_err()) {
            known.refresh(&upstream, &[]).await;
        }
        for server in upstream.servers().iter() {
            server.sweep();
        }
    }
}
