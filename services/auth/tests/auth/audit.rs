//! The audit trail: complete, unchangeable, free of secrets.

use axum::http::StatusCode;
use serde_json::json;

use crate::app::{App, PASSWORD, logged, post};

#[tokio::test]
async fn records_say_who_whence_and_in_which_trace() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let call = post("/auth/login")
        .json(json!({ "email": "alice@example.com", "password": PASSWORD }))
        .from("198.51.100.7")
        .header("user-agent", "Browser/2")
        .header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
    app.send(call).await.expect(StatusCode::OK);
    let client = app.database.client().await;
    let row = client
        .query_one(
            "SELECT user_id::text, host(address), user_agent, trace_id, details, occurred_at
             FROM audit_records WHERE kind = 'login.succeeded'",
            &[],
        )
        .await
        .expect("one record");
    assert_eq!(row.get::<_, String>(0), alice.user["id"].as_str().expect("an id"));
    assert_eq!(row.get::<_, String>(1), "198.51.100.7");
    assert_eq!(row.get::<_, String>(2), "Browser/2");
    assert_eq!(row.get::<_, String>(3), trace);
    assert_eq!(row.get::<_, serde_json::Value>(4)["amr"], json!(["pwd"]));
    use marquis_kernel::Clock as _;
    assert_eq!(row.get::<_, time::OffsetDateTime>(5), app.clock.now());
}

#[tokio::test]
async fn records_are_only_ever_added() {
    let app = App::new().await;
    app.register("alice").await;
    let client = app.database.client().await;
    for statement in [
        "UPDATE audit_records SET kind = 'nothing'",
        "DELETE FROM audit_records",
        "TRUNCATE audit_records",
    ] {
        let error = client.execute(statement, &[]).await.expect_err(statement);
        let refusal = error.as_db_error().expect("refused by the server");
        assert!(refusal.message().contains("append-only"), "{refusal}");
    }
    // Nor does deleting the user take the trail along.
    client.execute("DELETE FROM users", &[]).await.expect("deleted");
    assert_eq!(app.audited("user.registered").await, 1);
}

/// A change and its record commit together or not at all.
#[tokio::test]
async fn without_a_record_nothing_happens() {
    let app = App::new().await;
    let client = app.database.client().await;
    let spoil = "ALTER TABLE audit_records ADD CONSTRAINT spoilt CHECK (kind <> 'user.registered')";
    client.batch_execute(spoil).await.expect("altered");
    let body = json!({
        "email": "alice@example.com", "password": PASSWORD, "username": "alice",
    });
    let answer = app.send(post("/auth/register").json(body)).await;
    let answer = answer.expect(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text.contains("spoilt") && !answer.text.contains("audit"), "{}", answer.text);
    let users: i64 =
        client.query_one("SELECT count(*) FROM users", &[]).await.expect("counts").get(0);
    assert_eq!(users, 0);
}

/// Goes through everything with secrets of its own and looks for them wherever they might
/// have leaked: answers, the log at its most talkative, the whole database.
#[tokio::test]
async fn no_secret_shows_anywhere() {
    let app = App::new().await;
    let (password, wrong, new) = ("Sesame-open-4711", "Sesame-wrong-4712", "Sesame-newer-4713");
    let email = "leaky.person@example.com";
    let mut answers = Vec::new();
    let register = json!({ "email": email, "password": password, "username": "leaky" });
    let answer = app.send(post("/auth/register").json(register.clone())).await;
    let (access, refresh) =
        (answer.text_at("access_token").to_owned(), answer.text_at("refresh_token").to_owned());
    answers.push(app.send(post("/auth/register").json(register)).await.text);
    for attempt in [wrong, wrong, wrong, wrong, wrong, wrong] {
        let body = json!({ "email": email, "password": attempt });
        answers.push(app.send(post("/auth/login").json(body)).await.text);
    }
    let elsewhere = json!({ "email": email, "password": password });
    let login = app.send(post("/auth/login").json(elsewhere).from("198.51.100.3")).await;
    let login = login.expect(StatusCode::OK);
    let change = json!({ "currentPassword": password, "newPassword": new });
    let call = post("/auth/password").bearer(&access).json(change).from("198.51.100.3");
    answers.push(app.send(call).await.expect(StatusCode::NO_CONTENT).text);
    let refreshed = app.refresh(&refresh).await.expect(StatusCode::OK);
    app.advance(std::time::Duration::from_secs(11));
    answers.push(app.refresh(&refresh).await.expect(StatusCode::UNAUTHORIZED).text);
    answers.push(app.me(&access).await.expect(StatusCode::UNAUTHORIZED).text);
    let malformed = json!({ "email": email, "password": password, "token": access });
    answers.push(app.send(post("/auth/login").json(malformed)).await.text);

    let client = app.database.client().await;
    let hash: String =
        client.query_one("SELECT password_hash FROM users", &[]).await.expect("one").get(0);
    let signature = |token: &str| token.rsplit('.').next().expect("a part").to_owned();
    let tokens = [
        refresh.clone(),
        refreshed.text_at("refresh_token").to_owned(),
        login.text_at("refresh_token").to_owned(),
        signature(&access),
        signature(refreshed.text_at("access_token")),
    ];
    let mut secrets: Vec<&str> = vec![password, wrong, new, &hash];
    secrets.extend(tokens.iter().map(String::as_str));

    let log = logged();
    assert!(log.contains("login.failed"), "the log was not captured");
    for secret in &secrets {
        assert!(!log.contains(secret), "the log contains {secret}");
        assert!(!answers.iter().any(|answer| answer.contains(secret)), "an answer has {secret}");
    }
    assert!(!log.contains(email), "the log contains an e-mail address");

    // In the database only the hash itself, in its own column, and no e-mail in the trail.
    for table in ["audit_records", "outbox", "sessions", "refresh_tokens", "login_attempts"] {
        let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).await;
        for row in rows.expect("readable") {
            let text: String = row.get(0);
            for secret in &secrets {
                assert!(!text.contains(secret), "{table} contains {secret}");
            }
            assert!(!text.contains(email), "{table} contains an e-mail address");
        }
    }
}
