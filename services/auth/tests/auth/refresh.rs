//! Refresh tokens: used once, with a grace; a replay ends the session.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use marquis_testkit::eventually;
use serde_json::json;

use crate::app::{App, PASSWORD, Session, logged, post};

#[tokio::test]
async fn a_refresh_brings_new_tokens() {
    let app = App::new().await;
    let first = app.register("alice").await;
    let answer = app.refresh(&first.refresh).await.expect(StatusCode::OK);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let second = Session::of(&answer);
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access, first.access);
    let (old, new) = (app.me(&first.access).await, app.me(&second.access).await);
    assert_eq!(old.expect(StatusCode::OK).body["sessionId"], new.body["sessionId"]);
    app.refresh(&second.refresh).await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_uses_log_nobody_out() {
    let app = App::new().await;
    let first = app.register("alice").await;
    let answers = join_all((0..50).map(|_| app.refresh(&first.refresh))).await;
    let sessions: Vec<Session> =
        answers.into_iter().map(|answer| Session::of(&answer.expect(StatusCode::OK))).collect();
    for session in &sessions {
        app.me(&session.access).await.expect(StatusCode::OK);
    }
    // Every sibling goes on by itself.
    app.advance(Duration::from_secs(3_600));
    for session in &sessions {
        app.refresh(&session.refresh).await.expect(StatusCode::OK);
    }
    assert_eq!(app.audited("refresh_token.reused").await, 0);
}

#[tokio::test]
async fn a_replay_after_the_grace_ends_the_session() {
    let app = App::new().await;
    let first = app.register("alice").await;
    let elsewhere = Session::of(&app.login("alice", PASSWORD).await);
    let second = Session::of(&app.refresh(&first.refresh).await.expect(StatusCode::OK));
    app.advance(Duration::from_secs(10));
    let third = Session::of(&app.refresh(&first.refresh).await.expect(StatusCode::OK));
    app.me(&third.access).await.expect(StatusCode::OK);

    app.advance(Duration::from_secs(1));
    let replay = app.refresh(&first.refresh).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(replay.body["type"], "urn:marquis:problem:invalid-refresh-token");
    // Neither the thief's nor the owner's tokens work any more, of either kind.
    for token in [&second.refresh, &third.refresh, &first.refresh] {
        app.refresh(token).await.expect(StatusCode::UNAUTHORIZED);
    }
    for token in [&first.access, &second.access, &third.access] {
        app.me(token).await.expect(StatusCode::UNAUTHORIZED);
    }
    app.me(&elsewhere.access).await.expect(StatusCode::OK);

    assert_eq!(app.audited("refresh_token.reused").await, 1);
    let session = &app.me(&elsewhere.access).await.body["sessionId"];
    assert!(session.is_string());
    let user = first.user["id"].as_str().expect("an id");
    let log = logged();
    assert!(
        log.lines().any(|line| line.contains("refresh_token.reused") && line.contains(user)),
        "no security log line"
    );
    let client = app.database.client().await;
    let because = "SELECT revoked_because FROM sessions WHERE revoked_at IS NOT NULL";
    let because: String = client.query_one(because, &[]).await.expect("one").get(0);
    assert_eq!(because, "refresh_token_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_replays_end_the_session_once() {
    let app = App::new().await;
    let first = app.register("alice").await;
    app.refresh(&first.refresh).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(11));
    let answers = join_all((0..20).map(|_| app.refresh(&first.refresh))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED));
    assert_eq!(app.audited("refresh_token.reused").await, 1);
}

#[tokio::test]
async fn unused_sessions_end_after_fourteen_days_and_all_after_thirty() {
    const DAY: Duration = Duration::from_secs(86_400);
    let app = App::new().await;
    let idle = app.register("alice").await;
    let mut busy = app.register("bob").await;
    app.advance(DAY * 14);
    app.refresh(&idle.refresh).await.expect(StatusCode::UNAUTHORIZED);

    let app = App::new().await;
    busy.refresh.clone_from(&app.register("bob").await.refresh);
    for _ in 0..29 {
        app.advance(DAY);
        busy = Session::of(&app.refresh(&busy.refresh).await.expect(StatusCode::OK));
    }
    app.advance(DAY);
    app.refresh(&busy.refresh).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(app.audited("refresh_token.reused").await, 0);
}

#[tokio::test]
async fn what_is_not_a_refresh_token_of_ours_is_refused() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let other = App::new().await;
    let foreign = other.register("alice").await;
    let long = "x".repeat(5_000);
    for token in ["", "x", &alice.access, &foreign.refresh, &alice.refresh[1..], &long] {
        app.refresh(token).await.expect(StatusCode::UNAUTHORIZED);
    }
    let call = post("/auth/refresh").json(json!({ "refreshToken": alice.refresh }));
    let answer = app.send(call).await.expect(StatusCode::BAD_REQUEST);
    assert_eq!(answer.wrong_fields(), ["refresh_token", "refreshToken"]);
    // None of this harmed the session.
    app.refresh(&alice.refresh).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_was_left_is_not_refreshed() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    app.send(post("/auth/logout").bearer(&alice.access)).await.expect(StatusCode::NO_CONTENT);
    app.refresh(&alice.refresh).await.expect(StatusCode::UNAUTHORIZED);
    app.me(&alice.access).await.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_ended_is_removed_and_what_lives_stays() {
    const DAY: Duration = Duration::from_secs(86_400);
    let app = App::new().await;
    let mut alice = app.register("alice").await;
    app.register("bob").await;
    app.login("nobody", "wrong").await;
    let used = alice.refresh.clone();
    for _ in 0..20 {
        app.advance(DAY);
        alice = Session::of(&app.refresh(&alice.refresh).await.expect(StatusCode::OK));
    }
    let swept = app.auth.sweep().await.expect("sweeps");
    assert_eq!((swept.sessions, swept.attempts), (1, 1), "{swept:?}");
    assert!(swept.refresh_tokens >= 6, "{swept:?}");
    assert_eq!(app.auth.sweep().await.expect("sweeps").sessions, 0);
    // Too old to be recognised as a replay, and refused all the same.
    app.refresh(&used).await.expect(StatusCode::UNAUTHORIZED);
    eventually(Duration::from_secs(1), || async {
        let answer = app.refresh(&alice.refresh).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(answer.text) }
    })
    .await;
}
