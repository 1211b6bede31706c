//! Making payments, and everything that is not one.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::harness::{App, TableClient as _, euros, text};

#[tokio::test]
async fn a_payment_is_made_as_asked() {
    let app = App::start().await;
    let alice = app.alice();
    let body = json!({
        "amount": 1250, "currency": "EUR", "description": "Order 1042",
        "metadata": {"order": "1042", "shop": "é"},
    });
    let answer = app.create(&alice, &body).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let location = answer.headers["location"].to_str().expect("ASCII").to_owned();
    assert!(!answer.replayed());
    let payment = answer.expect(201);
    let reference = text(&payment["reference"]);
    assert!(reference.starts_with("pay_") && reference.len() == 30, "{reference}");
    assert_eq!(location, format!("payments/{reference}"));
    assert_eq!(payment["status"], "pending");
    assert_eq!(payment["amount"], 1250);
    assert_eq!(payment["currency"], "EUR");
    assert_eq!(payment["description"], "Order 1042");
    assert_eq!(payment["metadata"], json!({"order": "1042", "shop": "é"}));
    assert_eq!(payment["amountRefunded"], 0);
    assert_eq!(payment["userId"], alice.id.to_string());
    assert_eq!(payment["createdAt"], payment["updatedAt"]);

    let mut read = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    let history = read.as_object_mut().expect("an object").remove("history");
    assert_eq!(read, payment);
    assert_eq!(
        history,
        Some(json!([{"status": "pending", "by": "owner", "at": payment["createdAt"]}]))
    );
}

#[tokio::test]
async fn optional_fields_may_be_absent_or_null() {
    let app = App::start().await;
    let alice = app.alice();
    for body in [
        euros(1),
        json!({"amount": 1, "currency": "JPY", "description": null, "metadata": null}),
        json!({"amount": 1, "currency": "KWD", "metadata": {}}),
    ] {
        let payment = app.create(&alice, &body).await.expect(201);
        assert_eq!(payment["description"], Value::Null);
        assert_eq!(payment["metadata"], json!({}));
    }
}

#[tokio::test]
async fn amounts_that_are_none_are_refused() {
    let app = App::start().await;
    let alice = app.alice();
    let tables = app.tables().await;
    for amount in [
        "0",
        "-1",
        "1.5",
        "1.0",
        "1e3",
        "\"100\"",
        "true",
        "null",
        "[]",
        "{}",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "100000000000",
        "1e400",
    ] {
        let body = format!(r#"{{"amount": {amount}, "currency": "EUR"}}"#);
        let answer = raw(&app, &alice, &body).await;
        assert_eq!(answer.wrong_fields(), ["amount"], "{amount}");
    }
    let largest = json!({"amount": 99_999_999_999_i64, "currency": "EUR"});
    app.create(&alice, &largest).await.expect(201);
    assert_eq!(tables.number("SELECT count(*) FROM payments").await, 1);
}

#[tokio::test]
async fn every_wrong_field_is_listed() {
    let app = App::start().await;
    let alice = app.alice();
    let body = json!({
        "amount": -5, "currency": "eur", "description": "x".repeat(501),
        "metadata": {"a": 1}, "color": "red",
    });
    let mut fields = app.create(&alice, &body).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["amount", "color", "currency", "description", "metadata"]);
    let none = app.create(&alice, &json!({})).await.wrong_fields();
    assert_eq!(none, ["amount", "currency"]);
    for (field, value) in [
        ("currency", json!("XXX")),
        ("currency", json!("EURO")),
        ("currency", json!(978)),
        ("description", json!("a\u{0}b")),
        ("description", json!(7)),
        ("metadata", json!("text")),
        ("metadata", json!({"k".repeat(41): "v"})),
        ("metadata", json!({"": "v"})),
        ("metadata", json!({"k": "v".repeat(501)})),
        ("metadata", json!({"k": "\u{0}"})),
        ("metadata", (0..51).map(|n| (n.to_string(), json!(""))).collect()),
    ] {
        let mut body = euros(1);
        body[field] = value;
        assert_eq!(app.create(&alice, &body).await.wrong_fields(), [field], "{body}");
    }
}

#[tokio::test]
async fn malformed_requests_are_refused_clearly() {
    let app = App::start().await;
    let alice = app.alice();
    for body in ["", "{", "[1]", "null", r#"{"amount": 01}"#, &"[".repeat(10_000)] {
        raw(&app, &alice, body).await.problem(400);
    }
    let twice = r#"{"amount": 1, "amount": 2, "currency": "EUR"}"#;
    assert_eq!(raw(&app, &alice, twice).await.wrong_fields(), ["amount"]);
    let headers = [("content-type", "text/plain")];
    app.call(&alice, Method::POST, "/payments", &headers, None).await.problem(415);
    let huge = json!({"amount": 1, "currency": "EUR", "description": "x".repeat(2_000_000)});
    app.create(&alice, &huge).await.problem(413);
    let put = app.call(&alice, Method::PUT, "/payments", &[], None).await;
    assert!(put.headers["allow"].to_str().expect("ASCII").contains("POST"));
    put.problem(405);
}

#[tokio::test]
async fn tokens_of_others_are_refused() {
    let app = App::start().await;
    let foreign = App::start().await.alice();
    app.create(&foreign, &euros(1)).await.problem(401);
    let request = Request::get("/payments").body(Body::empty()).expect("a request");
    let answer = app.send(request).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.headers.contains_key("www-authenticate"));
}

async fn raw(app: &App, person: &crate::harness::Person, body: &str) -> crate::harness::Answer {
    let request = Request::post("/payments")
        .header("authorization", person.authorization())
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .expect("a request");
    app.send(request).await
}
