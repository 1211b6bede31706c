//! What a person may take along, and what is left when they leave.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_contracts::identity::UserId;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, ManualClock};
use marquis_testkit::eventually;
use serde_json::json;

use crate::harness::{App, PATIENCE, Person, TableClient as _, event, refund_event, text};

/// A log in which people were erased.
#[derive(Debug)]
struct Erasures(Vec<Recorded>);

impl Erasures {
    fn of(clock: &ManualClock, people: &[UserId]) -> Arc<Self> {
        let event = |(position, user): (i64, &UserId)| Recorded {
            cursor: Cursor { transaction: 9, position },
            event: Event {
                id: new_uuid(clock),
                kind: "user.erased".to_owned(),
                subject: user.to_string(),
                occurred_at: clock.now(),
                data: json!({}),
                traceparent: None,
            },
        };
        Arc::new(Self((1..).zip(people).map(event).collect()))
    }
}

#[async_trait]
impl EventSource for Erasures {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let later = self.0.iter().filter(|recorded| recorded.cursor > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}

/// Two refunded payments of alice, one by her own hand in words of hers.
async fn history_of(app: &App, alice: &Person, finance: &Person) -> String {
    let body = json!({
        "amount": 1_000, "currency": "EUR", "description": "a very private matter",
        "metadata": { "child": "named Charlie" },
    });
    let made = app.create_with_key(alice, "alices-key", &body).await.expect(201);
    let reference = text(&made["reference"]);
    app.deliver("evt_1", &event("payment.succeeded", &reference)).await.expect(200);
    let reason = json!({ "amount": 400, "reason": "Charlie did not like it" });
    app.refund(finance, &reference, None, &reason).await.expect(201);
    app.deliver("evt_2", &refund_event(&reference, "re_1", 100)).await.expect(200);
    let cancelled = app.pay(alice, 7).await;
    app.set_status(alice, &cancelled, "cancelled").await.expect(200);
    reference
}

#[tokio::test]
async fn a_person_receives_their_payments() {
    let app = App::start().await;
    let (alice, bob, finance) = (app.alice(), app.alice(), app.finance());
    let reference = history_of(&app, &alice, &finance).await;
    app.pay(&bob, 99).await;
    let copy = app.payments.personal_data().export(alice.id).await.expect("collected");
    let payments = copy["payments"].as_array().expect("payments");
    assert_eq!(payments.len(), 2);
    let payment = payments
        .iter()
        .find(|payment| payment["reference"] == reference.as_str())
        .expect("the first one");
    assert_eq!(payment["amount"], 1_000);
    assert_eq!(payment["description"], "a very private matter");
    assert_eq!(payment["metadata"], json!({ "child": "named Charlie" }));
    assert_eq!(payment["amountRefunded"], 500);
    assert_eq!(payment["refunds"][0]["reason"], "Charlie did not like it");
    assert!(payment["history"].as_array().is_some_and(|history| history.len() >= 2));
    assert_eq!(copy["idempotencyKeys"][0]["key"], "alices-key");
    let nobody = app.payments.personal_data().export(UserId::new(&*app.clock)).await;
    assert_eq!(nobody.expect("collected"), json!({}));
}

#[tokio::test]
async fn the_books_outlive_the_person() {
    let app = App::start().await;
    let (alice, bob, finance) = (app.alice(), app.alice(), app.finance());
    let reference = history_of(&app, &alice, &finance).await;
    let of_bob = app.captured(&bob, 99).await;
    // What the person did to payments of others, as staff.
    let of_staff = app.captured(&bob, 55).await;
    app.refund(&finance, &of_staff, None, &json!({ "amount": 5 })).await.expect(201);
    app.assert_books_agree().await;
    let tables = app.tables().await;
    let entries = tables.number("SELECT count(*) FROM ledger_entries").await;
    let total = tables.number("SELECT sum(abs(amount))::bigint FROM ledger_entries").await;

    app.payments.subscribe(Erasures::of(&app.clock, &[alice.id, finance.id, alice.id]));
    let _running = app.run();
    eventually(PATIENCE, || async {
        tables
            .number("SELECT coalesce(max(position), 0) FROM feed_cursors WHERE source = 'users'")
            .await
            == 3
    })
    .await;

    app.assert_books_agree().await;
    assert_eq!(tables.number("SELECT count(*) FROM ledger_entries").await, entries);
    assert_eq!(tables.number("SELECT sum(abs(amount))::bigint FROM ledger_entries").await, total);
    for table in [
        "payments",
        "payment_transitions",
        "refunds",
        "ledger_entries",
        "ledger_transactions",
        "idempotency_keys",
        "provider_events",
        "jobs",
    ] {
        for trace in [&*alice.id.to_string(), &*finance.id.to_string(), "private", "Charlie"] {
            let found = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{trace}%'");
            assert_eq!(tables.number(&found).await, 0, "{table} has {trace}");
        }
    }
    // In the log of events ids stay until it is swept; words never were there.
    assert_eq!(
        tables.number("SELECT count(*) FROM outbox t WHERE t::text LIKE '%Charlie%'").await,
        0
    );
    let accountant = app.finance();
    let seen = app.get(&accountant, &format!("/payments/{reference}")).await.expect(200);
    assert_eq!(seen["amount"], 1_000);
    assert_eq!(seen["amountRefunded"], 500);
    assert_eq!(seen["description"], serde_json::Value::Null);
    assert_ne!(seen["userId"], alice.id.to_string());
    app.get(&alice, &format!("/payments/{reference}")).await.problem(404);
    assert_eq!(app.get(&alice, "/payments").await.expect(200)["meta"]["total"], 0);
    let copy = app.payments.personal_data().export(alice.id).await.expect("collected");
    assert_eq!(copy, json!({}));

    // Money still moves, and others are not concerned.
    app.refund(&accountant, &reference, None, &json!({})).await.expect(201);
    app.assert_books_agree().await;
    let seen = app.get(&bob, &format!("/payments/{of_bob}")).await.expect(200);
    assert_eq!(seen["userId"], bob.id.to_string());
}

#[tokio::test]
async fn only_whom_they_speak_of_may_change_in_the_books() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    history_of(&app, &alice, &finance).await;
    let tables = app.tables().await;
    for change in [
        "UPDATE ledger_entries SET amount = amount + 1",
        "UPDATE ledger_entries SET account = 'user:nobody:balance' WHERE account LIKE '%:balance'",
        "UPDATE ledger_entries SET account = replace(account, ':balance', ':refunds')
         WHERE account LIKE '%:balance'",
        "UPDATE ledger_entries SET account = 'provider:another:clearing'
         WHERE account LIKE 'provider:%'",
        "UPDATE payment_transitions SET cause = 'staff'",
        "UPDATE payment_transitions SET actor_id = NULL WHERE actor_id IS NOT NULL",
        "UPDATE refunds SET amount = 1",
        "UPDATE refunds SET reason = 'another' WHERE reason IS NOT NULL",
        "DELETE FROM ledger_entries",
        "DELETE FROM payment_transitions",
        "TRUNCATE refunds CASCADE",
    ] {
        let refused = tables.run(change).await.expect_err(change);
        assert!(refused.contains("append-only"), "{change}: {refused}");
    }
    // The check tells of an entry that was given to somebody else.
    tables
        .run(
            "UPDATE ledger_entries SET account = 'user:' || gen_random_uuid() || ':balance'
             WHERE account LIKE '%:balance'",
        )
        .await
        .expect("allowed");
    let report = app.payments.verify_ledger(&mut |_| {}).await.expect("readable");
    assert!(!report.is_clean());
}

#[tokio::test]
async fn internal_routes_answer_nobody_without_the_installations_token() {
    let app = App::start().await;
    let alice = app.alice();
    app.pay(&alice, 5).await;
    let path = format!("/internal/personal-data/{}", alice.id);
    app.get(&alice, &path).await.problem(401);
    let request = Request::get("/internal/events?after=0-0&limit=9").body(Body::empty());
    app.send(request.expect("a request")).await.problem(401);
}
