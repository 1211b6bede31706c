//! The built-in provider.

use std::time::Instant;

use marquis_database::jobs;
use marquis_testkit::eventually;
use serde_json::json;

use crate::harness::{App, PATIENCE, TableClient as _, text};

#[tokio::test]
async fn metadata_says_how_a_payment_ends() {
    let app = App::start().await;
    let alice = app.alice();
    let _running = app.run();
    for (scenario, ends) in [
        ("succeed", "succeeded"),
        ("fail", "failed"),
        ("cancel", "cancelled"),
        ("processing", "processing"),
    ] {
        let started = Instant::now();
        let body = json!({"amount": 9, "currency": "EUR", "metadata": {"sandbox": scenario}});
        let payment = app.create_with_key(&alice, scenario, &body).await.expect(201);
        assert_eq!(payment["status"], "pending");
        let path = format!("/payments/{}", text(&payment["reference"]));
        let payment = eventually(PATIENCE, || async {
            let payment = app.get(&alice, &path).await.expect(200);
            (payment["status"] == ends).then_some(payment)
        })
        .await;
        println!("{scenario}: {:?}", started.elapsed());
        assert_eq!(
            payment["history"].as_array().expect("a history").last().expect("one")["by"],
            "provider"
        );
    }
    app.assert_books_agree().await;
    let tables = app.tables().await;
    let applied =
        "SELECT count(*) FROM provider_events WHERE source = 'sandbox' AND outcome = 'applied'";
    assert_eq!(tables.number(applied).await, 6);
}

#[tokio::test]
async fn other_payments_stay_pending_and_enqueue_nothing() {
    let app = App::start().await;
    let alice = app.alice();
    for metadata in [json!({}), json!({"sandbox": "perhaps"}), json!({"Sandbox": "succeed"})] {
        let body = json!({"amount": 9, "currency": "EUR", "metadata": metadata});
        app.create(&alice, &body).await.expect(201);
    }
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_job_is_enqueued_once_per_payment() {
    let app = App::start().await;
    let alice = app.alice();
    let body = json!({"amount": 9, "currency": "EUR", "metadata": {"sandbox": "succeed"}});
    let first = app.create_with_key(&alice, "k", &body).await.expect(201);
    let again = app.create_with_key(&alice, "k", &body).await;
    assert!(again.replayed());
    assert_eq!(again.expect(201), first);
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM jobs").await, 1);

    let _running = app.run();
    let database = app.database();
    eventually(PATIENCE, || async {
        let counts = jobs::counts(&database).await.expect("counts");
        assert_eq!(counts.dead, 0);
        counts.waiting == 0
    })
    .await;
    app.assert_books_agree().await;
}
