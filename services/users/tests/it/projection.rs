//! Following the services that own names, addresses and sockets.

use std::sync::atomic::Ordering;

use marquis_contracts::identity::{Role, UserId};
use marquis_database::feed;
use marquis_testkit::eventually;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::harness::{App, PATIENCE, text};

#[tokio::test]
async fn those_who_register_appear_and_follow_their_names() {
    let app = App::start().await;
    let _running = app.run();
    let viewer = app.known("viewer").await;
    let bob = app.person("bob");
    assert_eq!(app.names(&viewer, "search=bob").await.1, 0);
    app.auth_says("user.registered", &bob, json!({"username": "bob"})).await;
    eventually(PATIENCE, || async { app.names(&viewer, "search=bob").await.1 == 1 }).await;

    app.registry.set(bob.id, "Robert", "bob@example.org");
    app.auth_says("user.renamed", &bob, json!({"username": "Robert"})).await;
    eventually(PATIENCE, || async { app.names(&viewer, "search=robert").await.1 == 1 }).await;
    assert_eq!(app.names(&viewer, "search=bob").await.1, 0);

    app.registry.set(bob.id, "Robert", "robert@example.org");
    app.auth_says("user.email_changed", &bob, json!({})).await;
    eventually(PATIENCE, || async { app.names(&viewer, "search=robert@example.org").await.1 == 1 })
        .await;
    assert_eq!(app.names(&viewer, "search=bob@example.org").await.1, 0);
    let own = app.get(&bob, "/users/me").await.expect(200);
    assert_eq!(own["email"], "robert@example.org");
}

#[tokio::test]
async fn an_old_event_brings_no_old_name_back() {
    let app = App::start().await;
    let viewer = app.known("viewer").await;
    let bob = app.person("bob");
    app.auth_says("user.registered", &bob, json!({"username": "bob"})).await;
    app.auth_says("user.renamed", &bob, json!({"username": "robert"})).await;
    app.patch(&bob, "/users/me", &json!({"username": "newest"})).await.expect(200);
    let last = app.person("last");
    app.auth_says("user.registered", &last, json!({"username": "last"})).await;
    let _running = app.run();
    eventually(PATIENCE, || async { app.names(&viewer, "search=last").await.1 == 1 }).await;
    assert_eq!(app.names(&viewer, "search=newest").await.1, 1);
    assert_eq!(app.names(&viewer, "search=bob").await.1, 0);
}

#[tokio::test]
async fn an_event_waits_for_who_knows_and_a_bad_one_is_passed_over() {
    let app = App::start().await;
    let viewer = app.known("viewer").await;
    app.registry.away.store(true, Ordering::SeqCst);
    app.auth.append("user.registered", "not an id", json!({}), app.now());
    let bob = app.person("bob");
    app.auth_says("user.registered", &bob, json!({"username": "bob"})).await;
    app.auth_says("session.started", &bob, json!({"sessionId": "x"})).await;
    let _running = app.run();
    let database = app.database();
    eventually(PATIENCE, || async { feed::count_parked(&database).await.ok() == Some(1) }).await;
    assert_eq!(app.names(&viewer, "search=bob").await.1, 0);
    app.registry.away.store(false, Ordering::SeqCst);
    eventually(PATIENCE, || async { app.names(&viewer, "search=bob").await.1 == 1 }).await;
    assert_eq!(feed::count_parked(&database).await.expect("readable"), 1);
}

#[tokio::test]
async fn coming_and_going_is_shown() {
    let app = App::start().await;
    let _running = app.run();
    // Known to nobody here yet: the sockets were quicker than the registration.
    let bob = app.person("bob");
    let viewer = app.known("viewer").await;
    app.chat_says("presence.online", &bob, json!({})).await;
    eventually(PATIENCE, || async { app.names(&viewer, "isOnline=true").await.1 == 1 }).await;
    let path = format!("/users/{}", bob.id);
    let seen = app.get(&viewer, &path).await.expect(200);
    assert_eq!((&seen["isOnline"], &seen["lastSeenAt"]), (&json!(true), &Value::Null));

    let at = app.now() - Duration::seconds(3);
    let left = json!({"lastSeenAt": at.format(&Rfc3339).expect("formats")});
    app.chat_says("presence.offline", &bob, left).await;
    eventually(PATIENCE, || async { app.names(&viewer, "isOnline=true").await.1 == 0 }).await;
    let seen = app.get(&viewer, &path).await.expect(200);
    assert_eq!(seen["isOnline"], false);
    let shown = OffsetDateTime::parse(&text(&seen["lastSeenAt"]), &Rfc3339).expect("a time");
    assert_eq!(shown, at);
    // Somebody of whom nobody knows anything is passed over.
    let stranger = app.named(UserId::new(&*app.clock), &[Role::User]);
    app.chat_says("presence.online", &stranger, json!({})).await;
    app.chat_says("presence.online", &viewer, json!({})).await;
    eventually(PATIENCE, || async { app.names(&viewer, "isOnline=true").await.1 == 1 }).await;
}

#[tokio::test]
async fn nobody_stays_online_for_ever() {
    let app = App::start().await;
    let running = app.run();
    let viewer = app.known("viewer").await;
    for name in ["bob", "carol"] {
        let person = app.person(name);
        app.chat_says("presence.online", &person, json!({})).await;
        if name == "carol" {
            app.sockets.0.lock().expect("lock").insert(person.id);
        }
    }
    eventually(PATIENCE, || async { app.names(&viewer, "isOnline=true").await.1 == 2 }).await;
    drop(running);
    assert_eq!(app.users.check_presence().await.expect("checked"), 1);
    assert_eq!(app.names(&viewer, "isOnline=true").await, (vec!["carol".to_owned()], 1));
    let bob = app.get(&viewer, "/users?search=bob").await.expect(200);
    assert!(bob["data"][0]["lastSeenAt"].is_string(), "{bob}");
    assert_eq!(app.users.check_presence().await.expect("checked"), 0);
}
