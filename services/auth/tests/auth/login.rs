//! Login, its limits and its secrecy.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures_util::future::join_all;
use marquis_kernel::Secret;
use serde_json::json;

use crate::app::{App, PASSWORD, post, settings};

#[tokio::test]
async fn the_right_password_signs_in() {
    let app = App::new().await;
    app.register("alice").await;
    let answer = app.login("alice", PASSWORD).await.expect(StatusCode::OK);
    app.me(answer.text_at("access_token")).await.expect(StatusCode::OK);
    let upper = json!({ "email": "ALICE@EXAMPLE.COM", "password": PASSWORD });
    app.send(post("/auth/login").json(upper)).await.expect(StatusCode::OK);
    assert_eq!(app.audited("login.succeeded").await, 2);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_are_answered_alike() {
    let app = App::new().await;
    app.register("alice").await;
    let wrong = app.login("alice", "Wrong-password1").await.expect(StatusCode::UNAUTHORIZED);
    let unknown = app.login("nobody", "Wrong-password1").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.body["detail"], "Invalid credentials");
    let mut bodies = [wrong.body, unknown.body];
    for body in &mut bodies {
        body.as_object_mut().expect("an object").remove("traceId");
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(app.audited("login.failed").await, 2);
}

/// The hash dominates; whether it is computed for unknown accounts shows in the time. The
/// fastest of alternating attempts is compared, again and again: a busy machine only adds.
#[tokio::test]
async fn unknown_accounts_take_as_long() {
    let mut settings = settings();
    settings.lockout.failures = 1_000;
    let app = App::with(settings).await;
    app.register("alice").await;
    let mut fastest = [Duration::MAX; 2];
    let alike = |[known, unknown]: [Duration; 2]| unknown * 2 > known && known * 2 > unknown;
    for n in 0..60 {
        for (index, name) in ["alice", "nobody"].into_iter().enumerate() {
            let started = Instant::now();
            let answer = app.login_from(name, "Wrong-password1", &format!("192.0.2.{n}")).await;
            fastest[index] = fastest[index].min(started.elapsed());
            answer.expect(StatusCode::UNAUTHORIZED);
        }
        if n >= 3 && alike(fastest) {
            return;
        }
    }
    panic!("known and unknown accounts differ: {fastest:?}");
}

#[tokio::test]
async fn five_failures_a_minute_from_one_address() {
    let app = App::new().await;
    app.register("alice").await;
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            app.login(name, "wrong").await.expect(StatusCode::UNAUTHORIZED);
        }
        let refused = app.login(name, PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
        assert!((1..=60).contains(&refused.retry_after()), "{}", refused.retry_after());
    }
    app.login_from("alice", PASSWORD, "192.0.2.99").await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(61));
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(app.audited("login.refused").await, 2);
}

#[tokio::test]
async fn successes_use_up_no_allowance() {
    let app = App::new().await;
    app.register("alice").await;
    for _ in 0..12 {
        app.login("alice", PASSWORD).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn ten_failures_in_a_row_lock_the_account() {
    let app = App::new().await;
    app.register("alice").await;
    for name in ["alice", "nobody"] {
        for n in 0..10 {
            let address = format!("198.51.100.{n}");
            app.login_from(name, "wrong", &address).await.expect(StatusCode::UNAUTHORIZED);
        }
        let refused = app.login_from(name, PASSWORD, "203.0.113.5").await;
        let refused = refused.expect(StatusCode::TOO_MANY_REQUESTS);
        assert!((890..=900).contains(&refused.retry_after()), "{}", refused.retry_after());
    }
    app.advance(Duration::from_secs(899));
    let refused = app.login_from("alice", PASSWORD, "203.0.113.6").await;
    assert_eq!(refused.expect(StatusCode::TOO_MANY_REQUESTS).retry_after(), 1);
    app.advance(Duration::from_secs(2));
    app.login_from("alice", PASSWORD, "203.0.113.6").await.expect(StatusCode::OK);
    assert_eq!(app.audited("account.locked").await, 2);
}

#[tokio::test]
async fn a_success_begins_a_new_count() {
    let app = App::new().await;
    app.register("alice").await;
    for round in 0..3 {
        for n in 0..9 {
            let address = format!("198.51.{round}.{n}");
            app.login_from("alice", "wrong", &address).await.expect(StatusCode::UNAUTHORIZED);
        }
        let address = format!("203.0.113.{round}");
        app.login_from("alice", PASSWORD, &address).await.expect(StatusCode::OK);
    }
}

/// However many guesses are made at once, no more than the allowance are judged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_guesses_share_one_allowance() {
    let app = App::new().await;
    app.register("alice").await;
    let guesses = (0..40).map(|n| {
        let address = format!("198.51.100.{n}");
        let app = &app;
        async move { app.login_from("alice", "wrong", &address).await.status }
    });
    let statuses = join_all(guesses).await;
    let judged = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    let refused =
        statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((judged, refused), (10, 30), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_hashes_at_once_are_turned_away_and_not_counted() {
    let mut settings = settings();
    settings.passwords.hashing_threads = 1;
    settings.passwords.hashing_queue = 1;
    settings.lockout.failures_per_minute = 1_000;
    let app = App::with(settings).await;
    app.register("alice").await;
    let logins = join_all((0..10).map(|_| app.login("alice", PASSWORD))).await;
    let busy: Vec<_> =
        logins.iter().filter(|login| login.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert!(!busy.is_empty() && busy.len() < 10, "{} busy", busy.len());
    assert!(busy.iter().all(|login| login.retry_after() >= 1));
    assert!(logins.iter().all(|login| login.status != StatusCode::UNAUTHORIZED));
    let client = app.database.client().await;
    let counted = "SELECT coalesce(sum(failures), 0) FROM login_attempts";
    let counted: i64 = client.query_one(counted, &[]).await.expect("counts").get(0);
    assert_eq!(counted, 0);
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn outdated_hashes_are_upgraded_at_login() {
    let app = App::new().await;
    app.register("alice").await;
    let client = app.database.client().await;
    let stored = async || {
        let row = client.query_one("SELECT password_hash, pepper_version FROM users", &[]).await;
        let row = row.expect("one user");
        (row.get::<_, String>(0)[..7].to_owned(), row.get::<_, i32>(1))
    };
    assert_eq!(stored().await, ("$2b$10$".to_owned(), 1));

    let mut second = settings();
    second.passwords.bcrypt_cost = 11;
    second.passwords.pepper = Secret::new("the second pepper of this installation");
    second.passwords.pepper_version = 2;
    second.passwords.previous_peppers.insert("1".to_owned(), Secret::default());
    let after = app.another(second);
    after.login("alice", "wrong").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(stored().await.1, 1);
    after.login("alice", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(stored().await, ("$2b$11$".to_owned(), 2));
    after.login("alice", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(app.audited("password.hash_upgraded").await, 1);
}

#[tokio::test]
async fn malformed_logins_are_refused_before_they_count() {
    let app = App::new().await;
    for _ in 0..12 {
        let body = json!({ "email": "alice", "password": [] });
        let answer = app.send(post("/auth/login").json(body)).await;
        assert_eq!(answer.expect(StatusCode::BAD_REQUEST).wrong_fields(), ["email", "password"]);
    }
}
