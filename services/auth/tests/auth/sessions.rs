//! Sessions: seen, ended one by one and all at once; revocation reaching other nodes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use marquis_authz::{LocalVerifier, TokenRules};
use marquis_contracts::identity::{TokenVerifier as _, VerifyError};
use marquis_kernel::{Clock as _, SystemClock};
use marquis_testkit::eventually;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{App, PASSWORD, Session, delete, get, post};

#[tokio::test]
async fn the_owner_sees_where_they_are_signed_in() {
    let app = App::new().await;
    let laptop = app.register("alice").await;
    app.advance(Duration::from_secs(60));
    let call = post("/auth/login")
        .json(json!({ "email": "alice@example.com", "password": PASSWORD }))
        .header("user-agent", "Phone/1.0 \tevil")
        .from("2001:db8::7");
    let phone = Session::of(&app.send(call).await.expect(StatusCode::OK));
    app.register("bob").await;

    let list = app.send(get("/auth/sessions").bearer(&laptop.access)).await;
    let list = list.expect(StatusCode::OK);
    assert_eq!(list.body["meta"], json!({ "total": 2, "limit": 20, "offset": 0 }));
    let sessions = list.body["data"].as_array().expect("a list");
    assert_eq!(sessions[0]["userAgent"], "Phone/1.0 evil");
    assert_eq!(sessions[0]["address"], "2001:db8::7");
    assert_eq!(sessions[0]["current"], false);
    assert_eq!(sessions[1]["current"], true);
    assert_eq!(sessions[1]["amr"], json!(["pwd"]));

    app.advance(Duration::from_secs(60));
    app.refresh(&laptop.refresh).await.expect(StatusCode::OK);
    let page = app.send(get("/auth/sessions?limit=1&offset=0").bearer(&phone.access)).await;
    assert_eq!(page.body["data"][0]["current"], false);
    let beyond = app.send(get("/auth/sessions?offset=9").bearer(&phone.access)).await;
    assert_eq!(beyond.body["meta"]["total"], 2);
    let wrong = app.send(get("/auth/sessions?limit=0").bearer(&phone.access)).await;
    wrong.expect(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn active_users_are_those_who_signed_in_or_refreshed_lately() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
    let bob = app.register("bob").await;
    assert_eq!(app.auth.active_users().await.expect("counted"), 2);
    app.advance(Duration::from_secs(19 * 60));
    app.refresh(&alice.refresh).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(2 * 60));
    assert_eq!(app.auth.active_users().await.expect("counted"), 1, "bob has been away");
    app.send(post("/auth/logout").bearer(&bob.access)).await;
    let alice = Session::of(&app.login("alice", PASSWORD).await);
    app.send(post("/auth/logout-all").bearer(&alice.access)).await.expect(StatusCode::OK);
    assert_eq!(app.auth.active_users().await.expect("counted"), 0);
}

#[tokio::test]
async fn one_session_is_ended_from_another() {
    let app = App::new().await;
    let laptop = app.register("alice").await;
    let phone = Session::of(&app.login("alice", PASSWORD).await);
    let bob = app.register("bob").await;
    let id = app.me(&phone.access).await.text_at("sessionId").to_owned();
    let path = format!("/auth/sessions/{id}");

    app.send(delete(&path).bearer(&bob.access)).await.expect(StatusCode::NOT_FOUND);
    app.me(&phone.access).await.expect(StatusCode::OK);
    app.send(delete(&path).bearer(&laptop.access)).await.expect(StatusCode::NO_CONTENT);
    app.me(&phone.access).await.expect(StatusCode::UNAUTHORIZED);
    app.refresh(&phone.refresh).await.expect(StatusCode::UNAUTHORIZED);
    app.send(delete(&path).bearer(&laptop.access)).await.expect(StatusCode::NOT_FOUND);
    app.send(delete("/auth/sessions/x").bearer(&laptop.access)).await.expect(StatusCode::NOT_FOUND);
    app.me(&laptop.access).await.expect(StatusCode::OK);
    assert_eq!(app.audited("session.revoked").await, 1);
}

#[tokio::test]
async fn logging_out_everywhere_ends_all() {
    let app = App::new().await;
    let sessions = [app.register("alice").await, Session::of(&app.login("alice", PASSWORD).await)];
    let bob = app.register("bob").await;
    let answer = app.send(post("/auth/logout-all").bearer(&sessions[1].access)).await;
    assert_eq!(answer.expect(StatusCode::OK).body, json!({ "revoked": 2 }));
    for session in &sessions {
        app.me(&session.access).await.expect(StatusCode::UNAUTHORIZED);
        app.refresh(&session.refresh).await.expect(StatusCode::UNAUTHORIZED);
    }
    app.me(&bob.access).await.expect(StatusCode::OK);
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_revocation_reaches_a_verifier_elsewhere_within_a_second() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let rules = TokenRules {
        issuer: app.settings.issuer.clone(),
        audience: app.settings.audience.clone(),
        leeway: Duration::ZERO,
    };
    // Another process's verifier: hears of nothing directly.
    let elsewhere = LocalVerifier::new(app.auth.issuer(), rules, app.clock.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&elsewhere).run(stop.clone()));
    eventually(Duration::from_secs(10), || elsewhere.verify(&alice.access)).await;

    app.send(post("/auth/logout").bearer(&alice.access)).await.expect(StatusCode::NO_CONTENT);
    let left = Instant::now();
    eventually(Duration::from_secs(5), || async {
        match elsewhere.verify(&alice.access).await {
            Err(VerifyError::Invalid("revoked")) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert!(left.elapsed() < Duration::from_secs(2), "{:?}", left.elapsed());
    stop.cancel();
    running.await.expect("the verifier ends");
}

#[tokio::test]
async fn revocations_are_listed_for_other_processes() {
    let app = App::new().await;
    let before = app.clock.now();
    app.advance(Duration::from_secs(1));
    let alice = app.register("alice").await;
    let session = app.me(&alice.access).await.body["sessionId"].clone();
    app.send(post("/auth/logout").bearer(&alice.access)).await.expect(StatusCode::NO_CONTENT);

    let since = |at: time::OffsetDateTime| {
        let at = at.format(&time::format_description::well_known::Rfc3339).expect("formats");
        app.send(get(&format!("/internal/revocations?since={at}")))
    };
    let listed = since(before).await.expect(StatusCode::OK);
    assert_eq!(listed.body["data"][0]["sessionId"], session);
    assert_eq!(listed.body["data"].as_array().map(Vec::len), Some(1));
    let later = since(app.clock.now()).await.expect(StatusCode::OK);
    assert_eq!(later.body, json!({ "data": [] }));
    app.advance(Duration::from_secs(2 * 3_600));
    let old = app.auth.issuer().revocations_since(before).await.expect("answers");
    assert!(old.is_empty());
    app.send(get("/internal/revocations")).await.expect(StatusCode::BAD_REQUEST);
    assert!(SystemClock.now() > before);
}
