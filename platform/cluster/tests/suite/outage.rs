//! Redis goes away and comes back: what still works, how fast, and that it recovers by itself.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Bed, free_port, until};
use bytes::Bytes;
use marquis_cluster::{Cluster, ClusterError, Message, Quota, Subscription};
use marquis_kernel::{Secret, SystemClock};

const MINUTE: Duration = Duration::from_secs(60);
const QUOTA: Quota = Quota::new(2, MINUTE);
/// The promise is 500 ms; the rest is a busy machine.
const PROMPT: Duration = Duration::from_millis(900);

/// A Redis of this test alone, which it may stop.
struct Server {
    port: u16,
    child: Option<Child>,
}

impl Server {
    async fn start() -> Self {
        let mut server = Self { port: free_port(), child: None };
        server.restart().await;
        server
    }

    fn absent() -> Self {
        Self { port: free_port(), child: None }
    }

    fn url(&self) -> String {
        format!("redis://:s3cret-word@127.0.0.1:{}", self.port)
    }

    async fn restart(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--dir", "/tmp", "--requirepass", "s3cret-word"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed; ./test.sh installs it");
        self.child = Some(child);
        let port = self.port;
        until("redis-server listens", || async move {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().expect("kill exists");
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn prompt<T>(what: &str, call: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = call.await;
    assert!(started.elapsed() < PROMPT, "{what} took {:?}", started.elapsed());
    result
}

async fn gone(cluster: &Cluster) {
    until("the outage is noticed", || async {
        prompt("ping", cluster.ping()).await.is_err()
            && cluster.limiter.check_now("noticed", &QUOTA).is_some()
    })
    .await;
}

async fn back(cluster: &Cluster) {
    until("Redis is used again", || async { prompt("ping", cluster.ping()).await.is_ok() }).await;
}

#[tokio::test]
async fn limits_are_counted_alone_and_then_together_again() {
    let mut server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    let check = async |node: &Cluster| {
        prompt("check", node.limiter.check("k", &QUOTA)).await.expect("always answers").allowed
    };
    assert!(bed.cluster.limiter.check_now("k", &QUOTA).is_none(), "Redis needs I/O");
    assert!(check(&bed.cluster).await && check(&bed.other).await);
    assert!(!check(&bed.cluster).await, "shared");
    server.kill();
    gone(&bed.cluster).await;
    gone(&bed.other).await;
    for node in [&bed.cluster, &bed.other] {
        assert_eq!([check(node).await, check(node).await, check(node).await], [true, true, false]);
        assert!(node.limiter.check_now("k", &QUOTA).is_some_and(|verdict| !verdict.allowed));
        prompt("release", node.limiter.release("k", &QUOTA)).await.expect("always answers");
        assert!(check(node).await, "released alone");
    }
    let stats = bed.cluster.stats();
    assert_eq!(stats.outages, 1);
    assert!(stats.local_checks >= 5 && stats.failed_calls >= 3, "{stats:?}");
    server.restart().await;
    back(&bed.cluster).await;
    back(&bed.other).await;
    assert!(bed.cluster.limiter.check_now("k", &QUOTA).is_none());
    assert!(check(&bed.cluster).await && check(&bed.other).await && !check(&bed.cluster).await);
}

#[tokio::test]
async fn a_server_that_hangs_delays_one_call_and_no_more() {
    let server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    bed.cluster.ping().await.expect("it runs");
    server.signal("-STOP");
    gone(&bed.cluster).await;
    let started = Instant::now();
    let mut slow = 0;
    for index in 0..200 {
        let call = Instant::now();
        prompt("check", bed.cluster.limiter.check(&format!("k{index}"), &QUOTA))
            .await
            .expect("answers");
        slow += u32::from(call.elapsed() > Duration::from_millis(100));
    }
    assert!(slow <= 1 + u32::try_from(started.elapsed().as_secs()).expect("short"), "{slow} slow");
    server.signal("-CONT");
    back(&bed.cluster).await;
}

#[tokio::test]
async fn the_cache_misses_and_removal_says_that_it_failed() {
    let mut server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    let cache = &bed.cluster.cache;
    cache.set("k", Bytes::from_static(b"v"), MINUTE).await.expect("it runs");
    assert!(cache.get("k").await.expect("it runs").is_some());
    server.kill();
    gone(&bed.cluster).await;
    assert_eq!(prompt("get", cache.get("k")).await.expect("a miss"), None);
    prompt("set", cache.set("k", Bytes::new(), MINUTE)).await.expect("dropped");
    let removal = prompt("remove", cache.remove("k")).await;
    assert!(matches!(removal, Err(ClusterError::Unavailable(_))), "{removal:?}");
    server.restart().await;
    back(&bed.cluster).await;
    cache.set("k", Bytes::from_static(b"v"), MINUTE).await.expect("it runs");
    assert!(cache.get("k").await.expect("it runs").is_some());
}

#[tokio::test]
async fn nobody_gets_or_keeps_a_lease() {
    let mut server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    let locks = &bed.cluster.locks;
    let lease = locks.try_acquire("n", MINUTE).await.expect("it runs").expect("free");
    server.kill();
    gone(&bed.cluster).await;
    prompt("acquire", locks.try_acquire("m", MINUTE)).await.expect_err("refused");
    prompt("renew", lease.renew(MINUTE)).await.expect_err("unknown");
    server.restart().await;
    back(&bed.cluster).await;
    assert!(!lease.renew(MINUTE).await.expect("it runs"), "this Redis has forgotten it");
    let next = locks.try_acquire("n", MINUTE).await.expect("it runs").expect("free");
    assert!(next.fence() > lease.fence(), "fences outlive the loss of Redis's data");
}

async fn next(subscription: &mut Subscription) -> Message {
    tokio::time::timeout(Duration::from_secs(10), subscription.recv())
        .await
        .expect("a message within ten seconds")
        .expect("the cluster is alive")
}

#[tokio::test]
async fn subscriptions_outlive_an_outage_and_show_the_gap() {
    let mut server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    let mut first = bed.cluster.pubsub.subscribe("t").await;
    bed.other.pubsub.publish("t", b"before").await.expect("it runs");
    assert_eq!(next(&mut first).await, Message::Data(Bytes::from_static(b"before")));
    server.kill();
    gone(&bed.cluster).await;
    gone(&bed.other).await;
    prompt("publish", bed.other.pubsub.publish("t", b"lost"))
        .await
        .expect_err("nobody would get it");
    let mut second = prompt("subscribe", bed.cluster.pubsub.subscribe("u")).await;
    server.restart().await;
    for (subscription, topic) in [(&mut first, "t"), (&mut second, "u")] {
        assert_eq!(next(subscription).await, Message::Gap);
        back(&bed.other).await;
        bed.other.pubsub.publish(topic, b"after").await.expect("it runs");
        assert_eq!(next(subscription).await, Message::Data(Bytes::from_static(b"after")));
    }
}

#[tokio::test]
async fn a_cluster_starts_before_its_redis() {
    let mut server = Server::absent();
    let url = Secret::new(server.url());
    let cluster = Cluster::redis(&url, SystemClock::shared()).await.expect("down is not an error");
    cluster.ping().await.expect_err("nobody is there");
    assert!(cluster.limiter.check("k", &QUOTA).await.expect("always answers").allowed);
    let mut subscription = prompt("subscribe", cluster.pubsub.subscribe("t")).await;
    server.restart().await;
    back(&cluster).await;
    assert_eq!(next(&mut subscription).await, Message::Gap);
    // By Redis's own clock now.
    let verdict = cluster.limiter.check("k", &QUOTA).await.expect("answers");
    assert_eq!((verdict.allowed, verdict.remaining, verdict.reset_after), (true, 1, MINUTE));
}

#[tokio::test]
async fn a_url_is_checked_at_once_and_never_shown() {
    for url in
        ["", "localhost:6379", "http://:s3cret-word@127.0.0.1", "redis://:s3cret-word@host:port"]
    {
        let error = Cluster::redis(&Secret::new(url), SystemClock::shared()).await.expect_err(url);
        assert!(matches!(error, ClusterError::Settings(_)), "{url}: {error:?}");
        assert!(!format!("{error:?} {error}").contains("s3cret-word"));
    }
    let server = Server::start().await;
    let bed = Bed::on(&server.url()).await;
    bed.cluster.ping().await.expect("it runs");
    assert!(!format!("{:?}", bed.cluster).contains("s3cret-word"));
}

#[tokio::test]
async fn a_wrong_password_is_an_outage_that_ends_nowhere_but_hangs_nobody() {
    let server = Server::start().await;
    let url = Secret::new(server.url().replace("s3cret-word", "another"));
    let cluster = Cluster::redis(&url, SystemClock::shared()).await.expect("the URL is fine");
    for _ in 0..3 {
        let error = prompt("ping", cluster.ping()).await.expect_err("refused");
        assert!(!format!("{error:?}").contains("another"), "{error:?}");
        assert!(
            prompt("check", cluster.limiter.check("k", &Quota::new(9, MINUTE)))
                .await
                .expect("answers")
                .allowed
        );
    }
}
