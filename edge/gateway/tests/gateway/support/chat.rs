//! A chat server as far as the gateway is concerned: sessions of Engine.IO that live on this
//! server only, polled or over a WebSocket. In process it is a router, otherwise it has a port.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

/// A chat server with a port; it ends with the value.
pub struct Chat {
    pub address: SocketAddr,
    pub state: Arc<ChatState>,
    stop: CancellationToken,
}

pub struct ChatState {
    name: &'static str,
    sessions: Mutex<HashSet<String>>,
    /// Handshakes by polling.
    pub opened: AtomicUsize,
    /// Bytes that WebSockets have taken from a flood.
    pub flooded: AtomicUsize,
}

impl ChatState {
    pub fn new(name: &'static str) -> Arc<Self> {
        let (sessions, zero) = (Mutex::default(), AtomicUsize::default);
        Arc::new(Self { name, sessions, opened: zero(), flooded: zero() })
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let state = Arc::clone(self);
        Router::new().fallback(move |request: Request| {
            let state = Arc::clone(&state);
            async move { state.answer(request).await }
        })
    }

    async fn answer(self: Arc<Self>, mut request: Request) -> Response {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let reply = |status: StatusCode, text: String| {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = status;
            response
        };
        if let Some(id) = parameter("sid")
            && !self.sessions.lock().expect("lock").contains(id)
        {
            let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
            return reply(StatusCode::BAD_REQUEST, unknown.to_owned());
        }
        if parameter("transport") == Some("websocket") {
            return self.upgrade(&mut request, parameter("flood").is_some());
        }
        if let Some(hold) = parameter("hold") {
            tokio::time::sleep(Duration::from_millis(hold.parse().expect("number"))).await;
        }
        if parameter("sid").is_none() {
            let count = self.opened.fetch_add(1, Ordering::SeqCst);
            let id = format!("{}-{count}", self.name);
            self.sessions.lock().expect("lock").insert(id.clone());
            let open =
                format!(r#"0{{"sid":"{id}","upgrades":["websocket"],"pingInterval":25000}}"#);
            return reply(StatusCode::OK, open);
        }
        if request.method() == Method::POST {
            let body = axum::body::to_bytes(request.into_body(), 1 << 21).await.expect("body");
            return reply(StatusCode::OK, format!("ok {} {}", self.name, body.len()));
        }
        reply(StatusCode::OK, format!("4from {}", self.name))
    }

    /// Answers every message with itself, or sends without end.
    fn upgrade(self: Arc<Self>, request: &mut Request, flood: bool) -> Response {
        let accept = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
        assert_eq!(request.headers()["upgrade"], "websocket");
        let upgrade = hyper::upgrade::on(request);
        tokio::spawn(async move {
            let upgraded = TokioIo::new(upgrade.await.expect("upgraded"));
            let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
            if flood {
                // In two tasks, as servers do.
                let (mut write, mut read) = socket.split();
                tokio::spawn(async move { while let Some(Ok(_)) = read.next().await {} });
                let piece = Message::binary(vec![7; 10_000]);
                while write.send(piece.clone()).await.is_ok() {
                    self.flooded.fetch_add(10_000, Ordering::SeqCst);
                }
                return;
            }
            let hello = format!("from {}", self.name);
            let _ = socket.send(Message::text(hello)).await;
            while let Some(Ok(message)) = socket.next().await {
                if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err()
                {
                    return;
                }
            }
        });
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-accept", accept)
            .body(Body::empty())
            .expect("response")
    }
}

impl Chat {
    pub async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let (state, stop) = (ChatState::new(name), CancellationToken::new());
        let (router, stopping) = (state.router(), stop.clone());
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = stopping.cancelled() => return,
                    accepted = listener.accept() => accepted.expect("accept").0,
                };
                let (router, stop) = (router.clone(), stopping.clone());
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
                        .with_upgrades();
                    tokio::select! {
                        () = stop.cancelled() => {}
                        _ = connection => {}
                    }
                });
            }
        });
        Self { address, state, stop }
    }

    /// Stops as if killed.
    pub async fn kill(self) {
        let address = self.address;
        self.stop.cancel();
        super::eventually("the listener is gone", || async move {
            tokio::net::TcpStream::connect(address).await.is_err()
        })
        .await;
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
