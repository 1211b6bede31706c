//! What happened is told, exactly when it is committed.

use std::collections::BTreeMap;

use marquis_cluster::Message;
use marquis_contracts::events::{Event, topic};
use serde_json::json;
use tokio::time::timeout;

use crate::harness::{App, PATIENCE};

#[tokio::test]
async fn every_change_is_told_in_order() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let mut listening = app.cluster.pubsub.subscribe(&topic("payments")).await;
    let captured = app.captured(&alice, 1_000).await;
    app.refund(&finance, &captured, None, &json!({"amount": 1})).await.expect(201);
    app.refund(&finance, &captured, None, &json!({})).await.expect(201);
    let cancelled = app.pay(&alice, 5).await;
    app.set_status(&alice, &cancelled, "cancelled").await.expect(200);
    let failed = app.pay(&alice, 6).await;
    app.set_status(&finance, &failed, "failed").await.expect(200);
    // A refused change is not told.
    app.set_status(&finance, &failed, "processing").await.problem(409);
    let _running = app.run();

    let mut told: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for _ in 0..9 {
        let message = timeout(PATIENCE, listening.recv()).await.expect("in time");
        let Some(Message::Data(bytes)) = message else { panic!("{message:?}") };
        let event: Event = serde_json::from_slice(&bytes).expect("an event");
        told.entry(event.subject.clone()).or_default().push(event);
    }
    let kinds = |reference: &str| -> Vec<&str> {
        told[reference].iter().map(|event| event.kind.as_str()).collect()
    };
    assert_eq!(
        kinds(&captured),
        [
            "payment.created",
            "payment.processing",
            "payment.succeeded",
            "payment.refunded",
            "payment.refunded"
        ]
    );
    assert_eq!(kinds(&cancelled), ["payment.created", "payment.cancelled"]);
    assert_eq!(kinds(&failed), ["payment.created", "payment.failed"]);
    let events = &told[&captured];
    assert_eq!(
        events[2].data,
        json!({
            "reference": captured, "userId": alice.id.to_string(), "status": "succeeded",
            "amount": 1_000, "currency": "EUR", "amountRefunded": 0,
        })
    );
    assert_eq!(events[4].data["amountRefunded"], 1_000);
    assert_eq!(events[4].data["refund"]["amount"], 999);
    assert!(events[0].traceparent.is_some());
}
