//! On which thread a connection runs. This file is the whole decision.
//!
//! `per-core`: each worker is a thread with its own single-threaded runtime. A client connection,
//! the upstream connections it uses and their timers stay on one thread, so serving a
//! request wakes no other one. `shared`: everything runs on the process's runtime, which
//! balances by moving tasks between its threads.
//!
//! A worker is also the index of its upstream connections and counters.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use marquis_config::sections::gateway::Threading;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::conn::{self, Accepted};
use crate::gate::Gate;

/// The threads that serve connections.
#[derive(Debug)]
pub(crate) struct Workers {
    runtimes: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    turn: AtomicUsize,
}

/// How many workers the settings mean.
pub(crate) fn count(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    }
}

impl Workers {
    /// Starts `count` workers.
    pub(crate) fn start(threading: Threading, count: usize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut workers =
            Self { runtimes: Vec::new(), threads: Vec::new(), stop, turn: AtomicUsize::new(0) };
        for index in 0..count {
            match threading {
                Threading::Shared => workers.runtimes.push(Handle::current()),
                Threading::PerCore => {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                    workers.runtimes.push(runtime.handle().clone());
                    let stop = workers.stop.clone();
                    let thread = std::thread::Builder::new()
                        .name(format!("gateway-{index}"))
                        .spawn(move || runtime.block_on(stop.cancelled()))?;
                    workers.threads.push(thread);
                }
            }
        }
        Ok(workers)
    }

    /// The worker with the fewest connections; of equals, in turn.
    pub(crate) fn choose(&self, gate: &Gate) -> usize {
        let count = self.runtimes.len();
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..count)
            .map(|offset| (start + offset) % count)
            .min_by_key(|worker| gate.counters[*worker].active.load(Ordering::Relaxed))
            .unwrap_or(0)
    }

    /// Runs a connection on its worker.
    pub(crate) fn serve(&self, gate: &Arc<Gate>, worker: usize, accepted: Accepted) {
        let connection = conn::serve(Arc::clone(gate), worker, accepted);
        self.runtimes[worker].spawn(gate.connections.track_future(connection));
    }

    /// Ends the threads and whatever still runs on them.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A panic of a worker was reported by the panic hook.
                let _ = thread.join();
            }
        });
        let _ = joined.await;
    }
}
