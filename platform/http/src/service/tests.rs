//! The shell, seen from outside.

use axum::body::Body;
use axum::routing::{delete, get, post};
use http_body_util::BodyExt as _;
use marquis_kernel::SystemClock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use utoipa_axum::routes;

use super::*;
use crate::health::CheckFailure;
use crate::input::{JsonBody, PathId, Query, RawBody};
use crate::page::Page;

#[utoipa::path(get, path = "/things", params(Page), responses((status = 200, description = "All.")))]
async fn list_things(Query(page): Query<Page>) -> String {
    page.limit.to_string()
}

#[utoipa::path(post, path = "/things", security(()), responses((status = 409, description = "There is one.")))]
async fn make_thing() -> Problem {
    Problem::conflict("There is one already.")
}

fn routes() -> OpenApiRouter {
    async fn fails() -> Problem {
        Problem::internal("password=hunter2 in the connection string")
    }
    async fn panics() {
        panic!("secret panic message");
    }
    async fn sleeps() {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    async fn whoami(client: ClientAddr) -> String {
        let context = context::current().expect("in a request");
        format!("{} {} {}", context.service, client.0, context.trace.trace_id())
    }
    OpenApiRouter::new()
        .routes(routes!(list_things, make_thing))
        .nest(
            "/nested",
            OpenApiRouter::new()
                .route("/{id}", get(async |PathId(id): PathId<u32>| id.to_string()))
                .route("/{id}/inner", delete(async || StatusCode::NO_CONTENT)),
        )
        .route("/fails", get(fails))
        .route("/panics", get(panics))
        .route("/sleeps", get(sleeps))
        .route("/whoami", get(whoami))
        .route("/axum", post(async |_: axum::Json<Value>| "read"))
        .route("/raw", post(async |RawBody(bytes): RawBody| bytes))
        .route("/json", post(async |_: JsonBody<Page>| "read"))
        .route("/bare", get(async || StatusCode::IM_A_TEAPOT))
        .route(
            "/own",
            get(async || (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "invalid_grant"})))),
        )
}

