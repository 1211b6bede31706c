//! One client: says who it is, asks for things, and leaves.

mod serving;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use marquis_authz::bearer_token;
use marquis_contracts::identity::{Principal, TokenVerifier, VerifyError};
use marquis_kernel::random;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::clients::Clients;
use super::engine::{Ending, Peer, Session};
use super::protocol::{Kind, Packet, ROOT, answer, connected, refused};
use super::requests::Request;
use crate::application::ChatError;
use crate::application::delivery::{Refused, Seat};
use crate::application::limits::Counted;
use crate::application::ports::{Outlet, StoreError};
use crate::domain::PersonId;

/// One client.
pub(super) struct Connection {
    clients: Arc<Clients>,
    session: Arc<Session>,
    state: Mutex<State>,
    /// One replay at a time; the last number that one was asked for.
    replays: tokio::sync::Mutex<Option<i64>>,
    /// Replays that the client has asked for and that are not over.
    asked: AtomicU32,
}

struct State {
    standing: Standing,
    /// From the handshake's `Authorization`, until it is used.
    header: Option<Box<str>>,
    /// A packet whose attachments are still to come, and how many.
    incomplete: Option<(Box<str>, u32)>,
}

enum Standing {
    /// It has not said who it is.
    Stranger,
    /// It is being let in.
    Entering,
    Joined(Arc<Joined>),
    /// It has left, and may come again.
    Left,
    /// There is no session any more.
    Gone,
}

/// What is known of a client that was let in.
struct Joined {
    person: PersonId,
    name: Arc<str>,
    seat: Seat,
    token: Mutex<Token>,
}

#[derive(Clone)]
struct Token {
    principal: Arc<Principal>,
    /// Kept only for a verifier that cannot do without: it is the largest thing a client has.
    text: Option<Arc<str>>,
}

impl Token {
    fn new(verifier: &dyn TokenVerifier, principal: Arc<Principal>, text: &str) -> Self {
        let text = verifier.recheck(&principal).is_none().then(|| Arc::from(text));
        Self { principal, text }
    }
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    token: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(
        clients: Arc<Clients>,
        session: Arc<Session>,
        headers: &HeaderMap,
    ) -> Arc<Self> {
        let header = bearer_token(headers).ok().flatten().map(Box::from);
        let state = State { standing: Standing::Stranger, header, incomplete: None };
        let (state, replays) = (Mutex::new(state), tokio::sync::Mutex::new(None));
        Arc::new(Self { clients, session, state, replays, asked: AtomicU32::new(0) })
    }

    fn joined(&self) -> Option<Arc<Joined>> {
        match &self.state.lock().standing {
            Standing::Joined(joined) => Some(Arc::clone(joined)),
            _ => None,
        }
    }

    fn outlet(&self) -> Arc<dyn Outlet> {
        Arc::clone(&self.session) as _
    }

