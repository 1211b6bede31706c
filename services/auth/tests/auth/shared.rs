//! Two nodes that share Redis, and Redis going away.

use std::time::Duration;

use axum::http::StatusCode;
use marquis_auth::Email;
use marquis_cluster::Cluster;
use marquis_contracts::identity::Role;
use marquis_kernel::{Secret, SystemClock};
use marquis_testkit::{RedisServer, eventually};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{App, PASSWORD, get};

async fn cluster(redis: &RedisServer) -> Cluster {
    Cluster::redis(&Secret::new(redis.url()), SystemClock::shared()).await.expect("a Redis URL")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_limits_and_changes_and_outlive_redis() {
    let mut redis = RedisServer::start();
    let first = App::new().await.on(cluster(&redis).await);
    let second = first.another(first.settings.clone()).on(cluster(&redis).await);
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (auth, stop) = (second.auth.clone(), stop.clone());
        async move { auth.run(stop).await }
    });

    let alice = first.register("alice").await;
    second.me(&alice.access).await.expect(StatusCode::OK);
    let email: Email = "alice@example.com".parse().expect("an e-mail");
    // The nodes' clock stands still: only a message can have brought it. Told again until
    // the other node listens.
    eventually(Duration::from_secs(20), || async {
        first.auth.set_roles(&email, &[Role::User, Role::Finance]).await.expect("set");
        let roles = second.me(&alice.access).await.body["roles"].clone();
        if roles == json!(["user", "finance"]) { Ok(()) } else { Err(roles) }
    })
    .await;

    // Five failures in all, wherever they were made.
    for n in 0..5 {
        let node = if n % 2 == 0 { &first } else { &second };
        node.login("alice", "wrong").await.expect(StatusCode::UNAUTHORIZED);
    }
    for node in [&first, &second] {
        node.login("alice", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    }

    redis.kill();
    let health = first.send(get("/health")).await.expect(StatusCode::OK);
    assert_eq!(health.body["status"], "degraded", "{}", health.text);
    // Each node counts for itself meanwhile, from zero; the lock of the account still counts.
    first.login_from("alice", PASSWORD, "198.51.100.1").await.expect(StatusCode::OK);
    for _ in 0..5 {
        first.login_from("bob", "wrong", "198.51.100.2").await.expect(StatusCode::UNAUTHORIZED);
    }
    let refused = first.login_from("bob", "wrong", "198.51.100.2").await;
    refused.expect(StatusCode::TOO_MANY_REQUESTS);
    first.me(&alice.access).await.expect(StatusCode::OK);
    first.auth.grant_role(&email, Role::Admin).await.expect("granted without Redis");
    assert_eq!(first.me(&alice.access).await.body["roles"], json!(["user", "admin", "finance"]));

    stop.cancel();
    running.await.expect("the background work ends");
}
