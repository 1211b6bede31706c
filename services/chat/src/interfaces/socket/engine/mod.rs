//! An Engine.IO 4 server (https://socket.io/docs/v4/engine-io-protocol/): sessions over
//! HTTP long-polling and WebSocket, and the change from one to the other.
//!
//! Written for this service, because at rest a session takes a few kilobytes here, all its
//! queues are bounded in bytes, and an upgrade that is begun and not finished leaves the
//! session as it was.
//!
//! What always holds: a session's packets are handled one after the other; a session ends
//! exactly once; what one client makes the server keep is bounded by [`EngineSettings`].

mod payload;
mod polling;
mod session;
mod websocket;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use marquis_kernel::random;
use parking_lot::RwLock;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use session::{Ending, Session, Sid};

/// Where the service is mounted.
pub const PATH: &str = "/socket.io/";

/// Limits and intervals.
#[derive(Debug, Clone, Copy)]
pub struct EngineSettings {
    /// How often a silent client is asked whether it is there.
    pub ping_interval: Duration,
    /// How long its answer may take.
    pub ping_timeout: Duration,
    /// How long a session may exist without [`Session::admitted`].
    pub connect_timeout: Duration,
    /// How long an upgrade may take.
    pub upgrade_timeout: Duration,
    /// Largest packet and largest payload from a client, in bytes.
    pub max_packet: usize,
    /// Most bytes that wait for a client.
    pub max_backlog: usize,
}

/// What stands above a session. Calls come one after the other, except `ended`.
pub trait Peer: Send + Sync + 'static {
    /// A text message. The session is handled on when the future, if any, is done.
    fn text(self: Arc<Self>, text: &str) -> Option<BoxFuture<'static, ()>>;

    /// A binary message.
    fn binary(self: Arc<Self>, bytes: Bytes) -> Option<BoxFuture<'static, ()>>;

    /// The client has answered a ping.
    fn alive(self: Arc<Self>);

    /// The session is over. Nothing is called after this.
    fn ended(self: Arc<Self>, why: Ending);
}

/// Who makes peers.
pub trait Application: Send + Sync + 'static {
    /// A session has been opened by a request with these fields.
    fn open(&self, session: &Arc<Session>, headers: &HeaderMap) -> Arc<dyn Peer>;
}

/// All sessions of this process.
pub struct Engine {
    settings: EngineSettings,
    sessions: RwLock<HashMap<Sid, Arc<Session>>>,
    application: Arc<dyn Application>,
    websockets: Box<dyn Fn(i64) + Send + Sync>,
    closing: CancellationToken,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("settings", &self.settings)
            .field("sessions", &self.sessions.read().len())
            .finish_non_exhaustive()
    }
}

/// Why a request is not served; numbers and texts as the reference server has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    Forbidden,
    UnsupportedVersion,
    TooLarge,
}

impl Refusal {
    fn response(self) -> Response {
        let (status, code, message) = match self {
            Self::UnknownTransport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Self::UnknownSession => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Self::BadMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Self::Forbidden => (StatusCode::SERVICE_UNAVAILABLE, 4, "Forbidden"),
            Self::UnsupportedVersion => {
                (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3, "Bad request"),
        };
        (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
    }
}

/// What a request's query says.
#[derive(Debug, Default)]
struct Asked<'a> {
    version: Option<&'a str>,
    transport: Option<&'a str>,
    session: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(query: &'a str) -> Self {
        let mut asked = Self::default();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("EIO", value)) => asked.version = Some(value),
                Some(("transport", value)) => asked.transport = Some(value),
                Some(("sid", value)) => asked.session = Some(value),
                _ => {}
            }
        }
        asked
    }
}

impl Engine {
    /// An engine without sessions. `websockets` is told `1` and `-1` as WebSockets open and close.
    pub fn new(
        settings: EngineSettings,
        application: Arc<dyn Application>,
        websockets: Box<dyn Fn(i64) + Send + Sync>,
    ) -> Arc<Self> {
        let (sessions, closing) = (RwLock::default(), CancellationToken::new());
        Arc::new(Self { settings, sessions, application, websockets, closing })
    }

