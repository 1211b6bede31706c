//! Giving money back.

use std::sync::Arc;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{App, TableClient as _, text};

#[tokio::test]
async fn refunds_in_parts_end_at_what_was_captured() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.captured(&alice, 1_000).await;
    let path = format!("/payments/{reference}");

    let body = json!({"amount": 300, "reason": "broken"});
    let refund = app.refund(&finance, &reference, None, &body).await.expect(201);
    assert!(text(&refund["reference"]).starts_with("ref_"));
    assert_eq!(refund["payment"], reference);
    assert_eq!(refund["amount"], 300);
    assert_eq!(refund["currency"], "EUR");
    assert_eq!(refund["reason"], "broken");
    let payment = app.get(&alice, &path).await.expect(200);
    assert_eq!(
        (&payment["status"], &payment["amountRefunded"]),
        (&json!("partially_refunded"), &json!(300))
    );

    let more = app.refund(&finance, &reference, None, &json!({"amount": 701})).await.problem(409);
    assert!(more.contains("7.01 EUR") && more.contains("7.00 EUR"), "{more}");
    app.refund(&finance, &reference, None, &json!({"amount": 100})).await.expect(201);
    // No body: all that is left.
    let rest = app.call(&finance, Method::POST, &format!("{path}/refunds"), &[], None).await;
    assert_eq!(rest.expect(201)["amount"], 600);
    let payment = app.get(&alice, &path).await.expect(200);
    assert_eq!(
        (&payment["status"], &payment["amountRefunded"]),
        (&json!("refunded"), &json!(1_000))
    );
    app.refund(&finance, &reference, None, &json!({})).await.problem(409);

    let list = app.get(&alice, &format!("{path}/refunds?limit=2")).await.expect(200);
    assert_eq!(list["meta"], json!({"total": 3, "limit": 2, "offset": 0}));
    assert_eq!(
        (&list["data"][0]["amount"], &list["data"][1]["amount"]),
        (&json!(600), &json!(100))
    );
    app.assert_books_agree().await;
}

#[tokio::test]
async fn only_captured_payments_and_only_finance() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let pending = app.pay(&alice, 1_000).await;
    let detail = app.refund(&finance, &pending, None, &json!({})).await.problem(409);
    assert!(detail.contains("pending"), "{detail}");
    let captured = app.captured(&alice, 1_000).await;
    app.refund(&alice, &captured, None, &json!({})).await.problem(403);
    let unknown = format!("pay_{}", "0".repeat(26));
    app.refund(&finance, &unknown, None, &json!({})).await.problem(404);
    for body in [json!({"amount": 0}), json!({"amount": -1}), json!({"amount": "1"})] {
        let fields = app.refund(&finance, &captured, None, &body).await.wrong_fields();
        assert_eq!(fields, ["amount"]);
    }
    let body = json!({"amount": 1.5, "reason": "x".repeat(501), "to": "me"});
    let mut fields = app.refund(&finance, &captured, None, &body).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["amount", "reason", "to"]);
    app.assert_books_agree().await;
}

#[tokio::test]
async fn keys_make_a_refund_once() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.captured(&alice, 1_000).await;
    let part = json!({"amount": 400});
    let first = app.refund(&finance, &reference, Some("r"), &part).await;
    let second = app.refund(&finance, &reference, Some("r"), &part).await;
    assert!(!first.replayed() && second.replayed());
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    app.refund(&finance, &reference, Some("r"), &json!({"amount": 401})).await.problem(422);
    // The same key for another operation is another request.
    let create = app.create_with_key(&finance, "r", &crate::harness::euros(1)).await;
    create.problem(422);
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM refunds").await, 1);
}

/// As Stripe has it: once the operation ran, its answer stands, a refusal too.
#[tokio::test]
async fn a_refusal_is_replayed_under_its_key() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.pay(&alice, 1_000).await;
    let first = app.refund(&finance, &reference, Some("r"), &json!({})).await;
    assert!(!first.replayed());
    let detail = first.problem(409);
    app.set_status(&finance, &reference, "processing").await.expect(200);
    app.set_status(&finance, &reference, "succeeded").await.expect(200);
    let again = app.refund(&finance, &reference, Some("r"), &json!({})).await;
    assert!(again.replayed());
    assert_eq!(again.problem(409), detail);
    app.refund(&finance, &reference, Some("other"), &json!({})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_at_once_never_exceed_the_payment() {
    let app = Arc::new(App::start().await);
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.captured(&alice, 1_000).await;
    let answers = join_all((0..12).map(|number| {
        let (app, finance, reference) = (Arc::clone(&app), finance.clone(), reference.clone());
        tokio::spawn(async move {
            // Every second request repeats the key of the one before.
            let key = format!("key-{}", number / 2);
            app.refund(&finance, &reference, Some(&key), &json!({"amount": 300})).await
        })
    }))
    .await;
    for answer in answers {
        let answer = answer.expect("no panic");
        assert!(matches!(answer.status.as_u16(), 201 | 409), "{answer:?}");
    }
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT refunded FROM payments").await, 900);
    assert_eq!(tables.number("SELECT sum(amount)::bigint FROM refunds").await, 900);
    app.assert_books_agree().await;
}
