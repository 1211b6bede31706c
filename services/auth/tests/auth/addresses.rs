//! E-mail addresses are sealed in the database, whatever happens to the keys.

use axum::Router;
use axum::http::StatusCode;
use marquis_auth::{Auth, Email, Renewal};
use marquis_config::Environment;
use marquis_contracts::identity::Role;
use serde_json::json;

use crate::app::{App, KEYRING, PASSWORD, ROTATED_KEYRING, post, send, service_with, settings};

/// A node on the same database with another keyring.
fn node(app: &App, keyring: &str) -> (Auth, Router) {
    let auth = service_with(
        &app.database.settings(),
        &app.clock,
        &app.cluster,
        &app.settings,
        Environment::Test,
        keyring,
    );
    let router = auth.router();
    (auth, router)
}

async fn login(router: &Router, name: &str) -> StatusCode {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    send(router, post("/auth/login").json(body)).await.status
}

async fn register(router: &Router, name: &str, username: &str) -> StatusCode {
    let body = json!({
        "email": format!("{name}@example.com"), "password": PASSWORD, "username": username,
    });
    send(router, post("/auth/register").json(body)).await.status
}

async fn assert_sealed(app: &App) {
    let client = app.database.client().await;
    for row in client.query("SELECT t::text FROM users t", &[]).await.expect("readable") {
        let text: String = row.get(0);
        assert!(!text.contains("example.com"), "{text}");
        // Nor as bytes, which PostgreSQL shows in hexadecimal.
        let hexadecimal: String = b"example".iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hexadecimal), "{text}");
    }
}

#[tokio::test]
async fn no_address_is_readable_in_the_database() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    assert_sealed(&app).await;
    assert_eq!(alice.user["email"], "alice@example.com");
    app.login("alice", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(app.me(&alice.access).await.body["email"], "alice@example.com");
    app.refresh(&alice.refresh).await.expect(StatusCode::OK);
    assert_eq!(register(&app.router, "ALICE", "another").await, StatusCode::CONFLICT);

    // A sealed address that is moved to another account is not that account's.
    let bob = app.register("bob").await;
    let client = app.database.client().await;
    client
        .batch_execute(
            "UPDATE users SET (data_key, sealed_email) =
                 (SELECT data_key, sealed_email FROM users WHERE username = 'alice')
             WHERE username = 'bob'",
        )
        .await
        .expect("moved");
    let fresh = app.another(settings());
    fresh.me(&bob.access).await.expect(StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn accounts_from_before_are_sealed_at_the_next_start() {
    let app = App::new().await;
    let names: Vec<String> = (0..3).map(|number| format!("person{number}")).collect();
    for name in &names {
        app.register(name).await;
    }
    let client = app.database.client().await;
    client
        .batch_execute(
            "UPDATE users SET email = username || '@example.com', data_key = NULL,
                 key_version = NULL, sealed_email = NULL, email_index = NULL,
                 email_index_version = NULL",
        )
        .await
        .expect("as it was");
    app.auth.prepare().await.expect("prepared");
    assert_sealed(&app).await;
    for name in &names {
        assert_eq!(login(&app.router, name).await, StatusCode::OK, "{name}");
    }
    // Nothing is left to do, and nothing is done.
    app.auth.prepare().await.expect("prepared");
    assert_eq!(app.auth.renew_keys(true).await.expect("renewed"), Renewal { keys: 0, indexes: 0 });
}

#[tokio::test]
async fn keys_are_renewed_beside_the_running_service() {
    let app = App::new().await;
    app.register("alice").await;
    app.register("bob").await;
    let (rotating, router) = node(&app, ROTATED_KEYRING);
    // Both versions are found, and neither hides the other.
    assert_eq!(login(&router, "alice").await, StatusCode::OK);
    assert_eq!(register(&router, "alice", "impostor").await, StatusCode::CONFLICT);
    assert_eq!(register(&router, "carol", "carol").await, StatusCode::CREATED);

    let keys = rotating.renew_keys(false).await.expect("renewed");
    assert_eq!(keys, Renewal { keys: 2, indexes: 0 });
    assert_eq!(login(&router, "alice").await, StatusCode::OK);
    let both = rotating.renew_keys(true).await.expect("renewed");
    assert_eq!(both, Renewal { keys: 0, indexes: 2 });

    let second = ROTATED_KEYRING.lines().nth(1).expect("two versions");
    let (newest, router) = node(&app, second);
    for name in ["alice", "bob", "carol"] {
        assert_eq!(login(&router, name).await, StatusCode::OK, "{name}");
    }
    let email: Email = "alice@example.com".parse().expect("an address");
    newest.set_roles(&email, &[Role::User, Role::Finance]).await.expect("found");
    // The old keys open nothing any more.
    let (_, router) = node(&app, KEYRING);
    assert_eq!(login(&router, "alice").await, StatusCode::UNAUTHORIZED);
}
