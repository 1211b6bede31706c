//! Work beside the requests: relays, workers, verifiers. It outlives the last request and
//! ends before the databases are closed.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the work may take to come to an end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The background work of this process.
#[derive(Debug, Default)]
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    /// Starts something that runs until the token it is given is cancelled.
    pub fn start<Work>(&self, work: impl FnOnce(CancellationToken) -> Work)
    where
        Work: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(work(self.stop.clone()));
    }

    /// Ends all of it and waits.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                tasks = self.tasks.len(),
                "background work does not end, giving up on it"
            );
        }
    }
}
