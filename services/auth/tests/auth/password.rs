//! Changing the password.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::app::{Answer, App, PASSWORD, Session, post};

const NEW: &str = "Another-password-7";

async fn change(app: &App, token: &str, current: &str, new: &str) -> Answer {
    let body = json!({ "currentPassword": current, "newPassword": new });
    app.send(post("/auth/password").bearer(token).json(body)).await
}

#[tokio::test]
async fn a_change_ends_the_other_sessions() {
    let app = App::new().await;
    let here = app.register("alice").await;
    let there = Session::of(&app.login("alice", PASSWORD).await);
    change(&app, &here.access, PASSWORD, NEW).await.expect(StatusCode::NO_CONTENT);
    app.me(&here.access).await.expect(StatusCode::OK);
    app.refresh(&here.refresh).await.expect(StatusCode::OK);
    app.me(&there.access).await.expect(StatusCode::UNAUTHORIZED);
    app.refresh(&there.refresh).await.expect(StatusCode::UNAUTHORIZED);
    app.login("alice", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    app.login("alice", NEW).await.expect(StatusCode::OK);
    assert_eq!(app.audited("password.changed").await, 1);
}

#[tokio::test]
async fn unacceptable_changes_are_refused() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    for (current, new, field) in [
        ("Wrong-password1", NEW, "currentPassword"),
        (PASSWORD, "short", "newPassword"),
        (PASSWORD, "alice@example.com", "newPassword"),
        (PASSWORD, PASSWORD, "newPassword"),
    ] {
        let answer = change(&app, &alice.access, current, new).await;
        let answer = answer.expect(StatusCode::BAD_REQUEST);
        assert_eq!(answer.wrong_fields(), [field], "{}", answer.text);
    }
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
}

/// A stolen access token is no way around the limits on guessing.
#[tokio::test]
async fn guessing_the_current_password_is_limited_like_a_login() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    for _ in 0..5 {
        change(&app, &alice.access, "Wrong-password1", NEW).await.expect(StatusCode::BAD_REQUEST);
    }
    let refused = change(&app, &alice.access, PASSWORD, NEW).await;
    assert!(refused.expect(StatusCode::TOO_MANY_REQUESTS).retry_after() >= 1);
    app.login("alice", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    app.advance(Duration::from_secs(61));
    change(&app, &alice.access, PASSWORD, NEW).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.audited("password.change_refused").await, 5);
}

/// Whichever comes first: no session opened with the old password outlives its change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_during_the_change_does_not_survive_it() {
    let app = App::new().await;
    let mut owner = app.register("alice").await;
    let mut current = PASSWORD.to_owned();
    for round in 0..6 {
        let new = format!("Next-password-{round}");
        let logins = (0..3).map(|_| app.login_from("alice", &current, "203.0.113.9"));
        let (changed, logins) = futures_util::future::join(
            change(&app, &owner.access, &current, &new),
            futures_util::future::join_all(logins),
        )
        .await;
        changed.expect(StatusCode::NO_CONTENT);
        for login in logins.iter().filter(|login| login.status == StatusCode::OK) {
            let stolen = Session::of(login);
            app.me(&stolen.access).await.expect(StatusCode::UNAUTHORIZED);
            app.refresh(&stolen.refresh).await.expect(StatusCode::UNAUTHORIZED);
        }
        owner = Session::of(&app.refresh(&owner.refresh).await.expect(StatusCode::OK));
        app.advance(Duration::from_secs(61));
        current = new;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_changes_one_wins() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let [first, second] = ["First-password-1", "Second-password-2"];
    let answers = futures_util::future::join(
        change(&app, &alice.access, PASSWORD, first),
        change(&app, &alice.access, PASSWORD, second),
    )
    .await;
    let statuses = [answers.0.status, answers.1.status];
    assert!(statuses.contains(&StatusCode::NO_CONTENT), "{statuses:?}");
    assert!(statuses.contains(&StatusCode::BAD_REQUEST), "{statuses:?}");
    let winner = if statuses[0] == StatusCode::NO_CONTENT { first } else { second };
    app.login("alice", winner).await.expect(StatusCode::OK);
}
