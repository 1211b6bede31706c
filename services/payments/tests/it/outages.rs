//! PostgreSQL away and back again.

use marquis_database::Database;
use marquis_payments::{MIGRATIONS, NAME};
use marquis_testkit::{PostgresServer, eventually};

use crate::harness::{App, PATIENCE, euros, event, text};

#[tokio::test]
async fn an_outage_is_a_503_and_ends_by_itself() {
    let mut server = PostgresServer::start().await;
    let database: Database = server.database(NAME);
    database.migrate(MIGRATIONS).await.expect("migrates");
    let app = App::on(database);
    let _running = app.run();
    let alice = app.alice();
    let before = app.create_with_key(&alice, "before", &euros(1)).await.expect(201);
    let reference = text(&before["reference"]);

    server.stop().await;
    let down = app.create_with_key(&alice, "during", &euros(2)).await;
    assert!(down.headers.contains_key("retry-after"));
    let detail = down.problem(503);
    assert!(!detail.contains("postgres") && !detail.contains("127.0.0.1"), "{detail}");
    app.get(&alice, &format!("/payments/{reference}")).await.problem(503);
    app.get(&alice, "/payments").await.problem(503);
    app.set_status(&alice, &reference, "cancelled").await.problem(503);
    app.deliver("evt", &event("payment.succeeded", &reference)).await.problem(503);

    server.start_again().await;
    // The client repeats its request with the key, whatever became of the first one.
    let made = eventually(PATIENCE, || async {
        let answer = app.create_with_key(&alice, "during", &euros(2)).await;
        if answer.status == 201 { Ok(answer.json()) } else { Err(answer.status) }
    })
    .await;
    let replay = app.create_with_key(&alice, "during", &euros(2)).await;
    assert!(replay.replayed());
    assert_eq!(replay.expect(201), made);
    let old = app.create_with_key(&alice, "before", &euros(1)).await;
    assert!(old.replayed());
    app.deliver("evt", &event("payment.succeeded", &reference)).await.expect(200);
    let body =
        serde_json::json!({"amount": 3, "currency": "EUR", "metadata": {"sandbox": "succeed"}});
    let path =
        format!("/payments/{}", text(&app.create(&alice, &body).await.expect(201)["reference"]));
    eventually(PATIENCE, || async {
        app.get(&alice, &path).await.expect(200)["status"] == "succeeded"
    })
    .await;
    app.assert_books_agree().await;
}