    /// The routes.
    pub fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route(PATH, any(serve))
            .route(PATH.trim_end_matches('/'), any(serve))
            .with_state(Arc::clone(self))
    }

    /// Sends pings and ends what has gone silent, until `stop`.
    pub async fn keep_time(&self, stop: &CancellationToken) {
        let settings = &self.settings;
        let shortest = settings.ping_interval.min(settings.ping_timeout);
        let tick = (shortest / 20).clamp(Duration::from_millis(5), Duration::from_millis(500));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(tick) => {}
            }
            let now = Instant::now();
            let due: Vec<Arc<Session>> = {
                let sessions = self.sessions.read();
                sessions.values().filter(|session| session.is_due(now)).map(Arc::clone).collect()
            };
            for session in due {
                session.on_time(now, settings);
            }
        }
    }

    /// Lets nobody in any more and ends all sessions, spread over `time`. Clients connect
    /// again by themselves, elsewhere.
    pub async fn drain(&self, time: Duration) {
        self.closing.cancel();
        let sessions: Vec<Arc<Session>> = self.sessions.read().values().map(Arc::clone).collect();
        let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX).max(1);
        let begun = Instant::now();
        for (nth, session) in (0_u32..).zip(sessions) {
            session.end(Ending::ServerStops);
            let due = time.mul_f64(f64::from(nth + 1) / f64::from(count));
            let ahead = due.saturating_sub(begun.elapsed());
            // Not a timer for each of thousands.
            if ahead > Duration::from_millis(5) {
                tokio::time::sleep(ahead).await;
            }
        }
        let late: Vec<Arc<Session>> = self.sessions.read().values().map(Arc::clone).collect();
        late.iter().for_each(|session| session.end(Ending::ServerStops));
    }

    /// How many sessions there are.
    pub fn count(&self) -> usize {
        self.sessions.read().len()
    }

    fn find(&self, sid: &str) -> Result<Arc<Session>, Refusal> {
        let sid = Sid::parse(sid).ok_or(Refusal::UnknownSession)?;
        self.sessions.read().get(&sid).map(Arc::clone).ok_or(Refusal::UnknownSession)
    }

    fn open(self: &Arc<Self>, websocket: bool, headers: &HeaderMap) -> (Arc<Session>, Bytes) {
        let sid = Sid::random(random::bytes());
        let session = Session::new(sid, websocket, &self.settings, Arc::downgrade(self));
        self.sessions.write().insert(sid, Arc::clone(&session));
        session.attach(self.application.open(&session, headers));
        (session, self.handshake(sid, websocket))
    }

    fn forget(&self, sid: Sid) {
        self.sessions.write().remove(&sid);
    }

    fn handshake(&self, sid: Sid, websocket: bool) -> Bytes {
        let upgrades: &[&str] = if websocket { &[] } else { &["websocket"] };
        let text = json!({
            "sid": sid.as_str(), "upgrades": upgrades,
            "pingInterval": self.settings.ping_interval.as_millis(),
            "pingTimeout": self.settings.ping_timeout.as_millis(),
            "maxPayload": self.settings.max_packet,
        });
        Bytes::from(format!("0{text}"))
    }
}

async fn serve(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    route(&engine, request).await.unwrap_or_else(Refusal::response)
}

async fn route(engine: &Arc<Engine>, request: Request) -> Result<Response, Refusal> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = Asked::of(&query);
    let websocket = match asked.transport {
        Some("polling") => false,
        Some("websocket") => true,
        _ => return Err(Refusal::UnknownTransport),
    };
    if asked.version != Some("4") {
        return Err(Refusal::UnsupportedVersion);
    }
    match (asked.session, websocket) {
        (None, _) if request.method() != Method::GET => Err(Refusal::BadMethod),
        (None, _) if engine.closing.is_cancelled() => Err(Refusal::Forbidden),
        (None, true) => websocket::open(engine, request),
        (None, false) => {
            let (_, handshake) = engine.open(false, request.headers());
            Ok(text(Body::from(handshake)))
        }
        (Some(sid), true) => websocket::upgrade(engine, &engine.find(sid)?, request),
        (Some(sid), false) => {
            let session = engine.find(sid)?;
            match *request.method() {
                Method::GET => polling::poll(&session).await,
                Method::POST => {
                    polling::post(&session, request.into_body(), engine.settings.max_packet).await
                }
                _ => Err(Refusal::BadRequest),
            }
        }
    }
}

/// An answer of long-polling.
fn text(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("text/plain; charset=UTF-8");
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
