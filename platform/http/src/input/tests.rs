//! What each extractor accepts and what it says of the rest.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::StatusCode;
use http_body_util::BodyExt as _;
use marquis_kernel::Secret;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::*;
use crate::ProblemDocument;

#[derive(Debug, PartialEq)]
struct Order {
    amount: i64,
    currency: Parsed<marquis_kernel::Currency>,
    note: Option<String>,
    express: Option<bool>,
    metadata: Option<Map<String, Value>>,
}

impl FromFields for Order {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let amount = fields.required::<i64>("amount");
        let currency = fields.required("currency");
        let note = fields.optional("note");
        let express = fields.optional("express");
        let metadata = fields.optional("metadata");
        Some(Self {
            amount: amount?,
            currency: currency?,
            note: note?,
            express: express?,
            metadata: metadata?,
        })
    }
}

fn order(text: &str) -> Result<Order, Problem> {
    fields_of_json(text.as_bytes())
}

/// `field: message` of each error; the detail when there is none.
fn mistakes(text: &str) -> Vec<String> {
    let problem = order(text).expect_err(text);
    assert_eq!(problem.status(), StatusCode::BAD_REQUEST, "{text}");
    if problem.errors().is_empty() {
        return vec![problem.detail().expect("a detail").to_owned()];
    }
    problem.errors().iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
}

#[test]
fn a_valid_object_is_read() {
    let read = order(
        r#" {"currency":"EUR","amount":-9223372036854775808,"note":"a\n\u00e9","express":true,
            "metadata":{"a":[1,2.5,null,{"b":"c"}]}} "#,
    )
    .expect("valid");
    assert_eq!(read.amount, i64::MIN);
    assert_eq!(read.note.as_deref(), Some("a\né"));
    assert_eq!(read.express, Some(true));
    let metadata = Value::Object(read.metadata.expect("given"));
    assert_eq!(metadata, json!({"a": [1, 2.5, null, {"b": "c"}]}));
    let bare = order(r#"{"amount":1,"currency":"EUR","note":null}"#).expect("valid");
    assert_eq!((bare.note, bare.metadata), (None, None));
}

