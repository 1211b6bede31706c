//! `/health`: the gateway and every service behind it in one document.
//!
//! 200 when all are well, 503 when one is not. Every service is asked at the same time and has
//! two seconds; the result is kept for half a second, so that asking costs nothing.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::answer;
use crate::body::{Body, ClientBody};
use crate::gate::Gate;
use crate::live::Live;
use crate::target::Target;
use crate::upstream::link::{self, Upload};
use crate::upstream::response::ResponseBody;
use crate::upstream::server::Lease;

const PATIENCE: Duration = Duration::from_secs(2);
const KEPT: Duration = Duration::from_millis(500);
/// A health document larger than this is not one.
const MAX_DOCUMENT: usize = 64 * 1024;

/// The last document.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(Instant, StatusCode, Arc<Value>)>>);

pub(crate) async fn answer(gate: &Gate, live: &Live) -> Response<Body> {
    let kept = live.health.0.lock().clone();
    if let Some((at, status, document)) = kept
        && at.elapsed() < KEPT
    {
        return answer::json(status, &*document);
    }
    let asked = live.services.iter().map(|(name, target)| async move {
        let (healthy, document) = tokio::time::timeout(PATIENCE, ask(target))
            .await
            .unwrap_or_else(|_| (false, json!({"error": "no answer in time"})));
        (name.clone(), healthy, document)
    });
    let mut services = Map::new();
    let mut all_healthy = true;
    for (name, healthy, document) in futures_util::future::join_all(asked).await {
        all_healthy &= healthy;
        let mut entry = Map::new();
        entry.insert("status".to_owned(), word(healthy).into());
        match document {
            Value::Object(fields) => {
                entry.extend(fields.into_iter().filter(|(name, _)| name != "status"))
            }
            Value::Null => {}
            other => drop(entry.insert("detail".to_owned(), other)),
        }
        services.insert(name, entry.into());
    }
    let status = if all_healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let connections = gate.status();
    let document = Arc::new(json!({
        "status": word(all_healthy),
        "gateway": {
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "connections": connections.active,
        },
        "services": services,
    }));
    *live.health.0.lock() = Some((Instant::now(), status, Arc::clone(&document)));
    answer::json(status, &*document)
}

const fn word(healthy: bool) -> &'static str {
    if healthy { "ok" } else { "unavailable" }
}

/// Whether the service is well, and its own document.
async fn ask(target: &Target) -> (bool, Value) {
    match target {
        Target::Local { router, .. } => {
            let Ok(request) = Request::get("/health").body(axum::body::Body::empty()) else {
                return (false, Value::Null);
            };
            let response = match router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let healthy = response.status().is_success();
            (healthy, document(Body::Local(response.into_body())).await)
        }
        Target::Remote(upstream) => {
            let servers = upstream.servers();
            let available = servers.iter().filter(|server| server.available()).count();
            let Some(server) = upstream.pick(&[]) else {
                return (false, json!({"error": "no server is known"}));
            };
            let due = Instant::now() + PATIENCE;
            let Ok(mut link) = link::connect(server.address, PATIENCE).await else {
                return (false, json!({"error": "no server can be reached"}));
            };
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, server.authority.clone());
            let mut upload = Upload::new(ClientBody::Empty);
            link.start(&Method::GET, "/health", &headers, &[], &upload);
            let answered = poll_fn(|cx| link.poll_answer(cx, &Method::GET, &mut upload, due)).await;
            let Ok(answer) = answered else {
                return (false, json!({"error": "no server answers"}));
            };
            let lease = Lease::new(server, 0);
            let body = ResponseBody::begin(
                link,
                upload,
                answer.framing,
                false,
                PATIENCE,
                Some(due),
                lease,
                Instant::now(),
            );
            let mut document = document(body).await;
            if let Value::Object(fields) = &mut document {
                fields.insert(
                    "instances".to_owned(),
                    json!({"known": servers.len(), "available": available}),
                );
            }
            (answer.status.is_success(), document)
        }
    }
}

async fn document(body: Body) -> Value {
    let collected = http_body_util::Limited::new(body, MAX_DOCUMENT).collect().await;
    collected
        .ok()
        .and_then(|collected| serde_json::from_slice(&collected.to_bytes()).ok())
        .unwrap_or(Value::Null)
}
