//! Who am I: answered from memory, and right all the same.

use std::time::Duration;

use axum::http::StatusCode;
use marquis_auth::Email;
use marquis_contracts::identity::Role;
use marquis_testkit::eventually;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{App, PASSWORD, Session, get, post};

#[tokio::test]
async fn get_and_post_say_the_same() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let by_get = app.me(&alice.access).await.expect(StatusCode::OK);
    let by_post = app.send(post("/auth/me").bearer(&alice.access)).await.expect(StatusCode::OK);
    assert_eq!(by_get.body, by_post.body);
    for name in ["id", "email", "username", "roles", "sessionId", "amr", "expiresAt", "createdAt"] {
        assert!(!by_get.body[name].is_null(), "{name} is missing in {}", by_get.text);
    }
}

#[tokio::test]
async fn tokens_that_are_not_valid_are_refused() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let elsewhere = App::new().await;
    let foreign = elsewhere.register("alice").await;
    let (signed, signature) = alice.access.rsplit_once('.').expect("a JWS");
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", signed.split_once('.').expect("two").1);
    let mut forged = signature.as_bytes().to_vec();
    forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
    let forged = format!("{signed}.{}", String::from_utf8(forged).expect("ASCII"));
    for token in ["", "x", &unsigned, &forged, &foreign.access, &alice.refresh] {
        let answer = app.me(token).await.expect(StatusCode::UNAUTHORIZED);
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    app.send(get("/auth/me")).await.expect(StatusCode::UNAUTHORIZED);
    app.advance(Duration::from_secs(899));
    app.me(&alice.access).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(7));
    app.me(&alice.access).await.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn added_roles_show_at_once_and_lost_roles_end_the_sessions() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let email: Email = "alice@example.com".parse().expect("an e-mail");
    assert_eq!(app.me(&alice.access).await.body["roles"], json!(["user"]));
    app.auth.grant_role(&email, Role::Finance).await.expect("granted");
    assert_eq!(app.me(&alice.access).await.body["roles"], json!(["user", "finance"]));

    let again = Session::of(&app.refresh(&alice.refresh).await.expect(StatusCode::OK));
    app.auth.set_roles(&email, &[Role::User]).await.expect("set");
    app.me(&again.access).await.expect(StatusCode::UNAUTHORIZED);
    app.refresh(&again.refresh).await.expect(StatusCode::UNAUTHORIZED);
    let anew = Session::of(&app.login("alice", PASSWORD).await.expect(StatusCode::OK));
    assert_eq!(app.me(&anew.access).await.body["roles"], json!(["user"]));
    assert_eq!(app.audited("roles.changed").await, 2);
}

#[tokio::test]
async fn other_nodes_hear_of_changes() {
    let app = App::new().await;
    let other = app.another(app.settings.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (auth, stop) = (other.auth.clone(), stop.clone());
        async move { auth.run(stop).await }
    });
    let alice = app.register("alice").await;
    eventually(Duration::from_secs(10), || async {
        let answer = other.me(&alice.access).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let email: Email = "alice@example.com".parse().expect("an e-mail");
    // The clock stands still: only a message can have brought it. Told again until the
    // other node listens.
    eventually(Duration::from_secs(10), || async {
        app.auth.set_roles(&email, &[Role::User, Role::Finance]).await.expect("set");
        let roles = other.me(&alice.access).await.body["roles"].clone();
        if roles == json!(["user", "finance"]) { Ok(()) } else { Err(roles) }
    })
    .await;
    stop.cancel();
    running.await.expect("the background work ends");
}

#[tokio::test]
async fn a_node_that_hears_nothing_is_right_after_five_seconds() {
    let app = App::new().await;
    let deaf = app.another(app.settings.clone());
    let alice = app.register("alice").await;
    deaf.me(&alice.access).await.expect(StatusCode::OK);
    let email: Email = "alice@example.com".parse().expect("an e-mail");
    app.auth.grant_role(&email, Role::Finance).await.expect("granted");
    assert_eq!(deaf.me(&alice.access).await.body["roles"], json!(["user"]));
    app.advance(Duration::from_secs(5));
    assert_eq!(deaf.me(&alice.access).await.body["roles"], json!(["user", "finance"]));
}
