//! PostgreSQL away and back again.

use marquis_testkit::{PostgresServer, eventually};
use marquis_users::{MIGRATIONS, NAME};
use serde_json::json;

use crate::harness::{App, PATIENCE, keyring};

#[tokio::test]
async fn an_outage_is_a_503_and_ends_by_itself() {
    let mut server = PostgresServer::start().await;
    let database = server.database(NAME);
    database.migrate(MIGRATIONS).await.expect("migrates");
    let app = App::on(database, keyring());
    let _running = app.run();
    let alice = app.known("alice").await;

    server.stop().await;
    let down = app.get(&alice, "/users/me").await;
    assert!(down.headers.contains_key("retry-after"));
    let detail = down.problem(503);
    assert!(!detail.contains("postgres") && !detail.contains("127.0.0.1"), "{detail}");
    app.get(&alice, "/users?search=ali").await.problem(503);
    app.patch(&alice, "/users/me", &json!({"displayName": "A"})).await.problem(503);
    app.get(&alice, "/users/me/export").await.problem(503);
    app.delete(&alice, "/users/me").await.problem(503);
    let bob = app.person("bob");
    app.auth_says("user.registered", &bob, json!({"username": "bob"})).await;

    server.start_again().await;
    eventually(PATIENCE, || async { app.get(&alice, "/users?search=bob").await.status == 200 })
        .await;
    eventually(PATIENCE, || async { app.names(&alice, "").await.1 == 2 }).await;
}
