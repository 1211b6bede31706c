//! PostgreSQL away and back: 503 for what needs it, the rest goes on, recovery by itself.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use marquis_auth::Auth;
use marquis_cluster::Cluster;
use marquis_config::Environment;
use marquis_kernel::ManualClock;
use marquis_testkit::{PostgresServer, eventually};
use serde_json::json;

use crate::app::{PASSWORD, Session, get, post, send, service, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_and_comes_back() {
    let mut server = PostgresServer::start().await;
    server.database("auth").migrate(Auth::migrations()).await.expect("migrates");
    let clock: Arc<ManualClock> = ManualClock::starting_now();
    let cluster = Cluster::memory(clock.clone());
    let auth = service(&server.settings(), &clock, &cluster, &settings(), Environment::Test);
    let router = auth.router();
    let register = |name: &str| {
        let body = json!({
            "email": format!("{name}@example.com"), "password": PASSWORD, "username": name,
        });
        send(&router, post("/auth/register").json(body))
    };
    let alice = Session::of(&register("alice").await.expect(StatusCode::CREATED));
    let bob = Session::of(&register("bob").await.expect(StatusCode::CREATED));
    send(&router, get("/auth/me").bearer(&alice.access)).await.expect(StatusCode::OK);
    send(&router, get("/health")).await.expect(StatusCode::OK);

    server.stop().await;
    let login =
        post("/auth/login").json(json!({ "email": "alice@example.com", "password": PASSWORD }));
    for call in [
        login.clone(),
        post("/auth/refresh").json(json!({ "refresh_token": alice.refresh })),
        post("/auth/logout").bearer(&alice.access),
        get("/auth/sessions").bearer(&alice.access),
        // Never asked for before, so not remembered.
        get("/auth/me").bearer(&bob.access),
    ] {
        let answer = send(&router, call).await.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(answer.headers.contains_key("retry-after"));
        assert!(!answer.text.contains("postgres"), "{}", answer.text);
    }
    // Known accounts and keys are answered from memory, also when the memory is stale.
    clock.advance(time::Duration::seconds(60));
    for _ in 0..3 {
        let me = send(&router, get("/auth/me").bearer(&alice.access)).await;
        assert_eq!(me.expect(StatusCode::OK).body["username"], "alice");
    }
    let keys = send(&router, get("/.well-known/jwks.json")).await.expect(StatusCode::OK);
    assert_eq!(keys.body["keys"].as_array().map(Vec::len), Some(1));

    server.start_again().await;
    eventually(Duration::from_secs(30), || async {
        let answer = send(&router, login.clone()).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(answer.text) }
    })
    .await;
    send(&router, get("/auth/me").bearer(&bob.access)).await.expect(StatusCode::OK);
    // The outage counted against nobody.
    let refreshed = json!({ "refresh_token": alice.refresh });
    send(&router, post("/auth/refresh").json(refreshed)).await.expect(StatusCode::OK);
}