#[test]
fn every_mistake_is_listed_at_once() {
    assert_eq!(
        mistakes(r#"{"amount":"5","note":7,"express":"yes","metadata":[],"amont":5,"x":null}"#),
        [
            "amount: must be a number, not a string",
            "currency: is required",
            "note: must be a string",
            "express: must be true or false",
            "metadata: must be an object",
            "amont: is not a known field",
            "x: is not a known field",
        ],
    );
}

#[test]
fn integers_are_written_as_integers() {
    let amount = |text: &str| {
        let mistakes = mistakes(&format!(r#"{{"amount":{text},"currency":"EUR"}}"#));
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes[0].strip_prefix("amount: ").expect("about the amount").to_owned()
    };
    let range = "must be between -9223372036854775808 and 9223372036854775807";
    assert_eq!(amount("1.0"), "must be a whole number written without a decimal point");
    assert_eq!(amount("0.5"), "must be a whole number written without a decimal point");
    assert_eq!(amount("1e3"), "must be a whole number written without an exponent");
    assert_eq!(amount("1.5E-3"), "must be a whole number written without an exponent");
    assert_eq!(amount("9223372036854775808"), range);
    assert_eq!(amount("-9223372036854775809"), range);
    assert_eq!(amount(&"9".repeat(400)), range);
    assert_eq!(amount(r#""1""#), "must be a number, not a string");
    assert_eq!(amount("null"), "is required");
    assert_eq!(amount("true"), "must be a whole number");
    assert_eq!(amount("[1]"), "must be a whole number");
}

#[test]
fn malformed_json_is_named_without_being_echoed() {
    for (text, detail) in [
        ("", "The request body is empty; JSON is expected."),
        (" \n", "The request body is empty; JSON is expected."),
        ("[1]", "The request body must be a JSON object."),
        ("17", "The request body must be a JSON object."),
        (r#""hunter2""#, "The request body must be a JSON object."),
        ("null", "The request body must be a JSON object."),
        (r#"{"amount":1"#, "Malformed JSON: it ends too early, in line 1, column 11."),
        (r#"{"amount":1}}"#, "Malformed JSON: trailing characters at line 1 column 13."),
        (r#"{"amount":1} {}"#, "Malformed JSON: trailing characters at line 1 column 14."),
        (r#"{amount:1}"#, "Malformed JSON: key must be a string at line 1 column 2."),
        (r#"{"amount":1,}"#, "Malformed JSON: trailing comma at line 1 column 13."),
        (r#"{"amount":01}"#, "Malformed JSON: invalid number at line 1 column 12."),
        (r#"{"amount":NaN}"#, "Malformed JSON: expected value at line 1 column 11."),
    ] {
        assert_eq!(mistakes(text), [detail], "{text}");
    }
    let detail = fields_of_json::<Order>(b"{\"note\":\"\xff\"}").expect_err("not UTF-8");
    assert_eq!(detail.detail(), Some("The request body is not valid UTF-8."));
}

#[test]
fn names_are_unique_at_every_level() {
    assert_eq!(
        mistakes(r#"{"amount":1,"currency":"EUR","amount":2}"#),
        ["amount: is given more than once"],
    );
    assert_eq!(
        mistakes(r#"{"amount":1,"currency":"EUR","\u0061mount":2}"#),
        ["amount: is given more than once"],
    );
    assert_eq!(
        mistakes(r#"{"amount":1,"currency":"EUR","metadata":{"a":[{"b":1,"b":1}]}}"#),
        ["metadata: contains an object that repeats a name"],
    );
}

#[test]
fn text_that_cannot_be_stored_is_refused() {
    let nul = "must not contain the character U+0000";
    let with = |rest: &str| mistakes(&format!(r#"{{"amount":1,"currency":"EUR",{rest}}}"#));
    assert_eq!(with(r#""note":"a\u0000b""#), [format!("note: {nul}")]);
    assert_eq!(with(r#""metadata":{"a":"\u0000"}"#), [format!("metadata: {nul}")]);
    assert_eq!(with(r#""metadata":{"\u0000":1}"#), [format!("metadata: {nul}")]);
    assert_eq!(with(r#""note":"\ud800""#), ["note: contains an invalid escape sequence"]);
    assert_eq!(with(r#""metadata":{"a":1e999}"#), ["metadata: contains a number out of range"],);
}

#[test]
fn depth_is_bounded_before_anything_recurses() {
    let deep = |levels: usize| {
        let metadata = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"amount":1,"currency":"EUR","metadata":{{"a":{metadata}}}}}"#)
    };
    assert!(order(&deep(62)).is_ok());
    let refused = ["The JSON is nested deeper than 64 levels."];
    assert_eq!(mistakes(&deep(63)), refused);
    assert_eq!(mistakes(&deep(1_000_000)), refused);
    assert_eq!(mistakes(&"[".repeat(1_000_000)), refused);
    let in_text = format!(r#"{{"amount":1,"currency":"EUR","note":"\"{}"}}"#, "[".repeat(500));
    assert!(order(&in_text).is_ok());
}

#[test]
fn answers_stay_small_whatever_is_sent() {
    let many: String = (0..5_000).map(|number| format!(r#""u{number}":1,"#)).collect();
    let found = mistakes(&format!(r#"{{{many}"amount":1,"currency":"EUR"}}"#));
    assert_eq!(found.len(), 50);
    let long = format!(r#"{{"amount":1,"currency":"EUR","{}":1}}"#, "é".repeat(10_000));
    assert_eq!(mistakes(&long)[0], format!("{}…: is not a known field", "é".repeat(64)));
}

#[derive(Debug)]
struct Delivery {
    order: Order,
    ids: Vec<Uuid>,
}

impl FromFields for Delivery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let order = fields.nested("order");
        let ids = fields.required("ids");
        fields.allow_unknown();
        Some(Self { order: order?, ids: ids? })
    }
}

#[test]
fn nested_objects_and_arrays_name_their_mistakes() {
    let id = "0190a0b0-0000-7000-8000-000000000000";
    let read: Delivery = fields_of_json(
        format!(r#"{{"order":{{"amount":1,"currency":"EUR"}},"ids":["{id}"],"more":1}}"#)
            .as_bytes(),
    )
    .expect("valid");
    assert_eq!((read.order.amount, read.ids[0].to_string()), (1, id.to_owned()));
    let problem = fields_of_json::<Delivery>(
        br#"{"order":{"amount":1.5,"color":1},"ids":["0190a0b0000070008000000000000000"]}"#,
    )
    .expect_err("wrong");
    let found: Vec<_> =
        problem.errors().iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    assert_eq!(
        found,
        [
            "order.amount must be a whole number written without a decimal point",
            "order.currency is required",
            "order.color is not a known field",
            "ids has an item 0 that must be a UUID",
        ],
    );
    let scalar = fields_of_json::<Delivery>(br#"{"order":1,"ids":[]}"#).expect_err("wrong");
    assert_eq!(scalar.errors()[0].message, "must be an object");
}

#[derive(Debug, PartialEq)]
struct Search {
    text: Option<String>,
    online: Option<bool>,
    limit: Option<u32>,
}

impl FromFields for Search {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let text = fields.optional("text");
        let online = fields.optional("online");
        let limit = fields.optional("limit");
        Some(Self { text: text?, online: online?, limit: limit? })
    }
}

#[test]
fn query_strings_are_decoded_strictly() {
    let read = fields_of_query::<Search>("text=a%20b+c%C3%A9%2B&online=true&&limit=007");
    let text = Some("a b cé+".to_owned());
    assert_eq!(read.expect("valid"), Search { text, online: Some(true), limit: Some(7) });
    for (query, expected) in [
        ("text=%", "The query string contains an invalid percent-encoding."),
        ("text=%4", "The query string contains an invalid percent-encoding."),
        ("text=%zz", "The query string contains an invalid percent-encoding."),
        ("text=%+1", "The query string contains an invalid percent-encoding."),
        ("%ff=1", "The query string is not valid UTF-8."),
        ("text=%c3%28", "The query string is not valid UTF-8."),
    ] {
        let problem = fields_of_query::<Search>(query).expect_err(query);
        assert_eq!(problem.detail(), Some(expected), "{query}");
    }
    for (query, field, message) in [
        ("text=a&text=b", "text", "is given more than once"),
        ("text=a%00", "text", "must not contain the character U+0000"),
        ("online=1", "online", "must be true or false"),
        ("limit=4294967296", "limit", "must be between 0 and 4294967295"),
        ("limit=-1", "limit", "must be between 0 and 4294967295"),
        ("limit=ten", "limit", "must be a whole number"),
        ("limit=+1", "limit", "must be a whole number"),
        ("page", "page", "is not a known field"),
    ] {
        let problem = fields_of_query::<Search>(query).expect_err(query);
        assert_eq!(problem.errors(), [crate::FieldError::new(field, message)], "{query}");
    }
    let many = "a=1&".repeat(257);
    assert!(fields_of_query::<Search>(&many).is_err());
}

#[derive(Debug)]
struct Login {
    password: Secret,
}

impl FromFields for Login {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("password").map(|password| Self { password })
    }
}

fn app() -> Router {
    let limits = BodyLimits { size: 64, time: std::time::Duration::from_millis(200) };
    Router::new()
        .route(
            "/login",
            post(async |JsonBody(login): JsonBody<Login>| login.password.expose().to_owned()),
        )
        .route("/maybe", post(async |login: Option<JsonBody<Login>>| login.is_some().to_string()))
        .route("/raw", post(async |RawBody(bytes): RawBody| bytes))
        .route("/items/{id}", get(async |PathId(id): PathId<Uuid>| id.to_string()))
        .layer(axum::Extension(limits))
}

async fn ask(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, String) {
    let request = request.body(body.into()).expect("a request");
    let response = app().oneshot(request).await.expect("infallible");
    let status = response.status();
    let body = response.into_body().collect().await.expect("collects").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

fn post_to(path: &str) -> http::request::Builder {
    http::Request::post(path)
}

async fn status_for_type(media_type: &str) -> u16 {
    let request = post_to("/login").header("content-type", media_type);
    ask(request, r#"{"password":"x"}"#).await.0.as_u16()
}

#[tokio::test]
async fn only_json_is_read() {
    for media_type in
        ["application/json", "APPLICATION/JSON ; charset=utf-8", "application/merge-patch+json"]
    {
        assert_eq!(status_for_type(media_type).await, 200, "{media_type}");
    }
    for media_type in
        ["text/plain", "application/jsonp", "application/+json", "text/json", "", "json"]
    {
        assert_eq!(status_for_type(media_type).await, 415, "{media_type}");
    }
    assert_eq!(ask(post_to("/login"), "{}").await.0, 415);
    let twice = post_to("/login")
        .header("content-type", "application/json")
        .header("content-type", "application/json");
    assert_eq!(ask(twice, r#"{"password":"x"}"#).await.0, 415);
    let encoded = post_to("/login")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    assert_eq!(ask(encoded, "{}").await.0, 415);
}

#[tokio::test]
async fn an_optional_body_may_be_absent_but_not_wrong() {
    let json = || post_to("/maybe").header("content-type", "application/json");
    assert_eq!(ask(post_to("/maybe"), "").await, (StatusCode::OK, "false".to_owned()));
    assert_eq!(ask(json(), "").await, (StatusCode::OK, "false".to_owned()));
    assert_eq!(ask(json(), r#"{"password":"x"}"#).await.1, "true");
    assert_eq!(ask(json(), "{}").await.0, 400);
    assert_eq!(ask(post_to("/maybe"), r#"{"password":"x"}"#).await.0, 415);
}

fn chunked(chunks: Vec<&'static str>) -> Body {
    let chunks = chunks.into_iter().map(Ok::<_, std::io::Error>);
    Body::from_stream(futures_util::stream::iter(chunks))
}

#[tokio::test]
async fn bodies_are_bounded_however_they_come() {
    let json = || post_to("/login").header("content-type", "application/json");
    assert_eq!(ask(post_to("/raw"), "x".repeat(64)).await.0, 200);
    let (status, body) = ask(post_to("/raw"), "x".repeat(65)).await;
    assert_eq!(status, 413);
    let document: ProblemDocument = serde_json::from_str(&body).expect("a problem");
    assert_eq!(document.detail.as_deref(), Some("The request body exceeds 64 bytes."));
    assert_eq!(ask(json(), "x".repeat(65)).await.0, 413);
    assert_eq!(ask(json(), chunked(vec!["0123456789"; 7])).await.0, 413);
    assert_eq!(ask(post_to("/raw"), chunked(vec!["0123456789"; 6])).await.0, 200);
}

#[tokio::test]
async fn a_body_that_stalls_or_breaks_is_the_clients_fault() {
    let stalled =
        Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>());
    assert_eq!(ask(post_to("/raw"), stalled).await.0, 408);
    let broken = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("reset"))]);
    let (status, body) = ask(post_to("/raw"), Body::from_stream(broken)).await;
    assert_eq!(status, 400);
    assert!(!body.contains("reset"), "{body}");
    let refused = futures_util::stream::iter([Err::<&str, _>(Problem::payload_too_large(9))]);
    assert_eq!(ask(post_to("/raw"), Body::from_stream(refused)).await.0, 413);
}

#[tokio::test]
async fn a_malformed_id_names_nothing() {
    let id = "0190a0b0-0000-7000-8000-000000000000";
    let (status, body) = ask(http::Request::get(format!("/items/{id}")), "").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, id));
    for id in ["1", "0190a0b0", "%ff", "a%20b", "0190a0b0-0000-7000-8000-00000000000g"] {
        let (status, body) = ask(http::Request::get(format!("/items/{id}")), "").await;
        assert_eq!(status, 404, "{id}");
        assert!(body.contains("the id in the path is malformed"), "{body}");
    }
}

proptest! {
    #[test]
    fn no_input_panics_or_becomes_a_500(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problem) = fields_of_json::<Order>(&bytes) {
            prop_assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        }
        if let Ok(text) = std::str::from_utf8(&bytes)
            && let Err(problem) = fields_of_query::<Search>(text)
        {
            prop_assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn almost_json_never_becomes_a_500(
        text in r#"\{("(amount|currency|note|metadata|x)":(1|-1|1\.0|1e9|"EUR"|null|true|\{"a":1\}|\["\\u0000"\]|"\\ud800"),?){0,6}\}?"#,
    ) {
        if let Err(problem) = fields_of_json::<Order>(text.as_bytes()) {
            prop_assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn every_integer_survives(amount in any::<i64>()) {
        let read = order(&format!(r#"{{"amount":{amount},"currency":"EUR"}}"#));
        prop_assert_eq!(read.expect("valid").amount, amount);
    }

    #[test]
    fn every_text_survives_a_query(text in "[^\0]{0,40}") {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let read = fields_of_query::<Search>(&format!("text={encoded}")).expect("valid");
        prop_assert_eq!(read.text, Some(text));
    }
}
