//! Registration.

use axum::http::StatusCode;
use futures_util::future::join_all;
use marquis_testkit::eventually;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::app::{App, PASSWORD, get, post};

fn wish(email: &str, username: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "username": username })
}

#[tokio::test]
async fn a_newcomer_is_signed_in_at_once() {
    let app = App::new().await;
    let call = post("/auth/register").json(wish(" Test@Test.com ", "TestUser"));
    let answer = app.send(call).await.expect(StatusCode::CREATED);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 900);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let user = &answer.body["user"];
    assert_eq!(user["email"], "test@test.com");
    assert_eq!(user["username"], "TestUser");
    assert_eq!(user["roles"], json!(["user"]));
    assert_eq!(user["passwordChangeRequired"], false);
    assert!(user.get("passwordHash").is_none() && !answer.text.contains("$2b$"));

    let token = answer.text_at("access_token");
    let me = app.me(token).await.expect(StatusCode::OK);
    assert_eq!(me.body["id"], user["id"]);
    assert_eq!(me.body["amr"], json!(["pwd"]));
    let profile = app.send(get("/users/me").bearer(token)).await.expect(StatusCode::OK);
    assert_eq!(profile.body["username"], "TestUser");
    assert_eq!(app.audited("user.registered").await, 1);
}

#[tokio::test]
async fn names_are_unique_whatever_their_spelling() {
    let app = App::new().await;
    app.register("alice").await;
    for (email, username, kind) in [
        ("ALICE@example.COM", "other", "email-taken"),
        ("other@example.com", "ALICE", "username-taken"),
    ] {
        let answer = app.send(post("/auth/register").json(wish(email, username))).await;
        let answer = answer.expect(StatusCode::CONFLICT);
        assert_eq!(answer.body["type"], format!("urn:marquis:problem:{kind}"));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_registrations_one_wins() {
    let app = App::new().await;
    let calls = (0..8).map(|n| {
        let username = if n % 2 == 0 { "same".to_owned() } else { format!("user{n}") };
        app.send(post("/auth/register").json(wish("same@example.com", &username)))
    });
    let statuses: Vec<_> = join_all(calls).await.into_iter().map(|answer| answer.status).collect();
    let created = statuses.iter().filter(|status| **status == StatusCode::CREATED).count();
    let refused = statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count();
    assert_eq!((created, refused), (1, 7), "{statuses:?}");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = App::new().await;
    let call = post("/auth/register").json(json!({
        "email": "nobody", "password": 5, "username": "x", "role": "admin",
    }));
    let answer = app.send(call).await.expect(StatusCode::BAD_REQUEST);
    assert_eq!(answer.wrong_fields(), ["email", "username", "password", "role"]);
    // A weak password is told together with what else is wrong.
    let call = post("/auth/register").json(json!({
        "email": "nobody", "password": "weak", "username": "x",
    }));
    let answer = app.send(call).await.expect(StatusCode::BAD_REQUEST);
    assert_eq!(answer.wrong_fields(), ["email", "username", "password"]);

    for (password, username) in
        [("short1!", "alice"), ("alllowercase", "alice"), ("Wonderland1", "wonderland1")]
    {
        let body =
            json!({ "email": "alice@example.com", "password": password, "username": username });
        let answer = app.send(post("/auth/register").json(body)).await;
        assert_eq!(answer.expect(StatusCode::BAD_REQUEST).wrong_fields(), ["password"]);
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let app = App::new().await;
    let plain = post("/auth/register").header("content-type", "text/plain");
    app.send(plain).await.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let nul = json!({ "email": "a@b.com", "password": "Password\u{0}123!", "username": "abc" });
    let answer = app.send(post("/auth/register").json(nul)).await;
    assert_eq!(answer.expect(StatusCode::BAD_REQUEST).wrong_fields(), ["password"]);
    let long = json!({ "email": "a@b.com", "password": "aB1".repeat(400_000), "username": "abc" });
    let answer = app.send(post("/auth/register").json(long)).await;
    answer.expect(StatusCode::PAYLOAD_TOO_LARGE);
    app.send(get("/auth/register")).await.expect(StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_registration_is_told_to_the_other_services() {
    let app = App::new().await;
    let mut events = app.cluster.pubsub.subscribe("events.auth").await;
    let stop = CancellationToken::new();
    let auth = app.auth.clone();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { auth.run(stop).await }
    });
    let alice = app.register("alice").await;
    let message = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
    let Ok(Some(marquis_cluster::Message::Data(message))) = message else {
        panic!("no event: {message:?}");
    };
    let event: Value = serde_json::from_slice(&message).expect("JSON");
    assert_eq!(event["type"], "user.registered");
    assert_eq!(event["subject"], alice.user["id"]);
    assert_eq!(event["data"]["username"], "alice");
    assert!(event["traceparent"].is_string(), "{event}");
    let client = app.database.client().await;
    eventually(Duration::from_secs(20), || async {
        let behind = "SELECT count(*) FROM outbox WHERE (transaction, position) >
            (SELECT transaction, position FROM feed_cursors WHERE source = 'outbox')";
        let left: i64 = client.query_one(behind, &[]).await.expect("counts").get(0);
        if left == 0 { Ok(()) } else { Err(left) }
    })
    .await;
    stop.cancel();
    running.await.expect("the background work ends");
}
