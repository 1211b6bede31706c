//! Which server a Socket.IO session lives on. Long polling spreads one session over many
//! requests, and only the server that opened it can answer them.
//!
//! The gateway learns the session's id from the answer to the handshake (Engine.IO protocol 4:
//! the packet `0{"sid":"..."}`), and tells the other gateways through the shared cache. A session
//! nobody knows of goes to any server, which says that it is unknown; then the client begins
//! anew. So nothing here needs to be right, it only has to be right nearly always.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use marquis_cluster::Cache;
use marquis_config::sections::gateway::SocketIo;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Longest session id that is one. Servers make them of 16 to 20 characters.
const MAX_ID: usize = 64;
/// Beginning of keys in the shared cache.
const KEY: &str = "gateway:socketio:";
/// Ends a packet in a payload of several.
const SEPARATOR: u8 = 0x1e;

/// The sessions this gateway has seen lately.
#[derive(Debug)]
pub(crate) struct Sessions {
    known: Mutex<Generations>,
    shared: Arc<dyn Cache>,
}

/// Two generations: what is used moves into the young one; when that is full or as old as memory
/// reaches, it becomes the old one and what was old is forgotten.
#[derive(Debug)]
struct Generations {
    young: HashMap<Box<str>, Home>,
    old: HashMap<Box<str>, Home>,
    since: Instant,
}

/// Where a session lives.
#[derive(Debug, Clone, Copy)]
struct Home {
    server: SocketAddr,
    /// When the other gateways were last told.
    shared: Instant,
}

impl Sessions {
    pub(crate) fn new(shared: Arc<dyn Cache>) -> Self {
        let since = Instant::now();
        let known = Generations { young: HashMap::new(), old: HashMap::new(), since };
        Self { known: Mutex::new(known), shared }
    }

    /// The address of the server that a session lives on, as far as anybody knows.
    pub(crate) async fn find(&self, id: &str, settings: &SocketIo) -> Option<SocketAddr> {
        let memory = settings.session_memory.duration();
        let known = self.known.lock().find(id, Instant::now(), memory, settings.sessions);
        if let Some(home) = known {
            if home.shared.elapsed() >= memory / 2 {
                self.learn(id, home.server, settings).await;
            }
            return Some(home.server);
        }
        let found = match self.shared.get(&key(id)).await {
            Ok(found) => found?,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "session not looked up");
                return None;
            }
        };
        let server = std::str::from_utf8(&found).ok()?.parse().ok()?;
        // When the one who knows has told is not known: soon enough again.
        self.keep(id, server, settings);
        Some(server)
    }

    /// A session was opened, or is still in use.
    pub(crate) async fn learn(&self, id: &str, server: SocketAddr, settings: &SocketIo) {
        self.keep(id, server, settings);
        let memory = settings.session_memory.duration();
        let value = Bytes::from(server.to_string());
        if let Err(error) = self.shared.set(&key(id), value, memory).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "session not shared");
        }
    }

    fn keep(&self, id: &str, server: SocketAddr, settings: &SocketIo) {
        let home = Home { server, shared: Instant::now() };
        let memory = settings.session_memory.duration();
        self.known.lock().insert(id.into(), home, memory, settings.sessions);
    }

    /// The session's server is gone, and the session with it.
    pub(crate) async fn forget(&self, id: &str) {
        self.known.lock().remove(id);
        if let Err(error) = self.shared.remove(&key(id)).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "session not forgotten");
        }
    }
}

impl Generations {
    fn turn(&mut self, now: Instant, memory: Duration, most: usize) {
        let age = now.saturating_duration_since(self.since);
        if age >= memory || self.young.len() >= (most / 2).max(1) {
            // Nothing of a generation that slept through two is still remembered.
            let young = std::mem::take(&mut self.young);
            self.old = if age >= memory * 2 { HashMap::new() } else { young };
            self.since = now;
        }
    }

    fn find(&mut self, id: &str, now: Instant, memory: Duration, most: usize) -> Option<Home> {
        self.turn(now, memory, most);
        if let Some(home) = self.young.get(id) {
            return Some(*home);
        }
        let (id, home) = self.old.remove_entry(id)?;
        self.young.insert(id, home);
        Some(home)
    }

    fn insert(&mut self, id: Box<str>, home: Home, memory: Duration, most: usize) {
        self.turn(home.shared, memory, most);
        self.old.remove(&id);
        self.young.insert(id, home);
    }

    fn remove(&mut self, id: &str) {
        self.young.remove(id);
        self.old.remove(id);
    }
}

fn key(id: &str) -> String {
    [KEY, id].concat()
}

