//! People, seen and changed.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::harness::{App, text};

#[tokio::test]
async fn everybody_sees_a_person_and_only_they_their_address() {
    let app = App::start().await;
    let (alice, bob) = (app.person("Alice"), app.person("bob"));
    let own = app.get(&alice, "/users/me").await.expect(200);
    assert_eq!(own["id"], alice.id.to_string());
    assert_eq!((&own["username"], &own["email"]), (&json!("Alice"), &json!("alice@example.org")));
    assert_eq!((&own["isOnline"], &own["lastSeenAt"]), (&json!(false), &Value::Null));
    assert!(own["createdAt"].is_string() && own["updatedAt"].is_string());

    let seen = app.get(&bob, &format!("/users/{}", alice.id)).await.expect(200);
    assert_eq!(seen["username"], "Alice");
    assert!(seen.get("email").is_none() && seen.get("updatedAt").is_none(), "{seen}");
    assert!(!seen.to_string().contains("example.org"), "{seen}");
}

#[tokio::test]
async fn who_does_not_exist_is_not_found() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let nobody = app.named(marquis_contracts::identity::UserId::new(&*app.clock), &[]).id;
    for path in [format!("/users/{nobody}"), "/users/12".to_owned(), "/users/..%2Fme".to_owned()] {
        assert_eq!(app.get(&alice, &path).await.problem(404), "User not found", "{path}");
    }
    // An outage of those who know is not the same as not knowing anybody.
    app.registry.away.store(true, Ordering::SeqCst);
    app.get(&alice, &format!("/users/{nobody}")).await.problem(503);
    app.get(&alice, "/users/me").await.expect(200);
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_only() {
    let app = App::start().await;
    let (alice, bob) = (app.known("alice").await, app.known("bob").await);
    let change = json!({
        "displayName": " Alice Żółć ", "avatarUrl": "https://example.org/alice.png", "username": "Alice.B",
    });
    for path in ["/users/me".to_owned(), format!("/users/{}", alice.id)] {
        let changed = app.patch(&alice, &path, &change).await.expect(200);
        assert_eq!(changed["displayName"], "Alice Żółć");
        assert_eq!(changed["avatarUrl"], "https://example.org/alice.png");
        assert_eq!(changed["username"], "Alice.B");
        assert_eq!(changed["email"], "alice@example.org");
    }
    let seen = app.get(&bob, &format!("/users/{}", alice.id)).await.expect(200);
    assert_eq!(seen["displayName"], "Alice Żółć");
    let detail = app.patch(&bob, &format!("/users/{}", alice.id), &change).await.problem(403);
    assert_eq!(detail, "Cannot update other users");

    // What is left out stays, what is empty goes, and null is left out.
    let changed = app.patch(&alice, "/users/me", &json!({"displayName": ""})).await.expect(200);
    assert_eq!(changed["displayName"], Value::Null);
    assert_eq!(changed["avatarUrl"], "https://example.org/alice.png");
    let change = json!({"displayName": null, "avatarUrl": ""});
    let changed = app.patch(&alice, "/users/me", &change).await.expect(200);
    assert_eq!(changed["avatarUrl"], Value::Null);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let wrong = json!({
        "username": "x".repeat(51), "displayName": "a\u{202e}b", "avatarUrl": "javascript:alert(1)",
        "email": "other@example.org", "isOnline": true,
    });
    let mut fields = app.patch(&alice, "/users/me", &wrong).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["avatarUrl", "displayName", "email", "isOnline", "username"]);
    for avatar in ["/etc/passwd", "//evil.example/a.png", "/api/v1/users/avatars/../../x"] {
        let change = json!({ "avatarUrl": avatar });
        let fields = app.patch(&alice, "/users/me", &change).await.wrong_fields();
        assert_eq!(fields, ["avatarUrl"], "{avatar}");
    }
    let own = app.get(&alice, "/users/me").await.expect(200);
    assert_eq!((&own["displayName"], &own["avatarUrl"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn login_names_belong_to_somebody_else() {
    let app = App::start().await;
    let (alice, _) = (app.known("alice").await, app.known("bob").await);
    let change = json!({"username": "BOB", "displayName": "Bob"});
    assert!(app.patch(&alice, "/users/me", &change).await.problem(409).contains("taken"));
    let fields = app.patch(&alice, "/users/me", &json!({"username": "a"})).await.wrong_fields();
    assert_eq!(fields, ["username"]);
    app.registry.away.store(true, Ordering::SeqCst);
    let change = json!({"username": "carol", "displayName": "Carol"});
    app.patch(&alice, "/users/me", &change).await.problem(503);
    // Nothing of a change takes place whose name could not be had.
    let own = app.get(&alice, "/users/me").await.expect(200);
    assert_eq!((&own["username"], &own["displayName"]), (&json!("alice"), &Value::Null));
    // What needs no new name does not ask for one.
    let change = json!({"username": "alice", "displayName": "Alice"});
    let own = app.patch(&alice, "/users/me", &change).await.expect(200);
    assert_eq!(text(&own["displayName"]), "Alice");
}

#[tokio::test]
async fn a_renamed_person_is_found_by_the_new_name_at_once() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    app.patch(&alice, "/users/me", &json!({"username": "Zoe"})).await.expect(200);
    assert_eq!(app.names(&alice, "search=zo").await, (vec!["Zoe".to_owned()], 1));
    assert_eq!(app.names(&alice, "search=alice").await, (vec![], 0));
}

#[tokio::test]
async fn what_is_sealed_is_not_readable_in_the_database() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let change = json!({"displayName": "Alice Liddell"});
    app.patch(&alice, "/users/me", &change).await.expect(200);
    let rows = app.tables().await.query("SELECT row_to_json(p)::text FROM people AS p", &[]).await;
    let row: String = rows.expect("rows")[0].get(0);
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(row.contains("\"username\":\"alice\""), "{row}");
    for secret in ["example.org", "Liddell"] {
        assert!(!row.contains(secret) && !row.contains(&hex(secret)), "{row}");
    }
}
