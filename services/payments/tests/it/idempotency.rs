//! Idempotency keys: once per key, whatever happens in between.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

use marquis_testkit::eventually;

use crate::harness::{App, PATIENCE, TableClient as _, euros, text};

#[tokio::test]
async fn the_first_answer_is_replayed_byte_for_byte() {
    let app = App::start().await;
    let alice = app.alice();
    let body = json!({"amount": 1, "currency": "EUR", "metadata": {"b": "2", "a": "1"}});
    let first = app.create_with_key(&alice, "k-1", &body).await;
    assert!(!first.replayed());
    let reference = text(&first.json()["reference"]);
    // What happened to the payment since does not show.
    app.set_status(&alice, &reference, "cancelled").await.expect(200);
    app.clock.advance(Duration::hours(23));
    let alice = app.named(alice.id, &[marquis_contracts::identity::Role::User]);
    let second = app.create_with_key(&alice, "k-1", &body).await;
    assert!(second.replayed());
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(first.headers["location"], second.headers["location"]);
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM payments").await, 1);
    assert_eq!(
        tables.number("SELECT count(*) FROM outbox WHERE kind = 'payment.created'").await,
        1
    );
}

#[tokio::test]
async fn the_order_of_fields_does_not_matter_but_their_values_do() {
    let app = App::start().await;
    let alice = app.alice();
    let body = json!({"amount": 5, "currency": "EUR", "metadata": {"a": "1"}});
    let reference = text(&app.create_with_key(&alice, "k", &body).await.expect(201)["reference"]);
    let request = axum::http::Request::post("/payments")
        .header("authorization", alice.authorization())
        .header("content-type", "application/json; charset=utf-8")
        .header("idempotency-key", "k")
        .body(r#" {"metadata":{"a":"1"}, "description": null, "currency":"EUR","amount":5}"#.into())
        .expect("a request");
    let same = app.send(request).await;
    assert!(same.replayed());
    assert_eq!(same.expect(201)["reference"], reference);
    for other in [
        json!({"amount": 6, "currency": "EUR", "metadata": {"a": "1"}}),
        json!({"amount": 5, "currency": "USD", "metadata": {"a": "1"}}),
        json!({"amount": 5, "currency": "EUR", "metadata": {"a": "2"}}),
        json!({"amount": 5, "currency": "EUR"}),
        json!({"amount": 5, "currency": "EUR", "metadata": {"a": "1"}, "description": ""}),
    ] {
        app.create_with_key(&alice, "k", &other).await.problem(422);
    }
}

#[tokio::test]
async fn keys_belong_to_their_user() {
    let app = App::start().await;
    let (alice, bob) = (app.alice(), app.alice());
    let hers = app.create_with_key(&alice, "same", &euros(1)).await.expect(201);
    let his = app.create_with_key(&bob, "same", &euros(2)).await;
    assert!(!his.replayed());
    assert_ne!(hers["reference"], his.expect(201)["reference"]);
}

#[tokio::test]
async fn what_fails_validation_is_not_remembered() {
    let app = App::start().await;
    let alice = app.alice();
    app.create_with_key(&alice, "k", &euros(-1)).await.expect(400);
    assert!(!app.create_with_key(&alice, "k", &euros(1)).await.replayed());
}

#[tokio::test]
async fn keys_have_a_form() {
    let app = App::start().await;
    let alice = app.alice();
    for key in ["", "a b", &"x".repeat(256), "é"] {
        let answer = app.create_with_key(&alice, key, &euros(1)).await;
        assert_eq!(answer.wrong_fields(), ["Idempotency-Key"], "{key}");
    }
    app.create_with_key(&alice, &"x".repeat(255), &euros(1)).await.expect(201);
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let answer =
        app.call(&alice, axum::http::Method::POST, "/payments", &twice, Some(&euros(1))).await;
    assert_eq!(answer.wrong_fields(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn an_expired_key_is_free_again_and_cleaned_up() {
    let app = App::start().await;
    let alice = app.alice();
    let first = app.create_with_key(&alice, "k", &euros(1)).await.expect(201);
    app.create_with_key(&alice, "other", &euros(1)).await.expect(201);
    app.clock.advance(Duration::hours(24) + Duration::seconds(1));
    let alice = app.named(alice.id, &[marquis_contracts::identity::Role::User]);
    // Other parameters are no matter: the key is taken over in place.
    let second = app.create_with_key(&alice, "k", &euros(2)).await;
    assert!(!second.replayed());
    assert_ne!(first["reference"], second.expect(201)["reference"]);
    assert!(app.create_with_key(&alice, "k", &euros(2)).await.replayed());
    assert_eq!(app.payments.forget_expired_keys().await.expect("deletes"), 1);
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM idempotency_keys").await, 1);
    assert!(app.create_with_key(&alice, "k", &euros(2)).await.replayed());
}

/// The first request commits while duplicates arrive at every moment around it: each of
/// them gets the one payment or is told to come back, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_at_once_make_one_payment() {
    let app = Arc::new(App::start().await);
    let alice = app.alice();
    for round in 0..40 {
        let key = format!("round-{round}");
        let answers = join_all((0..8).map(|_| {
            let (app, alice, key) = (Arc::clone(&app), alice.clone(), key.clone());
            tokio::spawn(async move { app.create_with_key(&alice, &key, &euros(7)).await })
        }))
        .await;
        let mut references = BTreeSet::new();
        let mut made = 0;
        for answer in answers {
            let answer = answer.expect("no panic");
            match answer.status.as_u16() {
                201 => {
                    made += usize::from(!answer.replayed());
                    references.insert(text(&answer.json()["reference"]));
                }
                409 => {
                    assert_eq!(answer.headers["retry-after"], "1");
                }
                _ => panic!("{answer:?}"),
            }
        }
        assert_eq!((made, references.len()), (1, 1), "{key}");
        let again = app.create_with_key(&alice, &key, &euros(7)).await;
        assert!(again.replayed());
        assert!(references.contains(&text(&again.json()["reference"])));
    }
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM payments").await, 40);
    assert_eq!(tables.number("SELECT count(*) FROM outbox").await, 40);
}

/// A request whose transaction is still open holds the key; when it ends without a commit,
/// as in a crash, nothing of it is left and the key is free.
#[tokio::test]
async fn a_duplicate_is_told_to_wait_and_a_crash_leaves_nothing() {
    let app = App::start().await;
    let alice = app.alice();
    let first = app.create_with_key(&alice, "probe", &euros(1)).await.expect(201);
    let first = text(&first["reference"]);
    let tables = app.tables().await;
    // The lock of another key of this user, held as a running request would.
    let key: marquis_payments::application::idempotency::IdempotencyKey =
        "crash".parse().expect("a key");
    let owner = marquis_payments::domain::OwnerId::from_uuid(alice.id.uuid());
    let now = marquis_kernel::Clock::now(&*app.clock);
    let lock = marquis_payments::application::idempotency::Claim::new(
        owner,
        key,
        [0; 32],
        now,
        Duration::DAY,
    )
    .lock;
    tables.run(&format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await.expect("locks");
    let waiting = app.create_with_key(&alice, "crash", &euros(1)).await;
    assert!(waiting.problem(409).contains("being worked on"));
    // Another key, and a key that was answered, are not held up.
    app.create_with_key(&alice, "free", &euros(1)).await.expect(201);
    let replay = app.create_with_key(&alice, "probe", &euros(1)).await;
    assert_eq!(replay.expect(201)["reference"], first);
    tables.run("ROLLBACK").await.expect("rolls back");
    let made = app.create_with_key(&alice, "crash", &euros(1)).await;
    assert!(!made.replayed());
    made.expect(201);
}

/// The first request commits after the second one took its snapshot and before it looks at
/// the key: the second neither sees the row nor may write its own, and replays all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_the_snapshot_does_not_show_is_replayed() {
    let app = Arc::new(App::start().await);
    let alice = app.alice();
    let first = app.create_with_key(&alice, "a", &euros(3)).await.expect(201);
    let tables = app.tables().await;
    for (ending, key, replayed) in [("ROLLBACK", "b", false), ("COMMIT", "c", true)] {
        // An answer under the key appears in a transaction that is still open.
        tables
            .run(&format!("BEGIN; UPDATE idempotency_keys SET key = '{key}' WHERE key = 'a'"))
            .await
            .expect("an open transaction");
        let request = tokio::spawn({
            let (app, alice) = (Arc::clone(&app), alice.clone());
            async move { app.create_with_key(&alice, key, &euros(3)).await }
        });
        let watcher = app.tables().await;
        eventually(PATIENCE, || async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            watcher.number(waiting).await == 1
        })
        .await;
        tables.run(ending).await.expect("ends");
        let answer = request.await.expect("no panic");
        assert_eq!(answer.replayed(), replayed, "{ending}");
        let made = answer.expect(201);
        assert_eq!(made["reference"] == first["reference"], replayed, "{ending}");
    }
    assert_eq!(tables.number("SELECT count(*) FROM payments").await, 2);
}
