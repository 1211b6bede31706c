//! Clusters to test: in memory, and on the Redis of `MARQUIS_TEST_REDIS`.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use marquis_cluster::{Cluster, RedisOptions, TimeSource};
use marquis_kernel::{ManualClock, Secret, random};

/// Two nodes of one installation (in memory: the same one twice) and the clock they follow.
pub struct Bed {
    pub cluster: Cluster,
    pub other: Cluster,
    pub clock: Arc<ManualClock>,
}

impl Bed {
    pub async fn memory() -> Self {
        let clock = ManualClock::starting_now();
        let cluster = Cluster::memory(clock.clone());
        Self { other: cluster.clone(), cluster, clock }
    }

    pub async fn redis() -> Self {
        let url = std::env::var("MARQUIS_TEST_REDIS")
            .expect("MARQUIS_TEST_REDIS names a running Redis; ./test.sh starts one");
        Self::on(&url).await
    }

    pub async fn on(url: &str) -> Self {
        let clock = ManualClock::starting_now();
        let options = RedisOptions {
            prefix: format!("marquis-test:{}:", random::token()),
            time: TimeSource::Clock,
            ..RedisOptions::default()
        };
        let url = Secret::new(url);
        let node = || Cluster::redis_with(&url, clock.clone(), options.clone());
        let cluster = node().await.expect("a usable URL");
        let other = node().await.expect("a usable URL");
        Self { cluster, other, clock }
    }

    /// Moves the nodes' clock. Redis's own goes its way.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by.try_into().expect("short"));
    }

    /// Lets time pass on both clocks until the condition holds.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        until(what, || {
            self.advance(Duration::from_millis(5));
            condition()
        })
        .await;
    }
}

/// Asks until the answer is yes; ten seconds without one fail the test.
pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}: not within ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
