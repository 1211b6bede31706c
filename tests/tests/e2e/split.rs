//! Several processes: requests alternate, an instance dies under load and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use marquis_testkit::eventually;
use marquis_tests::api::unique;
use marquis_tests::database::EmptyDatabase;
use marquis_tests::split::Node;
use marquis_tests::{PATIENCE, Settings, Split};
use serde_json::json;

use crate::shared;

/// Requests that a service counts for itself under a route.
async fn served(node: &Node, route: &str) -> u64 {
    let metrics = node.api().get("/metrics").await;
    let route = format!("route=\"{route}\"");
    metrics
        .expect(200)
        .text
        .lines()
        .filter(|line| line.starts_with("http_requests_total{") && line.contains(&route))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[tokio::test]
async fn requests_alternate_between_instances() {
    let split = shared::split().await;
    let api = split.api();
    let account = api.register().await;
    for (nodes, path, route) in [
        (&split.auth, "/api/v1/auth/sessions", "/auth/sessions"),
        (&split.payments, "/api/v1/payments/pay_x", "/payments/{reference}"),
    ] {
        let before = [served(&nodes[0], route).await, served(&nodes[1], route).await];
        for _ in 0..20 {
            api.get_as(&account.access, path).await;
        }
        let after = [served(&nodes[0], route).await, served(&nodes[1], route).await];
        // Other tests share these instances, so at least their share and not exactly it.
        for (after, before) in after.into_iter().zip(before) {
            assert!(after - before >= 5, "{path}: {before} then {after}");
        }
    }
}

#[tokio::test]
async fn the_whole_story_holds_over_processes() {
    let split = shared::split().await;
    let api = split.api();
    let account = api.register().await;
    api.login(&account.email, &account.password).await.expect(200);
    let body = json!({ "amount": 1250, "currency": "EUR", "metadata": { "sandbox": "succeed" } });
    let key = unique("key");
    let made = api.pay(&account.access, &key, &body).await;
    let again = api.pay(&account.access, &key, &body).await;
    assert_eq!((again.status, &again.text), (201, &made.text), "whichever instance answers");
    let path = format!("/api/v1/payments/{}", made.text_at("/reference"));
    eventually(PATIENCE, || async {
        api.get_as(&account.access, &path).await.text_at("/status") == "succeeded"
    })
    .await;
    for service in ["auth", "payments"] {
        api.get(&format!("/health/{service}")).await.expect(200);
        let document = api.get(&format!("/docs/{service}/openapi.json")).await;
        assert!(document.expect(200).json()["paths"].is_object());
    }
    let verified = split.command(&["payments", "verify-ledger"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_killed_under_load_is_missed_by_nobody_and_comes_back() {
    let databases = [EmptyDatabase::create("auth").await, EmptyDatabase::create("payments").await];
    let mut split = Split::start(&databases[0].url(), &databases[1].url()).await;
    let api = split.api();
    let account = api.register().await;
    let made = api.pay(&account.access, "one", &json!({ "amount": 1, "currency": "EUR" })).await;
    let path = format!("/api/v1/payments/{}", made.expect(201).text_at("/reference"));

    let (running, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (api, token, path) = (split.api(), account.access.clone(), path.clone());
        let (running, done) = (Arc::clone(&running), Arc::clone(&done));
        load.spawn(async move {
            while running.load(Ordering::Acquire) {
                let answer = api.get_as(&token, &path).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                done.fetch_add(1, Ordering::AcqRel);
            }
        });
    }
    let progress = async |more: usize| {
        let start = done.load(Ordering::Acquire);
        eventually(PATIENCE, || async { done.load(Ordering::Acquire) >= start + more }).await;
    };
    for victim in [0, 1] {
        progress(200).await;
        split.payments[victim].process().kill();
        progress(500).await;
        split.payments[victim].restart().await;
        // Ejected, it is asked again once it says that it is ready, and takes its share.
        let back = &split.payments[victim];
        eventually(PATIENCE, || async { served(back, "/payments/{reference}").await >= 20 }).await;
    }
    running.store(false, Ordering::Release);
    while let Some(ended) = load.join_next().await {
        ended.expect("no request failed");
    }
    // Without auth too: what was issued is still good, and its instances come back alike.
    split.auth[0].process().kill();
    for _ in 0..20 {
        api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
    }
    split.auth[0].restart().await;
    api.login(&account.email, &account.password).await.expect(200);
}

#[tokio::test]
async fn without_any_instance_the_answer_is_a_503_and_then_it_is_not() {
    let databases = [EmptyDatabase::create("auth").await, EmptyDatabase::create("payments").await];
    let mut split = Split::start(&databases[0].url(), &databases[1].url()).await;
    let api = split.api();
    let account = api.register().await;
    let asking = split.another("payments", &[("MARQUIS__AUTH__VALIDATION", "remote")]).await;
    asking.api().get_as(&account.access, "/payments").await.expect(200);
    for node in &split.auth {
        node.process().kill();
    }
    // What was issued is still good where it can be checked without asking.
    for _ in 0..4 {
        api.get_as(&account.access, "/api/v1/payments").await.expect(200);
    }
    asking.api().get_as(&account.access, "/payments").await.expect_problem(503);
    for node in &mut split.auth {
        node.restart().await;
    }
    eventually(PATIENCE, || async {
        api.login(&account.email, &account.password).await.status == 200
    })
    .await;
    asking.api().get_as(&account.access, "/payments").await.expect(200);

    for node in &split.payments {
        node.process().kill();
    }
    eventually(PATIENCE, || async {
        let answer = api.get_as(&account.access, "/api/v1/payments").await;
        assert!([502, 503].contains(&answer.status), "{answer:?}");
        answer.expect_problem(answer.status);
        answer.status == 503
    })
    .await;
    api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
    for node in &mut split.payments {
        node.restart().await;
    }
    eventually(PATIENCE, || async {
        api.get_as(&account.access, "/api/v1/payments").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn gateways_count_together_and_without_redis_each_for_itself() {
    let databases = [EmptyDatabase::create("auth").await, EmptyDatabase::create("payments").await];
    let settings = Settings {
        // Enough for what the start takes; exact, so that every request can be accounted for.
        toml: "[gateway.rate_limits.default]\nlimit = 100\nburst = 0\nwindow = \"1h\"\n".to_owned(),
        unlimited: false,
    };
    let mut split = Split::start_with(settings, &databases[0].url(), &databases[1].url()).await;
    let (_node, second) = split.another_gateway().await;
    let first = split.api();
    let mut allowed = 0;
    let refused = loop {
        let api = if allowed % 2 == 0 { &first } else { &second };
        let answer = api.get("/.well-known/jwks.json").await;
        if answer.status != 200 {
            break answer;
        }
        allowed += 1;
    };
    refused.expect_problem(429);
    // The start of the installation took some from the same address.
    assert!((50..=100).contains(&allowed), "{allowed}");
    first.get("/.well-known/jwks.json").await.expect_problem(429);
    second.get("/.well-known/jwks.json").await.expect_problem(429);

    split.redis.stop();
    for api in [&first, &second] {
        eventually(PATIENCE, || async { api.get("/.well-known/jwks.json").await.status == 200 })
            .await;
    }
    split.redis.start_again();
}
