//! Provider events: who may send them, and in which order they may come.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use ring::hmac;
use serde_json::{Value, json};
use time::Duration;

use crate::harness::{App, STRIPE_SECRET, TableClient as _, euros, event, refund_event, text};

use marquis_kernel::Clock as _;

#[tokio::test]
async fn an_event_moves_its_payment() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1_000).await;
    let receipt = app.deliver("evt_1", &event("payment.succeeded", &reference)).await.expect(200);
    assert_eq!(receipt, json!({"outcome": "applied"}));
    let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    assert_eq!(payment["status"], "succeeded");
    let states: Vec<_> = payment["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|e| text(&e["status"]))
        .collect();
    assert_eq!(states, ["pending", "processing", "succeeded"]);
    app.assert_books_agree().await;
}

#[tokio::test]
async fn bad_signatures_and_stale_timestamps_are_refused() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1_000).await;
    let body = event("payment.succeeded", &reference).to_string();
    let now = app.clock.unix();

    let unsigned = Request::post("/payments/webhook").body(Body::from(body.clone())).expect("one");
    assert!(app.send(unsigned).await.problem(400).contains("not signed"));
    let forged = Request::post("/payments/webhook")
        .header("webhook-id", "evt")
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        .body(Body::from(body.clone()))
        .expect("a request");
    assert!(app.send(forged).await.problem(400).contains("does not match"));
    for at in [now - 301, now + 301, 0] {
        let stale = app.deliver_at("evt", body.as_bytes(), at).await.problem(400);
        assert!(stale.contains("timestamp"), "{stale}");
    }
    // A signature does not hold for another body: not even for another byte.
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM provider_events").await, 0);
    assert_eq!(
        app.get(&alice, &format!("/payments/{reference}")).await.expect(200)["status"],
        "pending"
    );
    app.deliver_at("evt", body.as_bytes(), now - 299).await.expect(200);
}

#[tokio::test]
async fn stripes_scheme_is_understood() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1_000).await;
    let mut event = event("payment.failed", &reference);
    event["id"] = json!("evt_42");
    let deliver = |body: String, secret: &str| {
        let at = app.clock.unix();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Request::post("/payments/webhook")
            .header("stripe-signature", format!("t={at},v1={hex},v0=ff"))
            .body(Body::from(body))
            .expect("a request");
        app.send(request)
    };
    deliver(event.to_string(), "another").await.problem(400);
    assert_eq!(deliver(event.to_string(), STRIPE_SECRET).await.expect(200)["outcome"], "applied");
    // The same event again is recognised by the id in its body.
    assert_eq!(deliver(event.to_string(), STRIPE_SECRET).await.expect(200)["outcome"], "applied");
    let without_id = json!({"type": "payment.failed"}).to_string();
    assert!(deliver(without_id, STRIPE_SECRET).await.problem(400).contains("`id`"));
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM provider_events").await, 1);
}

