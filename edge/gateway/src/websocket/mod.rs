//! Open WebSockets (RFC 6455): counted, limited for each client address, ended when they are
//! silent for too long, and told at a stop.
//!
//! Content passes byte by byte and is never looked at. To a server of an upstream it passes
//! through [`relay`]; a service of this process has the client's connection itself, and
//! `conn/attended.rs` stands between. At a stop both put a Close frame with status 1001, going
//! away, between two frames, so that clients reconnect at once instead of waiting for a
//! timeout; not all in the same moment, because the other gateways have to take them in.

pub(crate) mod frames;
pub(crate) mod relay;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use marquis_kernel::random;
use parking_lot::Mutex;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::conn::Client;
use crate::conn::activity::{Counted, Counters};
use crate::gate::Gate;

/// Time for the other side's Close frame and the end of the stream.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);
/// At a stop this much later for every further WebSocket: five hundred a second.
const APART: Duration = Duration::from_millis(2);

/// How many WebSockets each client address has open.
#[derive(Debug, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Mutex<HashMap<IpAddr, usize>>>,
    network: IpAddr,
}

impl Places {
    /// A place for this client unless it has `most` already; zero is no limit.
    pub(crate) fn take(&self, network: IpAddr, most: usize) -> Option<Place> {
        let mut taken = self.0.lock();
        let mine = taken.entry(network).or_default();
        if most != 0 && *mine >= most {
            return None;
        }
        *mine += 1;
        Some(Place { places: Arc::clone(&self.0), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(mine) = taken.get_mut(&self.network) {
            *mine -= 1;
            if *mine == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

/// What an open WebSocket holds as long as it lives.
#[derive(Debug)]
pub(crate) struct Standing {
    gate: Arc<Gate>,
    /// Silence after which it ends; zero for never.
    pub(crate) idle: Duration,
    _place: Place,
    _counted: Counted,
    _tracked: TaskTrackerToken,
}

impl Standing {
    pub(crate) fn begin(client: &Client, place: Place, idle: Duration) -> Self {
        let gate = Arc::clone(&client.gate);
        let gauge: fn(&Counters) -> &AtomicI64 = |counters| &counters.tunnels;
        let counted = Counted::new(&gate.counters, client.worker, gauge);
        let tracked = gate.tunnels.token();
        Self { gate, idle, _place: place, _counted: counted, _tracked: tracked }
    }

    /// Comes when the gateway stops.
    pub(crate) fn stop(&self) -> WaitForCancellationFutureOwned {
        CancellationToken::clone(&self.gate.draining).cancelled_owned()
    }

    /// How long after the stop this one is told. In the first half of the drain time a service of
    /// this process (`own`) has the word: it knows better what to say.
    pub(crate) fn told_after(&self, own: bool) -> Duration {
        let half = self.gate.live.load().settings.drain.duration() / 2;
        let open = u32::try_from(self.gate.status().tunnels).unwrap_or(u32::MAX);
        let spread = APART.saturating_mul(open).min(half / 2);
        let share = u32::from(u16::from_be_bytes(random::bytes()));
        let delay = spread * share / u32::from(u16::MAX);
        if own { half + delay } else { delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_places() {
        let places = Places::default();
        let [here, there]: [IpAddr; 2] = [[127, 0, 0, 1].into(), [127, 0, 0, 2].into()];
        let first = places.take(here, 2).expect("first");
        let _second = places.take(here, 2).expect("second");
        assert!(places.take(here, 2).is_none());
        assert!(places.take(there, 2).is_some());
        drop(first);
        assert!(places.take(here, 2).is_some());
        assert!((0..10).all(|_| places.take(there, 0).is_some()), "no limit");
        assert_eq!(places.0.lock().len(), 1, "nothing is kept of who has left");
    }
}
