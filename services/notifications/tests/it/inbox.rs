//! Looking at one's notifications and marking them as read.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use time::Duration;

use crate::harness::{App, TableClient as _};

#[tokio::test]
async fn a_missed_message_is_listed_pushed_and_read() {
    let app = App::start().await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let mut sockets = app.sockets().await;
    let _running = app.run();
    app.misses_message(&alice, &bob).await;

    let inbox = app.has(&alice, 1).await;
    let notification = &inbox[0];
    assert_eq!(notification["kind"], "message");
    assert_eq!(notification["event"], "message.missed");
    assert_eq!(notification["title"], "New message from bob");
    assert_eq!(notification["data"]["senderId"], bob.id.to_string());
    assert_eq!(notification["data"]["senderUsername"], "bob");
    assert_eq!(notification["readAt"], Value::Null);

    let push = sockets.next().await;
    assert_eq!((push.user_id, push.event.as_str()), (alice.id, "notification:new"));
    let mut expected = notification.clone();
    expected["silent"] = false.into();
    assert_eq!(push.data, expected);

    let path = format!("/notifications/{}", notification["id"].as_str().expect("an id"));
    assert_eq!(app.get(&alice, &path).await.expect(200), *notification);
    let page = app.get(&alice, "/notifications").await.expect(200);
    assert_eq!(page["meta"], json!({"unread": 1, "limit": 20, "next": null}));

    // It is nobody else's.
    app.get(&bob, &path).await.expect(404);
    app.post(&bob, &format!("{path}/read"), None).await.expect(404);
    assert_eq!(app.inbox(&bob).await, Vec::<Value>::new());

    app.passes(Duration::MINUTE).await;
    app.post(&alice, &format!("{path}/read"), None).await.expect(204);
    let read = app.get(&alice, &path).await.expect(200);
    assert_eq!(read["readAt"], "2026-11-21T12:01:00Z");
    app.passes(Duration::MINUTE).await;
    app.post(&alice, &format!("{path}/read"), None).await.expect(204);
    assert_eq!(app.get(&alice, &path).await.expect(200), read, "reading again changes nothing");
    let page = app.get(&alice, "/notifications?unread=true").await.expect(200);
    assert_eq!((&page["data"], &page["meta"]["unread"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn messages_of_one_person_are_one_notification_until_it_is_read() {
    let app = App::start().await;
    let (alice, bob, carol) = (app.person("alice"), app.person("bob"), app.person("carol"));
    let _running = app.run();
    for sender in [&bob, &carol, &bob, &bob] {
        app.misses_message(&alice, sender).await;
        app.settles().await;
        app.passes(Duration::SECOND).await;
    }
    let inbox = app.has(&alice, 2).await;
    // The one that was added to last is the first.
    assert_eq!(inbox[0]["title"], "3 new messages from bob");
    assert_eq!(
        (&inbox[0]["count"], &inbox[1]["title"]),
        (&json!(3), &json!("New message from carol"))
    );

    // Reading the conversation in the chat reads the notification.
    let data = json!({"readerId": alice.id, "peerId": bob.id});
    app.happens("message.read", &alice.id.to_string(), data).await;
    app.settles().await;
    let inbox = app.inbox(&alice).await;
    assert!(inbox[0]["readAt"].is_string() && inbox[1]["readAt"].is_null(), "{inbox:#?}");
    app.misses_message(&alice, &bob).await;
    let inbox = app.has(&alice, 3).await;
    assert_eq!(inbox[0]["title"], "New message from bob");
}

#[tokio::test]
async fn payments_that_change_their_state_are_told() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    for kind in ["payment.created", "payment.processing", "payment.succeeded"] {
        app.pays(&alice, kind, 1_250).await;
        app.settles().await;
        app.passes(Duration::SECOND).await;
    }
    let inbox = app.has(&alice, 2).await;
    assert_eq!(inbox[0]["title"], "Payment succeeded");
    assert_eq!(inbox[0]["body"], "Your payment pay_01 of 12.50 EUR has succeeded.");
    assert_eq!(inbox[1]["event"], "payment.processing");
}

#[tokio::test]
async fn a_list_is_read_in_parts_without_losing_or_repeating() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    for amount in 1..=23 {
        app.pays(&alice, "payment.succeeded", amount).await;
        // Some of them at the same instant.
        if amount % 4 == 0 {
            app.settles().await;
            app.passes(Duration::SECOND).await;
        }
    }
    app.settles().await;
    let mut amounts: Vec<i64> = Vec::new();
    let mut path = "/notifications?limit=10".to_owned();
    loop {
        let page = app.get(&alice, &path).await.expect(200);
        assert_eq!(page["meta"]["unread"], 23);
        let items = page["data"].as_array().expect("a list");
        amounts.extend(items.iter().map(|item| item["data"]["amount"].as_i64().expect("amount")));
        let Some(next) = page["meta"]["next"].as_str() else { break };
        assert_eq!(items.len(), 10);
        path = format!("/notifications?limit=10&cursor={next}");
        // What comes in meanwhile stands before, and moves nothing.
        if amounts.len() == 10 {
            app.passes(Duration::SECOND).await;
            app.changes_password(&alice).await;
            app.settles().await;
            app.post(
                &alice,
                "/notifications/read",
                Some(&json!({"until": "2000-01-01T00:00:00Z"})),
            )
            .await
            .expect(200);
            let newest = app.inbox(&alice).await[0]["id"].as_str().expect("an id").to_owned();
            app.post(&alice, &format!("/notifications/{newest}/read"), None).await.expect(204);
        }
    }
    let expected: Vec<i64> = (1..=23).rev().collect();
    assert_eq!(amounts, expected);
}

#[tokio::test]
async fn marking_all_leaves_what_came_in_later() {
    let app = App::start().await;
    let alice = app.person("alice");
    let _running = app.run();
    app.pays(&alice, "payment.succeeded", 1).await;
    app.pays(&alice, "payment.failed", 2).await;
    let seen = app.has(&alice, 2).await[0]["updatedAt"].clone();
    app.passes(Duration::SECOND).await;
    app.pays(&alice, "payment.refunded", 3).await;
    app.has(&alice, 3).await;
    let until = json!({"until": seen});
    let marked = app.post(&alice, "/notifications/read", Some(&until)).await.expect(200);
    assert_eq!(marked, json!({"marked": 2}));
    let page = app.get(&alice, "/notifications?unread=true").await.expect(200);
    assert_eq!(page["meta"]["unread"], 1);
    assert_eq!(page["data"][0]["event"], "payment.refunded");
    let marked = app.post(&alice, "/notifications/read", None).await.expect(200);
    assert_eq!(marked, json!({"marked": 1}));
}

#[tokio::test]
async fn names_are_those_of_now() {
    let app = App::start().await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let _running = app.run();
    app.misses_message(&alice, &bob).await;
    app.has(&alice, 1).await;
    app.directory.away.store(true, Ordering::SeqCst);
    assert_eq!(app.inbox(&alice).await[0]["title"], "New message from somebody");
    app.directory.away.store(false, Ordering::SeqCst);
    app.directory.forget(&bob);
    let inbox = app.inbox(&alice).await;
    assert_eq!(inbox[0]["title"], "New message from deleted user");
    assert!(!inbox[0].to_string().contains("bob"));
}

#[tokio::test]
async fn bad_requests_are_told_apart() {
    let app = App::start().await;
    let alice = app.person("alice");
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=99999999999", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=1-2", "cursor"),
        ("cursor=99999999999999999-00000000000000000000000000000000", "cursor"),
        ("unread=1", "unread"),
        ("offset=1", "offset"),
    ] {
        let answer = app.get(&alice, &format!("/notifications?{query}")).await;
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
    for body in [json!({"until": "yesterday"}), json!({"until": 5})] {
        let answer = app.post(&alice, "/notifications/read", Some(&body)).await;
        assert_eq!(answer.wrong_fields(), ["until"]);
    }
    app.get(&alice, "/notifications/x").await.expect(404);
    app.post(&alice, "/notifications/x/read", None).await.expect(404);
    let missing = "/notifications/01997c3e-0000-7000-8000-000000000001";
    app.get(&alice, missing).await.expect(404);
    app.post(&alice, &format!("{missing}/read"), None).await.expect(404);
}

/// The list and the count of unread ones stay as quick as they are however many
/// notifications others have, and one has read.
#[tokio::test]
async fn lists_are_read_from_their_index() {
    let app = App::start().await;
    let alice = app.person("alice");
    let tables = app.tables().await;
    tables
        .run(&format!(
            "INSERT INTO notifications
                 (id, user_id, kind, event, data, listed, created_at, updated_at, occurred_at, read_at)
             SELECT gen_random_uuid(),
                    CASE WHEN n % 20 = 0 THEN '{}'::uuid ELSE gen_random_uuid() END,
                    'payment', 'payment.succeeded', '{{}}', true, now(), now() - n * interval '1s', now(),
                    CASE WHEN n % 100 = 0 THEN NULL ELSE now() END
             FROM generate_series(1, 20000) AS n;
             ANALYZE notifications;",
            alice.id
        ))
        .await;
    let page = format!(
        "WHERE user_id = '{}' AND listed AND (updated_at, id) < ('9999-01-01', '{}')",
        alice.id, alice.id
    );
    let order = "ORDER BY updated_at DESC, id DESC LIMIT 21";
    for (query, index) in [
        (format!("SELECT id FROM notifications {page} {order}"), "notifications_of_user"),
        (
            format!("SELECT id FROM notifications {page} AND read_at IS NULL {order}"),
            "notifications_unread",
        ),
    ] {
        let plan = tables.plan(&query).await;
        // Few unread ones may be sorted; what was read is never touched.
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{plan}");
    }
    let person = format!("WHERE user_id = '{}'", alice.id);
    for statement in [
        format!("UPDATE notifications SET read_at = now() {person} AND listed AND read_at IS NULL"),
        format!(
            "UPDATE notifications SET seen_at = now() {person} AND merge_key IS NOT NULL
             AND kind = 'message' AND read_at IS NULL AND seen_at IS NULL"
        ),
    ] {
        let plan = tables.plan(&statement).await;
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    let first = app.get(&alice, "/notifications").await.expect(200);
    assert_eq!(first["meta"]["unread"], 200);
}
