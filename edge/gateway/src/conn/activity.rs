//! What a connection is doing at the moment, and how many do what: the figures of nginx's
//! `stub_status`.
//!
//! Counters are kept per worker, so that two processors do not fight for one cache line.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::websocket::Standing;

/// The counters of one worker.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    pub accepted: AtomicU64,
    pub handled: AtomicU64,
    pub requests: AtomicU64,
    pub active: AtomicI64,
    pub reading: AtomicI64,
    pub writing: AtomicI64,
    pub tunnels: AtomicI64,
}

/// The sum over all workers, as nginx's `stub_status` names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// Open connections.
    pub active: u64,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Those of them that were served; the rest was over a connection limit.
    pub handled: u64,
    /// Requests since the start.
    pub requests: u64,
    /// Connections whose request header is arriving.
    pub reading: u64,
    /// Requests being answered.
    pub writing: u64,
    /// Idle keep-alive connections.
    pub waiting: u64,
    /// Open WebSockets and other upgraded connections.
    pub tunnels: u64,
}

impl ConnectionStatus {
    pub(crate) fn sum(workers: &[Counters]) -> Self {
        let unsigned = |counter: &dyn Fn(&Counters) -> &AtomicU64| -> u64 {
            workers.iter().map(|one| counter(one).load(Ordering::Relaxed)).sum()
        };
        let gauge = |counter: &dyn Fn(&Counters) -> &AtomicI64| -> u64 {
            let sum: i64 = workers.iter().map(|one| counter(one).load(Ordering::Relaxed)).sum();
            u64::try_from(sum).unwrap_or(0)
        };
        let (active, reading) = (gauge(&|one| &one.active), gauge(&|one| &one.reading));
        let (writing, tunnels) = (gauge(&|one| &one.writing), gauge(&|one| &one.tunnels));
        Self {
            active,
            accepted: unsigned(&|one| &one.accepted),
            handled: unsigned(&|one| &one.handled),
            requests: unsigned(&|one| &one.requests),
            reading,
            writing,
            // With HTTP/2 several requests run on one connection.
            waiting: active.saturating_sub(reading + writing + tunnels),
            tunnels,
        }
    }
}

/// A gauge that counts as long as this lives.
#[derive(Debug)]
pub(crate) struct Counted {
    counters: Arc<[Counters]>,
    worker: usize,
    gauge: fn(&Counters) -> &AtomicI64,
}

impl Counted {
    pub(crate) fn new(
        counters: &Arc<[Counters]>,
        worker: usize,
        gauge: fn(&Counters) -> &AtomicI64,
    ) -> Self {
        gauge(&counters[worker]).fetch_add(1, Ordering::Relaxed);
        Self { counters: Arc::clone(counters), worker, gauge }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.gauge)(&self.counters[self.worker]).fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the request handler tells the reader of its HTTP/1 connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    busy: AtomicBool,
    upgraded: AtomicBool,
    /// Set with `upgraded` where a service of this process has the connection.
    websocket: OnceLock<Standing>,
}

impl Activity {
    /// A request was received and its answer is not yet completely written.
    pub(crate) fn busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    pub(crate) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Release);
    }

    /// The connection speaks another protocol from here on.
    pub(crate) fn upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Acquire)
    }

    pub(crate) fn set_upgraded(&self) {
        self.upgraded.store(true, Ordering::Release);
    }

    /// A service of this process has accepted a WebSocket.
    pub(crate) fn set_websocket(&self, standing: Standing) {
        // There is one upgrade in the life of a connection.
        let _ = self.websocket.set(standing);
        self.set_upgraded();
    }

    pub(crate) fn websocket(&self) -> Option<&Standing> {
        self.websocket.get()
    }
}