#[tokio::test]
async fn events_that_say_nothing_new_or_nothing_true_change_nothing() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1_000).await;
    let outcome =
        async |id: &str, event: Value| text(&app.deliver(id, &event).await.expect(200)["outcome"]);
    assert_eq!(outcome("1", event("payment.succeeded", &reference)).await, "applied");
    assert_eq!(outcome("2", event("payment.processing", &reference)).await, "stale");
    assert_eq!(outcome("3", event("payment.succeeded", &reference)).await, "stale");
    assert_eq!(outcome("4", event("payment.failed", &reference)).await, "conflict");
    assert_eq!(outcome("5", event("invoice.paid", &reference)).await, "ignored");
    assert_eq!(outcome("6", refund_event(&reference, "re_1", 1_001)).await, "conflict");
    assert_eq!(outcome("7", refund_event(&reference, "re_1", 400)).await, "applied");
    assert_eq!(outcome("8", refund_event(&reference, "re_1", 400)).await, "stale");
    let mut other_currency = refund_event(&reference, "re_2", 1);
    other_currency["data"]["currency"] = json!("USD");
    assert_eq!(outcome("9", other_currency).await, "conflict");
    let mut other_amount = event("payment.succeeded", &reference);
    other_amount["data"]["amount"] = json!(1);
    other_amount["data"]["currency"] = json!("EUR");
    assert_eq!(outcome("10", other_amount).await, "conflict");
    // A second delivery of an event tells what became of the first, whatever it says now.
    assert_eq!(outcome("1", event("payment.failed", &reference)).await, "applied");

    for (id, malformed) in [
        ("11", json!({"type": "payment.succeeded", "data": {"reference": "pay_1"}})),
        ("12", json!({"type": "payment.succeeded"})),
        ("13", json!([])),
    ] {
        app.deliver(id, &malformed).await.problem(400);
        // Stored all the same, for whoever has to find out.
        app.deliver(id, &malformed).await.problem(400);
    }
    app.deliver_at("14", b"\xff\xfe", app.clock.unix()).await.problem(400);
    let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    assert_eq!(
        (&payment["status"], &payment["amountRefunded"]),
        (&json!("partially_refunded"), &json!(400))
    );
    let tables = app.tables().await;
    let malformed = "SELECT count(*) FROM provider_events WHERE outcome = 'malformed'";
    assert_eq!(tables.number(malformed).await, 4);
    let conflicts =
        "SELECT count(*) FROM provider_events WHERE outcome = 'conflict' AND detail IS NOT NULL";
    assert_eq!(tables.number(conflicts).await, 4);
    app.assert_books_agree().await;
}

#[tokio::test]
async fn an_event_waits_for_its_payment() {
    let app = App::start().await;
    let alice = app.alice();
    // A payment, and the same moved to where the event did not know it: its row comes later.
    let reference = app.pay(&alice, 1_000).await;
    let tables = app.tables().await;
    tables.run("CREATE TABLE aside AS TABLE payments; DELETE FROM payments").await.expect("moves");
    let answer = app.deliver("early", &event("payment.processing", &reference)).await;
    assert_eq!(answer.expect(202)["outcome"], "unmatched");
    app.deliver("early", &event("payment.processing", &reference)).await.expect(202);
    app.deliver("earlier", &event("payment.succeeded", &reference)).await.expect(202);
    assert_eq!(app.payments.settle_waiting_events().await.expect("looks"), 0);
    tables.run("INSERT INTO payments SELECT * FROM aside").await.expect("appears");
    assert_eq!(app.payments.settle_waiting_events().await.expect("settles"), 2);
    assert_eq!(app.payments.settle_waiting_events().await.expect("looks"), 0);
    let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    assert_eq!(payment["status"], "succeeded");
    assert_eq!(
        app.deliver("early", &event("payment.processing", &reference)).await.expect(200)["outcome"],
        "applied"
    );
    app.assert_books_agree().await;
}

/// A crash after an event was stored and before it was settled.
#[tokio::test]
async fn an_event_left_behind_is_settled_later() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1_000).await;
    let tables = app.tables().await;
    let body = event("payment.failed", &reference).to_string();
    let at = app.clock.unix();
    tables
        .run(&format!(
            "INSERT INTO provider_events (source, event_id, payload, received_at)
             VALUES ('standard', 'lost', convert_to('{body}', 'UTF8'), to_timestamp({at}))"
        ))
        .await
        .expect("stored");
    assert_eq!(app.payments.settle_waiting_events().await.expect("looks"), 0, "not yet");
    app.clock.advance(Duration::minutes(1));
    assert_eq!(app.payments.settle_waiting_events().await.expect("settles"), 1);
    let alice = app.named(alice.id, &[marquis_contracts::identity::Role::User]);
    let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    assert_eq!(payment["status"], "failed");
}

