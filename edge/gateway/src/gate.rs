//! What all connections of the gateway share for as long as it runs. Whatever a reload can
//! change is in [`Live`], swapped as one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16};

use arc_swap::ArcSwap;
use marquis_cluster::Cluster;
use marquis_contracts::identity::TokenVerifier;
use marquis_kernel::SharedClock;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::conn::activity::{ConnectionStatus, Counters};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::sessions::Sessions;
use crate::websocket::Places;

pub(crate) struct Gate {
    pub(crate) live: ArcSwap<Live>,
    /// Counters of each worker.
    pub(crate) counters: Arc<[Counters]>,
    pub(crate) cluster: Cluster,
    pub(crate) verifier: Arc<dyn TokenVerifier>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    /// Services of this process.
    pub(crate) services: BTreeMap<String, axum::Router>,
    /// Port of the TLS listener once it is bound.
    pub(crate) https_port: AtomicU16,
    pub(crate) peers: Mutex<Peers>,
    pub(crate) websockets: Places,
    pub(crate) sessions: Sessions,
    /// Set, and then `draining` cancelled, when the gateway stops accepting.
    pub(crate) stopping: AtomicBool,
    pub(crate) draining: CancellationToken,
    pub(crate) connections: TaskTracker,
    pub(crate) tunnels: TaskTracker,
}

/// Open connections, for the limits.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    pub(crate) total: usize,
    pub(crate) by_address: HashMap<IpAddr, usize>,
}

impl Gate {
    pub(crate) fn status(&self) -> ConnectionStatus {
        ConnectionStatus::sum(&self.counters)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("services", &self.services.keys().collect::<Vec<_>>())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
