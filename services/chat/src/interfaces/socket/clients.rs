//! All clients of this node: who they may be, and how long they stay that.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use marquis_contracts::identity::TokenVerifier;
use marquis_kernel::SharedClock;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::engine::{Application, Ending, Peer, Session, Sid};
use crate::application::conversations::Conversations;
use crate::application::delivery::Post;
use crate::application::limits::Limits;
use crate::application::names::Names;
use crate::application::ports::{Closed, Outlet};
use crate::application::send_message::SendMessage;

/// What clients can ask for.
#[derive(Debug)]
pub struct UseCases {
    /// Sending.
    pub send: SendMessage,
    /// Everything else about conversations.
    pub conversations: Conversations,
}

/// How many sockets, and how often they are looked at.
#[derive(Debug, Clone, Copy)]
pub struct ClientSettings {
    /// Most sockets of one person on this node.
    pub max_sockets: usize,
    /// How often tokens are checked again.
    pub verify_interval: Duration,
}

/// All clients of this node.
pub struct Clients {
    pub(super) use_cases: Arc<UseCases>,
    pub(super) post: Arc<Post>,
    pub(super) names: Arc<Names>,
    pub(super) limits: Arc<Limits>,
    pub(super) verifier: Arc<dyn TokenVerifier>,
    pub(super) clock: SharedClock,
    pub(super) settings: ClientSettings,
    joined: Mutex<HashMap<Sid, Arc<Connection>>>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("joined", &self.joined.lock().len()).finish_non_exhaustive()
    }
}

impl Clients {
    /// Nobody yet.
    pub fn new(
        use_cases: Arc<UseCases>,
        post: Arc<Post>,
        names: Arc<Names>,
        limits: Arc<Limits>,
        verifier: Arc<dyn TokenVerifier>,
        clock: SharedClock,
        settings: ClientSettings,
    ) -> Arc<Self> {
        let joined = Mutex::default();
        Arc::new(Self { use_cases, post, names, limits, verifier, clock, settings, joined })
    }

    /// Ends the connections of those whose tokens have expired or were revoked, until `stop`.
    pub async fn verify(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.settings.verify_interval) => {}
            }
            let joined: Vec<Arc<Connection>> =
                self.joined.lock().values().map(Arc::clone).collect();
            for connection in joined {
                connection.verify_again().await;
            }
        }
    }

    pub(super) fn enter(&self, sid: Sid, connection: Arc<Connection>) {
        self.joined.lock().insert(sid, connection);
    }

    pub(super) fn leave(&self, sid: Sid) {
        self.joined.lock().remove(&sid);
    }
}

/// What the engine calls; a type of its own, because connections need the clients shared.
#[derive(Debug)]
pub(crate) struct Doorkeeper(pub(crate) Arc<Clients>);

impl Application for Doorkeeper {
    fn open(&self, session: &Arc<Session>, headers: &HeaderMap) -> Arc<dyn Peer> {
        Connection::new(Arc::clone(&self.0), Arc::clone(session), headers)
    }
}

#[async_trait]
impl Outlet for Session {
    fn emit(&self, packets: &[Bytes]) -> Result<(), Closed> {
        if self.send(packets) { Ok(()) } else { Err(Closed) }
    }

    async fn room(&self) -> Result<(), Closed> {
        if Self::room(self).await { Ok(()) } else { Err(Closed) }
    }

    fn end(&self) {
        Self::end(self, Ending::Dismissed);
    }
}
