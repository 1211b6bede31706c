//! The client against real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use marquis_telemetry::context::RequestContext;
use marquis_telemetry::trace::TraceContext;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

struct Instance {
    base: String,
    task: JoinHandle<()>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn instance(router: Router) -> Instance {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("serves");
    });
    Instance { base: format!("http://{address}/"), task }
}

/// A base URL where nothing listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn client<B: AsRef<str>>(bases: impl IntoIterator<Item = B>) -> HttpClient {
    let limits = ClientLimits {
        attempt: Duration::from_secs(2),
        total: Duration::from_secs(6),
        response_size: 1_000,
        ..ClientLimits::default()
    };
    HttpClient::new(bases, limits).expect("valid bases")
}

#[test]
fn base_urls_are_checked() {
    for base in ["http://auth:3001", "http://10.0.0.1", "http://[::1]:80/prefix/"] {
        assert!(base_url(base).is_ok(), "{base}");
    }
    for base in
        ["", "auth:3001", "/auth", "https://auth", "http://", "http://u:p@auth", "http://a?b"]
    {
        assert!(base_url(base).is_err(), "{base}");
    }
    assert!(HttpClient::new(Vec::<String>::new(), ClientLimits::default()).is_err());
}

#[tokio::test]
async fn json_goes_out_and_comes_back_with_the_trace() {
    let echo = post(async |headers: HeaderMap, body: axum::Json<Value>| {
        let text =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        axum::Json(json!({
            "body": body.0, "trace": text("traceparent"), "authorization": text("authorization"),
        }))
    });
    let server = instance(Router::new().route("/echo", echo)).await;
    let client = client([&server.base]);
    let context = RequestContext::new("test", TraceContext::root());
    let trace_id = context.trace.trace_id();
    let call = Call::new(Method::POST, "/echo").json(&json!({"a": 1})).expect("JSON");
    let call = call.bearer(Secret::new("abc"));
    let answer = context::scope(context, client.call(&call)).await.expect("answers");
    let echoed: Value = answer.json().expect("JSON");
    assert_eq!(echoed["body"], json!({"a": 1}));
    assert_eq!(echoed["authorization"], "Bearer abc");
    let parent = TraceContext::parse(echoed["trace"].as_str().expect("a trace")).expect("valid");
    assert_eq!(parent.trace_id(), trace_id);
    assert!(!format!("{call:?}").contains("abc"));
}

fn counting(counter: &Arc<AtomicUsize>, status: StatusCode) -> Router {
    let counter = Arc::clone(counter);
    let answer = async move || {
        counter.fetch_add(1, Ordering::SeqCst);
        (status, axum::Json(json!("answer")))
    };
    Router::new().route("/", get(answer.clone()).post(answer))
}

#[tokio::test]
async fn another_instance_is_tried_and_remembered() {
    let counter = Arc::new(AtomicUsize::new(0));
    let alive = instance(counting(&counter, StatusCode::OK)).await;
    let client = client([nobody().await, alive.base.clone()]);
    for _ in 0..3 {
        assert_eq!(client.get_json::<String>("/").await.expect("answers"), "answer");
    }
    // Nothing was sent to the dead one, so even what must happen once may go on.
    assert_eq!(client.post_json::<String>("/", &json!({})).await.expect("answers"), "answer");
    assert_eq!(counter.load(Ordering::SeqCst), 4);
    assert_eq!(client.preferred.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_was_sent_is_repeated_only_when_that_does_no_harm() {
    let failed = Arc::new(AtomicUsize::new(0));
    let failing = instance(counting(&failed, StatusCode::SERVICE_UNAVAILABLE)).await;
    let answered = Arc::new(AtomicUsize::new(0));
    let alive = instance(counting(&answered, StatusCode::OK)).await;
    let bases = [&failing.base, &alive.base];

    let refused =
        client(bases).post_json::<String>("/", &json!({})).await.expect_err("not repeated");
    assert!(matches!(refused, ClientError::Status(StatusCode::SERVICE_UNAVAILABLE)), "{refused:?}");
    assert_eq!((failed.load(Ordering::SeqCst), answered.load(Ordering::SeqCst)), (1, 0));

    let call = Call::new(Method::POST, "/").repeatable();
    assert_eq!(client(bases).call(&call).await.expect("answers").status, 200);
    assert_eq!(client(bases).get_json::<String>("/").await.expect("answers"), "answer");
    assert_eq!((failed.load(Ordering::SeqCst), answered.load(Ordering::SeqCst)), (3, 2));
}

#[tokio::test]
async fn every_failure_ends_in_time_and_has_a_name() {
    let down = client([nobody().await]).get_json::<Value>("/").await.expect_err("down");
    assert!(matches!(down, ClientError::Unreachable(_)), "{down:?}");

    let routes = Router::new()
        .route("/slow", get(async || std::future::pending::<()>().await))
        .route("/large", get(async || "x".repeat(1_001)))
        .route("/text", get(async || "no JSON"))
        .route("/redirect", get(async || axum::response::Redirect::to("/text")));
    let server = instance(routes).await;
    let client = client([&server.base]);
    let slow = client.get_json::<Value>("/slow").await.expect_err("slow");
    assert!(matches!(slow, ClientError::Timeout), "{slow:?}");
    let large = client.get_json::<Value>("/large").await.expect_err("large");
    assert!(matches!(large, ClientError::TooLarge(1_000)), "{large:?}");
    let text = client.get_json::<Value>("/text").await.expect_err("text");
    assert!(matches!(text, ClientError::Decode(_)), "{text:?}");
    let redirect = client.get_json::<Value>("/redirect").await.expect_err("a redirect");
    assert!(matches!(redirect, ClientError::Status(StatusCode::SEE_OTHER)), "{redirect:?}");
    let form = client.get_json::<Value>("/a b").await.expect_err("no URL");
    assert!(matches!(form, ClientError::Request(_)), "{form:?}");
}

#[tokio::test]
async fn a_broken_connection_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let breaks = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("accepts");
        stream.readable().await.expect("readable");
    });
    let broken = client([&base]).post_json::<Value>("/", &json!({})).await.expect_err("broken");
    assert!(matches!(broken, ClientError::Broken(_)), "{broken:?}");
    breaks.await.expect("ends");
}