/// What a request under `/socket.io/` says of its session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// It opens one by polling: the answer will name it.
    Handshake,
    /// It belongs to this one.
    Session(&'a str),
    /// Any server will do: a WebSocket without a session opens its own.
    Any,
}

impl<'a> Asked<'a> {
    pub(crate) fn by(query: Option<&'a str>) -> Self {
        let parameter = |name: &str| {
            query?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        match (parameter("sid"), parameter("transport")) {
            (Some(id), _) if is_id(id) => Self::Session(id),
            (Some(_), _) => Self::Any,
            (None, Some("polling")) => Self::Handshake,
            (None, _) => Self::Any,
        }
    }
}

fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(fits)
}

/// The id in the answer to a handshake.
pub(crate) fn opened(payload: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Open {
        sid: String,
    }
    let first = payload.split(|byte| *byte == SEPARATOR).next()?;
    let open: Open = serde_json::from_slice(first.strip_prefix(b"0")?).ok()?;
    is_id(&open.sid).then_some(open.sid)
}

#[cfg(test)]
mod tests {
    use marquis_cluster::Cluster;
    use marquis_config::Span;
    use marquis_kernel::SystemClock;

    use super::*;

    fn settings(sessions: usize) -> SocketIo {
        let poll_timeout = Span::from_secs(60);
        SocketIo { poll_timeout, body: 1, session_memory: Span::from_secs(120), sessions }
    }

    fn server(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn the_query_tells() {
        for (query, asked) in [
            (None, Asked::Any),
            (Some("EIO=4&transport=polling&t=Pq1"), Asked::Handshake),
            (Some("EIO=4&transport=websocket"), Asked::Any),
            (
                Some("EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAC"),
                Asked::Session("lv_VI97HAXpY6yYWAAAC"),
            ),
            (Some("sid=a-B&transport=websocket"), Asked::Session("a-B")),
            (Some("transport=polling&sid="), Asked::Any),
            (Some("transport=polling&sid=a%20b"), Asked::Any),
            (Some("transport=polling&xsid=1"), Asked::Handshake),
        ] {
            assert_eq!(Asked::by(query), asked, "{query:?}");
        }
        let long = format!("sid={}", "a".repeat(MAX_ID + 1));
        assert_eq!(Asked::by(Some(&long)), Asked::Any);
    }

    #[test]
    fn the_first_packet_names_the_session() {
        let open = |text: &str| opened(text.as_bytes());
        let payload =
            r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000}"#;
        assert_eq!(open(payload).as_deref(), Some("lv_VI97HAXpY6yYWAAAC"));
        assert_eq!(open("0{\"sid\":\"x\"}\u{1e}4{\"sid\":\"y\"}").as_deref(), Some("x"));
        for no in [
            "",
            "0",
            "0{}",
            "4{\"sid\":\"x\"}",
            "{\"sid\":\"x\"}",
            "0{\"sid\":\"a b\"}",
            "0{\"sid\":1}",
        ] {
            assert_eq!(open(no), None, "{no}");
        }
    }

    #[tokio::test]
    async fn sessions_are_shared_and_forgotten() {
        let cluster = Cluster::memory(SystemClock::shared());
        let one = Sessions::new(Arc::clone(&cluster.cache));
        let other = Sessions::new(Arc::clone(&cluster.cache));
        let settings = settings(100);
        one.learn("a", server(1), &settings).await;
        assert_eq!(one.find("a", &settings).await, Some(server(1)));
        assert_eq!(other.find("a", &settings).await, Some(server(1)));
        assert_eq!(other.find("b", &settings).await, None);
        one.forget("a").await;
        assert_eq!(one.find("a", &settings).await, None);
    }

    #[tokio::test]
    async fn what_is_used_is_remembered_and_the_rest_is_not() {
        let cluster = Cluster::memory(SystemClock::shared());
        let sessions = Sessions::new(Arc::clone(&cluster.cache));
        for id in ["used", "left"] {
            sessions.keep(id, server(1), &settings(100));
        }
        let mut known = sessions.known.lock();
        let (memory, mut now) = (Duration::from_secs(120), Instant::now());
        for _ in 0..10 {
            now += Duration::from_secs(100);
            let home = known.find("used", now, memory, 100).expect("still known");
            assert_eq!(home.server, server(1));
        }
        assert!(known.find("left", now, memory, 100).is_none());
        assert!(known.find("used", now + memory * 3, memory, 100).is_none());
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let cluster = Cluster::memory(SystemClock::shared());
        let sessions = Sessions::new(Arc::clone(&cluster.cache));
        for index in 0..1_000 {
            sessions.keep(&index.to_string(), server(1), &settings(100));
        }
        let known = sessions.known.lock();
        assert!(known.young.len() + known.old.len() <= 100);
        assert!(known.young.contains_key("999"));
    }
}
