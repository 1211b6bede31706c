//! Copies of personal data, and being forgotten.

use std::io::Cursor;
use std::sync::atomic::Ordering;

use image::{DynamicImage, ImageFormat, RgbImage};
use marquis_contracts::events::{Cursor as Place, Event};
use serde_json::{Value, json};

use crate::harness::{App, file_of, text};
use marquis_testkit::eventually;

fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = DynamicImage::from(RgbImage::new(8, 8));
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("encodes");
    bytes
}

/// Every value of every row of every table, as text.
async fn everything(app: &App) -> String {
    let tables = app.tables().await;
    let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'users' ORDER BY 1";
    let mut found = String::new();
    for row in tables.query(names, &[]).await.expect("tables") {
        let table: String = row.get(0);
        let rows = format!("SELECT row_to_json(t)::text FROM \"{table}\" AS t");
        for row in tables.query(&rows, &[]).await.expect("rows") {
            found.push_str(&format!("{table}: {}\n", row.get::<_, String>(0)));
        }
    }
    found
}

/// The events about somebody, once there are as many. The log shows one only after all older
/// transactions of the server have ended, those of other tests too.
async fn told(app: &App, subject: &str, count: usize) -> Vec<Event> {
    let source = app.users.event_source();
    eventually(crate::harness::PATIENCE, || async {
        let events = source.events_after(Place::START, 100).await.expect("events");
        let events = events.into_iter().map(|recorded| recorded.event);
        let about: Vec<Event> = events.filter(|event| event.subject == subject).collect();
        if about.len() >= count { Ok(about) } else { Err(about) }
    })
    .await
}

#[tokio::test]
async fn a_copy_holds_what_every_service_holds() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    app.patch(&alice, "/users/me", &json!({"displayName": "Alice Liddell"})).await.expect(200);
    let profile = app.upload(&alice, "image/png", picture()).await.expect(200);
    let answer = app.get(&alice, "/users/me/export").await;
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"personal-data.json\""
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    let copy = answer.expect(200);
    assert_eq!(copy["userId"], alice.id.to_string());
    assert!(copy["generatedAt"].is_string());
    let own = &copy["services"]["users"];
    assert_eq!((&own["username"], &own["email"]), (&json!("alice"), &json!("alice@example.org")));
    assert_eq!(own["displayName"], "Alice Liddell");
    assert_eq!(own["picture"]["name"], file_of(&profile));
    assert!(text(&own["picture"]["contentBase64"]).starts_with("/9j/"), "a JPEG");
    assert_eq!(copy["services"]["payments"]["payments"][0]["payer"], alice.id.to_string());
}

#[tokio::test]
async fn there_are_no_incomplete_copies_and_not_too_many() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    app.holder.away.store(true, Ordering::SeqCst);
    app.get(&alice, "/users/me/export").await.problem(503);
    app.holder.away.store(false, Ordering::SeqCst);
    for _ in 1..10 {
        app.get(&alice, "/users/me/export").await.expect(200);
    }
    let refused = app.get(&alice, "/users/me/export").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(429);
    app.get(&app.known("bob").await, "/users/me/export").await.expect(200);
}

#[tokio::test]
async fn an_erased_person_leaves_nothing() {
    let app = App::start().await;
    let running = app.run();
    let (alice, bob) = (app.known("alice").await, app.known("bob").await);
    app.patch(&alice, "/users/me", &json!({"displayName": "Liddell"})).await.expect(200);
    app.chat_says("presence.online", &alice, json!({})).await;
    eventually(crate::harness::PATIENCE, || async {
        app.names(&bob, "isOnline=true").await.1 == 1
    })
    .await;
    let profile = app.upload(&alice, "image/png", picture()).await.expect(200);
    let before = everything(&app).await;
    assert!(before.contains("\"username\":\"alice\""), "{before}");

    let erased = app.delete(&alice, "/users/me").await;
    assert_eq!((erased.status.as_u16(), erased.body.len()), (204, 0));
    // Her token is good until its session has ended everywhere.
    for path in ["/users/me", "/users/me/export"] {
        assert_eq!(app.get(&alice, path).await.problem(404), "User not found");
    }
    let path = format!("/users/{}", alice.id);
    assert_eq!(app.get(&bob, &path).await.problem(404), "User not found");
    for query in ["", "search=ali", "search=alice@example.org", "isOnline=true"] {
        let (names, _) = app.names(&bob, query).await;
        assert!(!names.contains(&"alice".to_owned()), "{query}");
    }
    app.patch(&alice, "/users/me", &json!({"displayName": "A"})).await.problem(404);
    app.upload(&alice, "image/png", picture()).await.problem(404);
    assert_eq!(
        app.get_as_stranger(&format!("/users/avatars/{}", file_of(&profile))).await.status,
        404
    );

    // An event that was on its way does not bring her back, nor does a second wish.
    app.auth_says("user.renamed", &alice, json!({"username": "alice"})).await;
    app.chat_says("presence.online", &alice, json!({})).await;
    let carol = app.person("carol");
    app.auth_says("user.registered", &carol, json!({"username": "carol"})).await;
    app.chat_says("presence.online", &carol, json!({})).await;
    eventually(crate::harness::PATIENCE, || async {
        app.names(&bob, "isOnline=true&search=carol").await.1 == 1
    })
    .await;
    assert_eq!(app.delete(&alice, "/users/me").await.status, 204);
    drop(running);

    let after = everything(&app).await;
    let id = alice.id.to_string();
    for line in after.lines().filter(|line| line.contains(&id)) {
        let allowed = ["erased_people: ", "outbox: "];
        assert!(allowed.iter().any(|table| line.starts_with(table)), "{line}");
    }
    assert!(!after.contains("alice") && !after.contains("Liddell"), "{after}");
    assert!(after.contains("carol"), "{after}");

    let events = told(&app, &id, 3).await;
    let told: Vec<_> = events.iter().map(|event| (event.kind.as_str(), &event.data)).collect();
    let nothing = &Value::Object(serde_json::Map::new());
    let kinds = ["profile.updated", "profile.updated", "user.erased"];
    assert_eq!(told, kinds.map(|kind| (kind, nothing)));
}

#[tokio::test]
async fn somebody_who_was_never_here_can_be_erased() {
    let app = App::start().await;
    let alice = app.person("alice");
    assert_eq!(app.delete(&alice, "/users/me").await.status, 204);
    app.get(&alice, "/users/me").await.problem(404);
    let events = told(&app, &alice.id.to_string(), 1).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["user.erased"]);
}

#[tokio::test]
async fn being_met_and_being_erased_at_once_ends_erased() {
    let app = App::start().await;
    let viewer = app.known("viewer").await;
    for round in 0..20 {
        let person = app.person(&format!("person{round}"));
        let path = format!("/users/{}", person.id);
        let (_, erased, _) = tokio::join!(
            app.get(&viewer, &path),
            app.delete(&person, "/users/me"),
            app.get(&person, "/users/me"),
        );
        assert_eq!(erased.status, 204);
        app.get(&viewer, &path).await.problem(404);
    }
    assert_eq!(app.names(&viewer, "search=person").await.1, 0);
}