    fn packet(self: Arc<Self>, text: &str) -> Option<BoxFuture<'static, ()>> {
        let Ok(packet) = Packet::parse(text) else {
            self.session.end(Ending::Malformed);
            return None;
        };
        if packet.attachments > 0 {
            self.state.lock().incomplete = Some((Box::from(text), packet.attachments));
            return None;
        }
        self.complete(&packet)
    }

    fn complete(self: Arc<Self>, packet: &Packet<'_>) -> Option<BoxFuture<'static, ()>> {
        match packet.kind {
            Kind::Connect if packet.namespace == ROOT => self.connect(packet.data),
            Kind::Connect => {
                let error = json!({ "message": "Invalid namespace" });
                self.session.send(&[refused(packet.namespace, &error)]);
                None
            }
            Kind::Disconnect if packet.namespace == ROOT => {
                self.disconnect();
                None
            }
            Kind::Event if packet.namespace == ROOT => self.event(packet),
            Kind::Disconnect | Kind::Event | Kind::Answer => None,
        }
    }

    fn connect(self: Arc<Self>, data: &str) -> Option<BoxFuture<'static, ()>> {
        let data = if data.is_empty() { "{}" } else { data };
        let given = match serde_json::from_str::<Auth>(data) {
            Ok(auth) => auth.token,
            // JSON of another shape is no token.
            Err(error) if error.is_data() => Some(String::new()),
            Err(_) => {
                self.session.end(Ending::Malformed);
                return None;
            }
        };
        let header = {
            let mut state = self.state.lock();
            if !matches!(state.standing, Standing::Stranger | Standing::Left) {
                return None;
            }
            state.standing = Standing::Entering;
            state.header.take()
        };
        let token = given.or_else(|| header.map(String::from)).filter(|token| !token.is_empty());
        Some(Box::pin(self.enter(token)))
    }

    async fn enter(self: Arc<Self>, token: Option<String>) {
        match self.admit(token).await {
            Ok(joined) => {
                let mut state = self.state.lock();
                if matches!(state.standing, Standing::Gone) {
                    // It left in the meantime.
                    drop(state);
                    return drop(joined);
                }
                state.standing = Standing::Joined(Arc::new(joined));
                // Under the lock: whoever ends the session takes it out afterwards.
                self.clients.enter(self.session.sid(), Arc::clone(&self));
                drop(state);
                self.session.admitted(true);
                // It is live once it has had the chance to ask for what it missed.
                self.session.settle();
            }
            Err(refusal) => {
                {
                    let mut state = self.state.lock();
                    if matches!(state.standing, Standing::Entering) {
                        state.standing = Standing::Stranger;
                    }
                }
                match refusal {
                    Some(error) => {
                        self.session.send(&[refused(ROOT, &error)]);
                    }
                    // Nothing is wrong with the client: it comes again by itself.
                    None => self.session.end(Ending::Dismissed),
                }
            }
        }
    }

    /// Lets a client in. The error is what it is told, or nothing when it should try again.
    async fn admit(&self, token: Option<String>) -> Result<Joined, Option<Value>> {
        let unauthorized = || Some(json!({ "message": "Unauthorized" }));
        let token = token.ok_or_else(unauthorized)?;
        let principal = match self.clients.verifier.verify(&token).await {
            Ok(principal) => principal,
            Err(VerifyError::Invalid(_)) => return Err(unauthorized()),
            Err(VerifyError::Unavailable(_)) => return Err(None),
        };
        // Verifying forgives other machines' clocks some seconds; a connection ends to the
        // second, and must not be let in again to end again.
        if principal.expires_at <= self.clients.clock.unix() {
            return Err(unauthorized());
        }
        let person = PersonId::from_uuid(principal.user_id.uuid());
        match self.clients.limits.take(person, Counted::Connections).await {
            Ok(()) => {}
            Err(ChatError::TooMuch { retry_after }) => {
                let data = json!({ "retryAfter": retry_after.as_secs_f64() });
                return Err(Some(json!({ "message": "Too many connections", "data": data })));
            }
            Err(_) => return Err(None),
        }
        let name = self.clients.names.one(person).await.map_err(|_| None)?;
        let name = name.ok_or_else(unauthorized)?;
        let sid = URL_SAFE_NO_PAD.encode(random::bytes::<15>());
        let (registry, most) = (self.clients.post.registry(), self.clients.settings.max_sockets);
        let seat = registry.enter(person, self.outlet(), most, &[connected(&sid)]).await;
        let seat = seat.map_err(|refused| match refused {
            Refused::TooMany => Some(json!({ "message": "Too many connections" })),
            Refused::Store(StoreError::Erased) => unauthorized(),
            Refused::Store(_) => None,
        })?;
        let token = Token::new(&*self.clients.verifier, principal, &token);
        Ok(Joined { person, name, seat, token: Mutex::new(token) })
    }

    fn disconnect(&self) {
        let before = {
            let mut state = self.state.lock();
            match &state.standing {
                Standing::Joined(_) => std::mem::replace(&mut state.standing, Standing::Left),
                _ => return,
            }
        };
        self.clients.leave(self.session.sid());
        self.session.admitted(false);
        drop(before);
    }

    fn event(self: Arc<Self>, packet: &Packet<'_>) -> Option<BoxFuture<'static, ()>> {
        let joined = {
            let state = self.state.lock();
            match &state.standing {
                Standing::Joined(joined) => Some(Arc::clone(joined)),
                Standing::Left => return None,
                _ => None,
            }
        };
        let (Some(joined), Ok((name, data))) = (joined, packet.event()) else {
            self.session.end(Ending::Malformed);
            return None;
        };
        let id = packet.id;
        Some(match Request::read(&name, data) {
            Ok(request) => Box::pin(self.serve(joined, request, id)),
            Err(wrong) => Box::pin(self.refuse(joined, wrong, id)),
        })
    }

    fn answer(&self, id: Option<u64>, said: &Value) {
        if let Some(id) = id {
            self.session.send(&[answer(id, said)]);
        }
    }
}

impl Peer for Connection {
    fn text(self: Arc<Self>, text: &str) -> Option<BoxFuture<'static, ()>> {
        if self.state.lock().incomplete.is_some() {
            self.session.end(Ending::Malformed);
            return None;
        }
        self.packet(text)
    }

    fn binary(self: Arc<Self>, _: Bytes) -> Option<BoxFuture<'static, ()>> {
        let complete = {
            let mut state = self.state.lock();
            match state.incomplete.take() {
                Some((text, 1)) => text,
                Some((text, left)) => {
                    state.incomplete = Some((text, left - 1));
                    return None;
                }
                None => {
                    drop(state);
                    self.session.end(Ending::Malformed);
                    return None;
                }
            }
        };
        // Nothing here takes bytes: the placeholders stay, and are refused where text is due.
        let packet = Packet::parse(&complete).ok()?;
        self.complete(&packet)
    }

    fn alive(self: Arc<Self>) {
        let Some(joined) = self.joined() else { return };
        let asked = self.asked.load(Ordering::Acquire) > 0;
        if !asked && !joined.seat.mailbox().is_live(&self.outlet()) {
            tokio::spawn(self.go_live(joined));
        }
    }

    fn ended(self: Arc<Self>, _: Ending) {
        let before = {
            let mut state = self.state.lock();
            state.incomplete = None;
            std::mem::replace(&mut state.standing, Standing::Gone)
        };
        self.clients.leave(self.session.sid());
        // Not here: whoever ends a session may hold the lock of its mailbox.
        tokio::spawn(async move { drop(before) });
    }
}