/// All orders of a history, with repetitions, end in one state and one ledger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_repetition_do_not_matter() {
    let app = Arc::new(App::start().await);
    let alice = app.alice();
    let steps = ["processing", "succeeded", "refund-a", "refund-b"];
    let orders = permutations(&steps);
    assert_eq!(orders.len(), 24);
    let mut runner = TestRunner::new(Config::default());
    let mut made = Vec::new();
    for order in orders {
        let reference = app.pay(&alice, 1_000).await;
        let mut deliveries: Vec<&str> = order.clone();
        let repeats = prop::collection::vec((0..4_usize, 0..8_usize), 0..4);
        let repeats = repeats.new_tree(&mut runner).expect("a tree").current();
        for (which, at) in repeats {
            deliveries.insert(at.min(deliveries.len()), steps[which]);
        }
        for step in &deliveries {
            deliver_step(&app, &reference, step).await;
        }
        made.push((reference, deliveries));
    }
    for (reference, deliveries) in &made {
        let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
        let state = (&payment["status"], &payment["amountRefunded"]);
        assert_eq!(state, (&json!("partially_refunded"), &json!(700)), "{deliveries:?}");
    }
    assert_one_ledger(&app, made.len()).await;
}

/// The same, delivered at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_at_once_are_taken_one_after_the_other() {
    let app = Arc::new(App::start().await);
    let alice = app.alice();
    let mut references = Vec::new();
    for _ in 0..8 {
        let reference = app.pay(&alice, 1_000).await;
        let steps = ["processing", "succeeded", "refund-a", "refund-b"];
        let deliveries = join_all(steps.into_iter().chain(steps).map(|step| {
            let (app, reference) = (Arc::clone(&app), reference.clone());
            tokio::spawn(async move { deliver_step(&app, &reference, step).await })
        }))
        .await;
        deliveries.into_iter().for_each(|delivery| delivery.expect("no panic"));
        let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
        let state = (&payment["status"], &payment["amountRefunded"]);
        assert_eq!(state, (&json!("partially_refunded"), &json!(700)));
        references.push(reference);
    }
    assert_one_ledger(&app, references.len()).await;
}

async fn deliver_step(app: &App, reference: &str, step: &str) {
    let id = format!("{reference}-{step}");
    let event = match step {
        "refund-a" => refund_event(reference, &format!("{reference}-a"), 300),
        "refund-b" => refund_event(reference, &format!("{reference}-b"), 400),
        state => event(&format!("payment.{state}"), reference),
    };
    let outcome = text(&app.deliver(&id, &event).await.expect(200)["outcome"]);
    assert!(matches!(outcome.as_str(), "applied" | "stale"), "{id}: {outcome}");
}

/// Each of `payments` has one capture of 1000 and refunds of 300 and 400.
async fn assert_one_ledger(app: &App, payments: usize) {
    let tables = app.tables().await;
    let payments = i64::try_from(payments).expect("few");
    for (amount, entries) in BTreeMap::from([(1_000, 2), (300, 2), (400, 2)]) {
        let sql = format!("SELECT count(*) FROM ledger_entries WHERE abs(amount) = {amount}");
        assert_eq!(tables.number(&sql).await, entries * payments);
    }
    assert_eq!(tables.number("SELECT count(*) FROM ledger_entries").await, 6 * payments);
    app.assert_books_agree().await;
}

fn permutations<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(index);
        for mut permutation in permutations(&rest) {
            permutation.insert(0, first);
            all.push(permutation);
        }
    }
    all
}

#[tokio::test]
async fn a_webhook_needs_no_token_and_takes_no_other_method() {
    let app = App::start().await;
    let alice = app.alice();
    app.get(&alice, "/payments/webhook").await.problem(405);
    let reference = app.pay(&alice, 1).await;
    app.create_with_key(&alice, "k", &euros(1)).await.expect(201);
    app.deliver("x", &event("payment.cancelled", &reference)).await.expect(200);
}
