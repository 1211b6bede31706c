//! Rate limits at the edge.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::any;
use marquis_config::sections::gateway::{RateLimit, RateLimitBy};

use crate::support::{Rig, problem, settings, span};

async fn rig(change: impl FnOnce(&mut BTreeMap<String, RateLimit>)) -> Rig {
    let service = || Router::new().fallback(any(async || "ok"));
    let services = ["auth", "payments"].map(|name| (name.to_owned(), service()));
    let mut settings = settings();
    settings.trusted_proxies = vec!["127.0.0.1".to_owned()];
    change(&mut settings.rate_limits);
    Rig::start(settings, BTreeMap::from(services)).await
}

fn limit(limit: u32, burst: u32, by: RateLimitBy) -> RateLimit {
    RateLimit { limit, window: span(60_000), burst, by }
}

/// How many of twenty requests pass, and the last answer.
async fn passing(rig: &Rig, path: &str, fields: &str) -> (usize, crate::support::Answer) {
    let mut passed = 0;
    let mut last = None;
    for _ in 0..20 {
        let answer = rig.get_with(path, fields).await;
        passed += usize::from(answer.status == 200);
        last = Some(answer);
    }
    (passed, last.expect("an answer"))
}

#[tokio::test]
async fn an_address_gets_so_many_requests() {
    let rig = rig(|limits| {
        limits.insert("default".to_owned(), limit(5, 3, RateLimitBy::Address));
    })
    .await;
    let first = rig.get_with("/a/x", "X-Forwarded-For: 192.0.2.1\r\n").await;
    assert_eq!(first.header("ratelimit-limit"), Some("5"));
    assert_eq!(first.header("ratelimit-remaining"), Some("4"));
    assert_eq!(first.header("ratelimit-policy"), Some("5;w=60"));
    assert!(first.header("ratelimit-reset").is_some());
    let (passed, refused) = passing(&rig, "/b/x", "X-Forwarded-For: 192.0.2.1\r\n").await;
    assert_eq!(passed, 7, "five, three more, and one was taken above");
    problem(&refused, 429);
    let after: u64 = refused.header("retry-after").expect("retry-after").parse().expect("seconds");
    assert!((1..=600).contains(&after), "{after}");
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    // Others are not affected; one IPv6 subscriber is one client.
    assert_eq!(rig.get_with("/a/x", "X-Forwarded-For: 192.0.2.2\r\n").await.status, 200);
    let mut passed = 0;
    for index in 0..20 {
        let fields = format!("X-Forwarded-For: 2001:db8:0:1::{index:x}\r\n");
        passed += usize::from(rig.get_with("/a/x", &fields).await.status == 200);
    }
    assert_eq!(passed, 8);
    let other = "X-Forwarded-For: 2001:db8:0:2::1\r\n";
    assert_eq!(rig.get_with("/a/x", other).await.status, 200);
    // Health checks are not counted.
    assert_eq!(passing(&rig, "/health/auth", "X-Forwarded-For: 192.0.2.1\r\n").await.0, 20);
}

#[tokio::test]
async fn guessing_passwords_is_limited_more() {
    let rig = rig(|limits| {
        limits.insert("default".to_owned(), limit(100, 50, RateLimitBy::Address));
        limits.insert("credentials".to_owned(), limit(5, 10, RateLimitBy::Address));
    })
    .await;
    for (index, path) in
        ["/api/v1/auth/login", "/api/auth/register", "/a/auth/password"].iter().enumerate()
    {
        let fields = format!("X-Forwarded-For: 198.51.100.{index}\r\n");
        let (passed, refused) = passing(&rig, path, &fields).await;
        assert_eq!(passed, 15, "{path}");
        problem(&refused, 429);
        assert_eq!(passing(&rig, "/api/v1/auth/me", &fields).await.0, 20, "{path}");
    }
    // The aliases are one endpoint.
    let fields = "X-Forwarded-For: 198.51.100.99\r\n";
    assert_eq!(passing(&rig, "/api/v1/auth/login", fields).await.0, 15);
    assert_eq!(passing(&rig, "/a/auth/login", fields).await.0, 0);
}

#[tokio::test]
async fn users_and_services_can_be_limited() {
    let rig = rig(|limits| {
        limits.insert("user".to_owned(), limit(3, 0, RateLimitBy::User));
        limits.insert("payments".to_owned(), limit(4, 0, RateLimitBy::Service));
    })
    .await;
    // The test's verifier makes a new user each time, so nobody reaches the limit.
    assert_eq!(passing(&rig, "/a/x", "Authorization: Bearer good\r\n").await.0, 20);
    assert_eq!(passing(&rig, "/a/x", "").await.0, 20);
    let (passed, refused) = passing(&rig, "/b/x", "").await;
    assert_eq!(passed, 4);
    problem(&refused, 429);
}