fn service() -> Service {
    let limits = ServiceLimits {
        body_size: 100,
        time: Duration::from_millis(300),
        ..ServiceLimits::default()
    };
    Service::new("test", Metrics::new(), SystemClock::shared()).routes(routes()).limits(limits)
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

async fn send(app: &Router, request: Request) -> Answered {
    let response = app.clone().oneshot(request).await.expect("infallible");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("collects").to_bytes();
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    Answered { status: head.status, headers: head.headers, text }
}

fn request(method: &str, path: &str) -> Request {
    Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")
}

async fn call(method: &str, path: &str) -> Answered {
    send(&service().build(), request(method, path)).await
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    for path in
        ["/nowhere", "/things/1", "/nested", "/nested/1/other", "/nested/1/inner/x", "/", "//"]
    {
        let answer = call("GET", path).await;
        assert_eq!(answer.status, 404, "{path}");
        let body = answer.json();
        assert_eq!((&body["instance"], &body["status"]), (&json!(path), &json!(404)));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    for (method, path, allow) in [
        ("DELETE", "/things", "GET,HEAD,POST"),
        ("PATCH", "/nested/1", "GET,HEAD"),
        ("GET", "/nested/1/inner", "DELETE"),
        ("BREW", "/fails", "GET,HEAD"),
    ] {
        let answer = call(method, path).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        let mut allowed: Vec<_> =
            answer.headers[header::ALLOW].to_str().expect("ASCII").split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
        assert_eq!(answer.json()["instance"], path);
        assert_eq!(answer.json()["title"], "Method Not Allowed");
    }
}

#[tokio::test]
async fn head_and_options_are_answered() {
    let head = call("HEAD", "/things").await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    let missing = call("HEAD", "/nowhere").await;
    assert_eq!((missing.status, missing.text.as_str()), (StatusCode::NOT_FOUND, ""));
    let options = call("OPTIONS", "/nested/1/inner").await;
    assert_eq!(options.status, 204);
    assert_eq!(options.headers[header::ALLOW], "DELETE");
    assert_eq!(call("OPTIONS", "/nowhere").await.status, 404);
}

#[tokio::test]
async fn failures_say_nothing_and_cost_one_request() {
    let app = service().build();
    for path in ["/fails", "/panics"] {
        let answer = send(&app, request("GET", path)).await;
        assert_eq!(answer.status, 500);
        let mut body = answer.json();
        let trace_id = body.as_object_mut().expect("an object").remove("traceId");
        assert_eq!(trace_id.expect("a trace").as_str().map(str::len), Some(32));
        assert_eq!(
            body,
            json!({
                "type": "about:blank",
                "title": "Internal Server Error",
                "status": 500,
                "detail": "An internal error occurred.",
                "instance": path,
            }),
        );
    }
    assert_eq!(send(&app, request("GET", "/things")).await.status, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let answer = call("GET", "/sleeps").await;
    // Not 503, which invites to repeat: what was asked may have been done.
    assert_eq!(answer.status, 504);
    assert!(!answer.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(answer.json()["detail"], "The request took too long.");
}

#[tokio::test]
async fn answers_of_the_framework_become_problems_too() {
    let answer = call("POST", "/axum").await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.json()["title"], "Unsupported Media Type");
    assert_eq!(call("GET", "/bare").await.json()["status"], 418);
    let own = call("GET", "/own").await;
    assert_eq!(
        (own.status, own.json()),
        (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}))
    );
    let conflict = call("POST", "/things").await;
    assert_eq!(conflict.json()["instance"], "/things");
    assert_eq!(conflict.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn the_instance_is_the_path_the_client_asked_for() {
    let mut request = request("GET", "/nowhere?token=secret");
    request.extensions_mut().insert(OriginalPath("/b/nowhere".into()));
    let answer = send(&service().build(), request).await;
    assert_eq!(answer.json()["instance"], "/b/nowhere");
    assert_eq!(call("GET", "/nowhere?token=secret").await.json()["instance"], "/nowhere");
}

#[tokio::test]
async fn traces_continue_and_request_ids_are_echoed() {
    let app = service().build();
    let mut traced = request("GET", "/whoami");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    traced.headers_mut().insert("traceparent", HeaderValue::from_static(parent));
    traced.headers_mut().insert("x-request-id", HeaderValue::from_static("abc-123"));
    let answer = send(&app, traced).await;
    assert_eq!(answer.text, "test 127.0.0.1 0af7651916cd43dd8448eb211c80319c");
    assert_eq!(answer.headers["x-request-id"], "abc-123");

    let surrounding = RequestContext::new("gateway", TraceContext::root());
    let inside = context::scope(surrounding.clone(), send(&app, request("GET", "/whoami"))).await;
    assert!(inside.text.ends_with(&surrounding.trace.trace_id()), "{}", inside.text);

    let fresh = send(&app, request("GET", "/whoami")).await;
    assert!(!fresh.text.contains(&surrounding.trace.trace_id()));
    assert!(!fresh.headers.contains_key("x-request-id"));
}

async fn client_seen(peer: &str, real_ip: Option<&'static str>, given: Option<&str>) -> String {
    let mut request = request("GET", "/whoami");
    request.extensions_mut().insert(PeerAddr(peer.parse().expect("an address")));
    if let Some(real_ip) = real_ip {
        request.headers_mut().insert("x-real-ip", HeaderValue::from_static(real_ip));
    }
    if let Some(given) = given {
        request.extensions_mut().insert(ClientAddr(given.parse().expect("an address")));
    }
    let answer = send(&service().build(), request).await;
    answer.text.split(' ').nth(1).expect("the second word").to_owned()
}

#[tokio::test]
async fn only_trusted_peers_name_their_client() {
    assert_eq!(client_seen("10.0.0.1:5", Some("203.0.113.7"), None).await, "203.0.113.7");
    assert_eq!(client_seen("10.0.0.1:5", Some("::ffff:203.0.113.7"), None).await, "203.0.113.7");
    assert_eq!(client_seen("10.0.0.1:5", Some("nonsense"), None).await, "10.0.0.1");
    assert_eq!(client_seen("10.0.0.1:5", None, None).await, "10.0.0.1");
    assert_eq!(client_seen("198.51.100.9:5", Some("203.0.113.7"), None).await, "198.51.100.9");
    let given = Some("192.0.2.1");
    assert_eq!(client_seen("10.0.0.1:5", Some("203.0.113.7"), given).await, "192.0.2.1");
}

#[tokio::test]
async fn requests_are_counted_by_template() {
    let metrics = Metrics::new();
    let service = Service::new("test", Arc::clone(&metrics), SystemClock::shared());
    let app = service.routes(routes()).build();
    for (method, path) in [
        ("GET", "/nested/1"),
        ("GET", "/nested/2"),
        ("GET", "/nested/x"),
        ("GET", "/made-up-1"),
        ("GET", "/made-up-2"),
        ("BREW", "/nested/1"),
    ] {
        send(&app, request(method, path)).await;
    }
    let exposed = send(&app, request("GET", "/metrics")).await;
    assert_eq!(exposed.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let count = |method: &str, route: &str, status: &str| {
        let labels = format!(
            r#"http_requests_total{{method="{method}",route="{route}",status_code="{status}"}} "#
        );
        let line = exposed.text.lines().find_map(|line| line.strip_prefix(labels.as_str()));
        line.map(str::to_owned)
    };
    assert_eq!(count("GET", "/nested/{id}", "200").as_deref(), Some("2"));
    assert_eq!(count("GET", "/nested/{id}", "404").as_deref(), Some("1"));
    assert_eq!(count("GET", "unmatched", "404").as_deref(), Some("2"));
    assert_eq!(count("OTHER", "/nested/{id}", "405").as_deref(), Some("1"));
    assert!(!exposed.text.contains("made-up"));
    assert!(exposed.text.contains("http_request_duration_seconds_bucket"));
}

#[tokio::test]
async fn bodies_are_limited_by_the_services_own_limit() {
    let app = service().build();
    let body =
        |size: usize| Request::post("/raw").body(Body::from("x".repeat(size))).expect("a request");
    assert_eq!(send(&app, body(100)).await.status, 200);
    let refused = send(&app, body(101)).await;
    assert_eq!(refused.status, 413);
    assert_eq!(refused.json()["detail"], "The request body exceeds 100 bytes.");
}

#[tokio::test]
async fn probes_tell_life_readiness_and_health_apart() {
    let shutdown = CancellationToken::new();
    let checks = HealthChecks::new()
        .required("database", || async {
            Err(CheckFailure::caused_by("is away", "postgres://u:hunter2@db"))
        })
        .draining(shutdown.clone());
    let app = service().health(checks).build();
    assert_eq!(send(&app, request("GET", "/livez")).await.status, 200);
    assert_eq!(send(&app, request("GET", "/readyz")).await.status, 200);
    let health = send(&app, request("GET", "/health")).await;
    assert_eq!(health.status, 503);
    let body = health.json();
    assert_eq!((&body["status"], &body["service"]), (&json!("unavailable"), &json!("test")));
    assert_eq!(body["checks"][0]["name"], "database");
    assert_eq!(body["checks"][0]["message"], "is away");
    assert!(body["timestamp"].is_string() && !health.text.contains("hunter2"));
    shutdown.cancel();
    assert_eq!(send(&app, request("GET", "/readyz")).await.status, 503);
    assert_eq!(send(&app, request("GET", "/livez")).await.status, 200);
    assert_eq!(send(&service().build(), request("GET", "/health")).await.status, 200);
}

#[tokio::test]
async fn the_document_says_who_may_call_what_and_what_goes_wrong() {
    let document = serde_json::to_value(service().openapi()).expect("serializes");
    let info = &document["info"];
    assert_eq!(info["title"], "Marquis test");
    assert_eq!(info["license"]["identifier"], "MIT");
    assert!(info.get("contact").is_none(), "nobody else's: {info}");
    assert!(!info["description"].as_str().unwrap_or_default().contains("axum"), "{info}");
    let scheme = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")));
    let list = &document["paths"]["/things"]["get"];
    assert_eq!(list["security"], json!([{"bearer": []}]));
    let problem = json!({"$ref": "#/components/schemas/Problem"});
    for status in ["401", "403", "default"] {
        let content = &list["responses"][status]["content"]["application/problem+json"];
        assert_eq!(content["schema"], problem, "{status}");
    }
    let make = &document["paths"]["/things"]["post"];
    assert_eq!(make["security"], json!([{}]));
    assert_eq!(make["responses"]["409"]["content"]["application/problem+json"]["schema"], problem);
    assert!(make["responses"].get("401").is_none());
    let members = &document["components"]["schemas"]["Problem"]["properties"];
    for member in ["type", "title", "status", "detail", "instance", "errors", "traceId"] {
        assert!(members.get(member).is_some(), "{member} in {members}");
    }
}

#[tokio::test]
async fn the_documentation_works_behind_any_prefix() {
    let app = service().build();
    let redirect = send(&app, request("GET", "/docs")).await;
    assert_eq!(
        (redirect.status, &redirect.headers[header::LOCATION]),
        (StatusCode::PERMANENT_REDIRECT, &HeaderValue::from_static("docs/"))
    );
    let index = send(&app, request("GET", "/docs/")).await;
    assert_eq!(index.status, 200);
    assert!(index.text.contains("swagger-ui"), "{}", index.text);
    assert!(!index.text.contains("\"/") && !index.text.contains("http"), "{}", index.text);
    let start = send(&app, request("GET", "/docs/swagger-initializer.js")).await;
    assert!(start.text.contains("\"openapi.json\""), "{}", start.text);
    assert_eq!(send(&app, request("GET", "/docs/nothing.js")).await.status, 404);
    for (path, server) in [("/openapi.json", "."), ("/docs/openapi.json", "..")] {
        let document = send(&app, request("GET", path)).await.json();
        assert_eq!(document["servers"][0]["url"], "/api/v1", "what the gateway's pages try out");
        assert_eq!(document["servers"][1]["url"], server);
        assert!(document["paths"].get("/things").is_some());
    }
}

/// A log line and the trace id of the request it was logged in.
type Line = (String, Option<String>);

#[derive(Clone, Default)]
struct Logged(Arc<parking_lot::Mutex<Vec<Line>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Logged {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if *event.metadata().level() > tracing::Level::WARN {
            return;
        }
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn fmt::Debug| {
            text.push_str(&format!("{field}={value:?} "));
        });
        let trace_id = context::current().map(|request| request.trace.trace_id());
        self.0.lock().push((text, trace_id));
    }
}

#[tokio::test]
async fn the_cause_of_a_failure_is_logged_once_under_its_trace() {
    use tracing_subscriber::layer::SubscriberExt as _;

    let logged = Logged::default();
    let subscriber = tracing_subscriber::registry().with(logged.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    for (path, cause) in [
        ("/fails", "password=hunter2 in the connection string"),
        ("/panics", "the handler panicked: secret panic message"),
        ("/sleeps", "the request exceeded the service's time limit"),
    ] {
        logged.0.lock().clear();
        let answer = call("GET", path).await;
        let lines = logged.0.lock().clone();
        assert_eq!(lines.len(), 1, "{path}: {lines:?}");
        assert!(lines[0].0.contains(cause), "{path}: {lines:?}");
        let trace_id = answer.json()["traceId"].as_str().map(str::to_owned);
        assert_eq!(lines[0].1, trace_id, "{path}");
        assert!(!answer.text.contains(cause));
    }
    logged.0.lock().clear();
    call("GET", "/nowhere").await;
    call("POST", "/things").await;
    assert_eq!(*logged.0.lock(), [], "what clients do wrong is no warning");
}
