//! Keeps the requests of a Socket.IO session on the server it lives on.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};

use crate::body::{Body, BoxError};
use crate::exchange::Exchange;
use crate::sessions::{self, Asked};
use crate::upstream::Upstream;
use crate::upstream::link::{LinkError, LinkErrorKind};
use crate::upstream::server::Server;

/// The packet that opens a session is a few hundred bytes long.
const MAX_OPEN: usize = 4 * 1024;

/// What is known of the session a request belongs to.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) id: Option<String>,
    /// Where it lives.
    pub(super) home: Option<Arc<Server>>,
    /// The answer will name it.
    opening: bool,
}

impl Session {
    pub(super) async fn of(exchange: &Exchange, upstream: &Upstream, parts: &mut Parts) -> Self {
        let id = match Asked::by(parts.uri.query()) {
            Asked::Any => return Self::default(),
            Asked::Handshake => {
                // The answer must be readable here; the gateway compresses what is worth it.
                parts.headers.remove(header::ACCEPT_ENCODING);
                return Self { opening: true, ..Self::default() };
            }
            Asked::Session(id) => id.to_owned(),
        };
        let known = &exchange.client.gate.sessions;
        let settings = &exchange.live.settings.socketio;
        let mut home = None;
        if let Some(address) = known.find(&id, settings).await {
            // Even one that checks have put aside: it may be draining, and nobody else knows
            // the session.
            home = upstream.servers().iter().find(|server| server.address == address).cloned();
        }
        Self { id: Some(id), home, opening: false }
    }

    /// Whether there was no choice but this server; its failure says nothing of the others.
    pub(super) fn lives_on(&self, server: &Server) -> bool {
        self.home.as_ref().is_some_and(|home| home.address == server.address)
    }

    /// A server cannot be reached: what lived there is gone.
    pub(super) async fn failed(&self, exchange: &Exchange, server: &Server, error: &LinkError) {
        if let Some(id) = &self.id
            && self.lives_on(server)
            && matches!(error.kind, LinkErrorKind::Connect(_))
        {
            exchange.client.gate.sessions.forget(id).await;
        }
    }

    /// Learns from the answer to a handshake where the session lives.
    pub(super) async fn opened(
        &self,
        exchange: &Exchange,
        server: &Server,
        response: Response<Body>,
    ) -> Response<Body> {
        if !self.opening || response.status() != StatusCode::OK {
            return response;
        }
        let (parts, body) = response.into_parts();
        let (start, body) = beginning(body).await;
        if let Some(id) = sessions::opened(&start) {
            let settings = &exchange.live.settings.socketio;
            exchange.client.gate.sessions.learn(&id, server.address, settings).await;
        }
        Response::from_parts(parts, body)
    }
}

/// The beginning of a body, and the body as it was.
async fn beginning(mut body: Body) -> (Bytes, Body) {
    if let Body::Full(bytes) = &body {
        return (bytes.clone(), body);
    }
    let mut held: VecDeque<Result<Frame<Bytes>, BoxError>> = VecDeque::new();
    let mut start = BytesMut::new();
    while start.len() < MAX_OPEN
        && let Some(frame) = body.frame().await
    {
        if let Ok(frame) = &frame
            && let Some(data) = frame.data_ref()
        {
            start.extend_from_slice(data);
        }
        let failed = frame.is_err();
        held.push_back(frame);
        if failed {
            break;
        }
    }
    let rest = BodyStream::new(body);
    let frames = futures_util::StreamExt::chain(futures_util::stream::iter(held), rest);
    (start.freeze(), Body::Rewritten(StreamBody::new(frames).boxed_unsync()))
}
