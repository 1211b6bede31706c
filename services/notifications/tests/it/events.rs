//! Each event takes effect once, whatever happens to its delivery.

use marquis_contracts::events::Event;
use marquis_kernel::Clock as _;
use marquis_kernel::id::new_uuid;
use serde_json::json;

use crate::harness::{App, TableClient as _};

fn payment(app: &App, person: &crate::harness::Person, amount: i64) -> Event {
    Event {
        id: new_uuid(&*app.clock),
        kind: "payment.succeeded".to_owned(),
        subject: "pay_01".to_owned(),
        occurred_at: app.clock.now(),
        data: json!({
            "reference": "pay_01", "userId": person.id, "status": "succeeded",
            "amount": amount, "currency": "EUR",
        }),
        traceparent: None,
    }
}

#[tokio::test]
async fn an_event_that_is_delivered_again_and_again_is_told_once() {
    let app = App::start().await;
    let alice = app.person("alice");
    // Three nodes read the same log.
    let nodes = [app.another_node(), app.another_node()];
    let _running = (app.run(), nodes[0].run(), nodes[1].run());
    let events: Vec<Event> = (1..=40).map(|amount| payment(&app, &alice, amount)).collect();
    for round in 0..3 {
        for event in &events {
            app.tell(event.clone()).await;
            if round > 0 {
                app.tell(event.clone()).await;
            }
        }
    }
    app.settles().await;
    let mut amounts: Vec<i64> = app
        .inbox(&alice)
        .await
        .iter()
        .map(|shown| shown["data"]["amount"].as_i64().expect("an amount"))
        .collect();
    amounts.sort_unstable();
    let expected: Vec<i64> = (1..=40).collect();
    assert_eq!(amounts, expected);
}

#[tokio::test]
async fn merged_notifications_count_each_event_once() {
    let app = App::start().await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let node = app.another_node();
    let _running = (app.run(), node.run());
    for _ in 0..5 {
        let data = json!({"messageId": bob.id, "senderId": bob.id, "receiverId": alice.id});
        let event = app.happens("message.missed", &alice.id.to_string(), data).await;
        app.tell(event).await;
    }
    app.settles().await;
    assert_eq!(app.inbox(&alice).await[0]["count"], 5);
}

#[tokio::test]
async fn an_event_that_makes_no_sense_stops_nothing() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    app.pays(&alice, "payment.succeeded", 1).await;
    app.happens("payment.succeeded", "pay_02", json!({"userId": "nobody"})).await;
    app.happens("session.started", "x", json!({"newDevice": true})).await;
    app.happens("something.else", "x", json!({"userId": 5})).await;
    app.pays(&alice, "payment.failed", 2).await;
    app.has(&alice, 2).await;
    app.settles().await;
    let tables = app.tables().await;
    assert_eq!(tables.number("SELECT count(*) FROM events_parked").await, 2);
}

#[tokio::test]
async fn a_sign_in_from_a_new_device_is_told_with_the_device() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    for (device, new) in [("Firefox on Linux", true), ("Chrome on Windows", false)] {
        let data = json!({
            "userId": alice.id, "sessionId": alice.id, "device": device, "newDevice": new,
        });
        app.happens("session.started", &alice.id.to_string(), data).await;
    }
    app.settles().await;
    let inbox = app.inbox(&alice).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(
        (&inbox[0]["kind"], &inbox[0]["data"]["device"]),
        (&json!("sign_in"), &json!("Firefox on Linux"))
    );
    let body = inbox[0]["body"].as_str().expect("a text");
    assert!(body.contains("from Firefox on Linux."), "{body}");
}

#[tokio::test]
async fn what_concerns_safety_is_told_and_locks_are_counted() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    let subject = alice.id.to_string();
    for kind in [
        "account.locked",
        "user.password_changed",
        "user.sessions_revoked",
        "user.roles_changed",
        "account.locked",
        "user.email_changed",
        "account.locked",
    ] {
        app.happens(kind, &subject, json!({"userId": alice.id})).await;
    }
    let reused = json!({"userId": alice.id, "because": "refresh_token_reused"});
    app.happens("session.revoked", "a-session", reused).await;
    app.happens("session.revoked", "a-session", json!({"userId": alice.id, "because": "logout"}))
        .await;
    app.settles().await;
    let inbox = app.inbox(&alice).await;
    assert!(inbox.iter().all(|shown| shown["kind"] == "security"));
    assert_eq!(inbox.len(), 6, "{inbox:#?}");
    let locked = inbox.iter().find(|shown| shown["event"] == "account.locked");
    assert_eq!(locked.expect("is told")["count"], 3);
}

#[tokio::test]
async fn old_notifications_and_events_are_swept() {
    let app = App::start().await;
    let alice = app.person("alice");
    let running = app.run();
    app.pays(&alice, "payment.succeeded", 1).await;
    app.has(&alice, 1).await;
    app.settles().await;
    drop(running);
    app.passes(time::Duration::days(89)).await;
    assert_eq!(app.service.sweep().await.expect("swept"), 1, "what is remembered of the event");
    assert_eq!(app.inbox(&alice).await.len(), 1);
    app.passes(time::Duration::days(2)).await;
    assert_eq!(app.service.sweep().await.expect("swept"), 1);
    assert_eq!(app.inbox(&alice).await.len(), 0);
}
