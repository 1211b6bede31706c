//! A server behind the gateway: echoes what it sees, and misbehaves on demand.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// An HTTP/1.1 server on a free port; it ends with the value.
pub struct Backend {
    pub address: SocketAddr,
    pub state: Arc<State>,
    stop: CancellationToken,
}

#[derive(Default)]
pub struct State {
    /// Requests seen, except health checks.
    pub hits: AtomicUsize,
    /// Connections accepted.
    pub connections: AtomicUsize,
    /// Status of `/readyz`; zero means 200.
    pub ready: AtomicUsize,
    /// Requests to `/hang` that wait.
    pub hanging: AtomicUsize,
    /// Lets them go.
    pub release: Notify,
    /// Closes each connection after its first answer without saying so.
    pub close_silently: AtomicBool,
}

impl Backend {
    pub async fn start(name: &str) -> Self {
        Self::start_at(name, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// On an address, for a server that comes back.
    pub async fn start_at(name: &str, address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("socket");
        socket.set_reuseaddr(true).expect("option");
        socket.bind(address).expect("bind");
        let listener = socket.listen(1_024).expect("listen");
        let address = listener.local_addr().expect("address");
        let state = Arc::new(State::default());
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, name.to_owned(), Arc::clone(&state), stop.clone()));
        Self { address, state, stop }
    }

    pub fn hits(&self) -> usize {
        self.state.hits.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Stops as if killed: listener and connections are gone at once.
    pub async fn kill(self) -> SocketAddr {
        let address = self.address;
        self.stop.cancel();
        // The port refuses once the listener is dropped.
        super::eventually("the listener is gone", || async move {
            tokio::net::TcpStream::connect(address).await.is_err()
        })
        .await;
        address
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: TcpListener, name: String, state: Arc<State>, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted.expect("accept").0,
        };
        state.connections.fetch_add(1, Ordering::SeqCst);
        let (name, state, stop) = (name.clone(), Arc::clone(&state), stop.clone());
        tokio::spawn(async move {
            let done = CancellationToken::new();
            let closing = done.clone();
            let service = service_fn(move |request| {
                let (name, state, done) = (name.clone(), Arc::clone(&state), done.clone());
                async move { answer(request, &name, &state, &done).await }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.max_buf_size(1 << 20);
            let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::select! {
                () = stop.cancelled() => {}
                () = closing.cancelled() => {}
                _ = connection => {}
            }
        });
    }
}

type Reply = Response<BoxBody<Bytes, Infallible>>;

fn full(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(text.into()).boxed());
    *response.status_mut() = status;
    response
}

/// The part of a query behind `name=`.
fn number(query: &str, name: &str) -> Option<usize> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

async fn answer(
    mut request: Request<Incoming>,
    name: &str,
    state: &State,
    close: &CancellationToken,
) -> Result<Reply, hyper::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    if path == "/readyz" {
        let status = u16::try_from(state.ready.load(Ordering::SeqCst)).expect("status");
        return Ok(full(StatusCode::from_u16(status.max(200)).expect("status"), "ok"));
    }
    state.hits.fetch_add(1, Ordering::SeqCst);
    if state.close_silently.load(Ordering::SeqCst) {
        let close = close.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            close.cancel();
        });
    }
    match path.as_str() {
        "/abort" => {
            close.cancel();
            std::future::pending().await
        }
        "/hang" => {
            state.hanging.fetch_add(1, Ordering::SeqCst);
            state.release.notified().await;
            state.hanging.fetch_sub(1, Ordering::SeqCst);
            Ok(full(StatusCode::OK, "released"))
        }
        "/status" => {
            let status = number(&query, "code").unwrap_or(500);
            let status = StatusCode::from_u16(u16::try_from(status).expect("status"));
            Ok(full(status.expect("status"), name.to_owned()))
        }
        "/text" => {
            let length = number(&query, "length").unwrap_or(10);
            let text: String = "The quick brown fox. ".chars().cycle().take(length).collect();
            let mut response = full(StatusCode::OK, text);
            let headers = response.headers_mut();
            headers.insert("content-type", "text/plain; charset=utf-8".parse().expect("value"));
            headers.insert("etag", "\"v1\"".parse().expect("value"));
            if query.contains("no-transform") {
                headers.insert("cache-control", "no-transform".parse().expect("value"));
            }
            if query.contains("encoded") {
                headers.insert("content-encoding", "gzip".parse().expect("value"));
            }
            Ok(response)
        }
        "/chunks" => {
            let count = number(&query, "count").unwrap_or(3);
            let stream = futures_util::stream::iter(0..count)
                .map(|index| Ok(Frame::data(Bytes::from(format!("chunk {index}\n")))));
            Ok(Response::new(BodyExt::boxed(StreamBody::new(stream))))
        }
        "/stall" => {
            let first = futures_util::stream::once(async { Ok(Frame::data("begin".into())) });
            let stream = first.chain(futures_util::stream::pending());
            // Streams of this type are not Sync; one lock makes them so.
            let body = SyncBody(std::sync::Mutex::new(Box::pin(stream)));
            Ok(Response::new(body.boxed()))
        }
        "/fields" => {
            let mut response = full(StatusCode::OK, "fields");
            let headers = response.headers_mut();
            for (name, value) in [
                ("connection", "x-hop, keep-alive"),
                ("x-hop", "1"),
                ("keep-alive", "timeout=5"),
                ("server", "backend/1.0"),
                ("x-powered-by", "magic"),
                ("x-frame-options", "DENY"),
                ("access-control-allow-origin", "*"),
            ] {
                headers.insert(
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                );
            }
            Ok(response)
        }
        "/ws" => Ok(websocket(&mut request)),
        "/ignore-body" => Ok(full(StatusCode::FORBIDDEN, "not reading that")),
        _ => echo(request, name).await,
    }
}

type Frames =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>;

struct SyncBody(std::sync::Mutex<Frames>);

impl http_body::Body for SyncBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().0.get_mut().expect("lock").as_mut().poll_next(cx)
    }
}

async fn echo(request: Request<Incoming>, name: &str) -> Result<Reply, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let headers: Vec<[String; 2]> = parts
        .headers
        .iter()
        .map(|(name, value)| [name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()])
        .collect();
    let document = json!({
        "server": name,
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "length": body.len(),
        "body": String::from_utf8_lossy(&body[..body.len().min(1_000)]),
    });
    let mut response = full(StatusCode::OK, document.to_string());
    if parts.method == Method::HEAD {
        *response.body_mut() = Full::new(Bytes::new()).boxed();
    }
    response.headers_mut().insert("content-type", "application/json".parse().expect("value"));
    Ok(response)
}

/// Accepts the handshake without looking at the key and sends back what it gets.
fn websocket(request: &mut Request<Incoming>) -> Reply {
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", "x")
        .body(Full::new(Bytes::new()).boxed())
        .expect("response")
}
