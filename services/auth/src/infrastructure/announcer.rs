//! Tells whoever has to know at once: the verifier and the account memory of this node
//! directly, the other nodes' memory through the cluster. (Other nodes' verifiers poll the
//! list of revocations themselves, twice a second.)

use std::sync::Arc;

use async_trait::async_trait;
use marquis_authz::LocalVerifier;
use marquis_cluster::{Message, PubSub};
use marquis_contracts::identity::{SessionId, UserId};
use uuid::Uuid;

use super::user_cache::UserCache;
use crate::application::ports::Announcer;

/// Topic on which nodes tell one another that an account changed: the id's 16 bytes.
pub const USERS_CHANGED: &str = "auth.users.changed";

/// See the module.
pub struct ClusterAnnouncer {
    verifier: Arc<LocalVerifier>,
    users: Arc<UserCache>,
    pubsub: Arc<dyn PubSub>,
}

impl std::fmt::Debug for ClusterAnnouncer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterAnnouncer")
    }
}

impl ClusterAnnouncer {
    /// The announcer of this node.
    #[must_use]
    pub fn new(
        verifier: Arc<LocalVerifier>,
        users: Arc<UserCache>,
        pubsub: Arc<dyn PubSub>,
    ) -> Self {
        Self { verifier, users, pubsub }
    }
}

#[async_trait]
impl Announcer for ClusterAnnouncer {
    fn sessions_revoked(&self, sessions: &[SessionId]) {
        for &session in sessions {
            self.verifier.revoke(session);
        }
    }

    async fn user_changed(&self, id: UserId) {
        self.users.forget(id);
        if let Err(error) = self.pubsub.publish(USERS_CHANGED, id.uuid().as_bytes()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "other nodes learn of a changed account only when their memory of it is stale"
            );
        }
    }
}

/// Forgets accounts as other nodes change them. Ends with the cluster.
pub async fn listen(users: &UserCache, pubsub: &dyn PubSub) {
    let mut changes = pubsub.subscribe(USERS_CHANGED).await;
    while let Some(message) = changes.recv().await {
        match message {
            Message::Data(id) => match Uuid::from_slice(&id) {
                Ok(id) => users.forget(UserId::from_uuid(id)),
                Err(_) => users.clear(),
            },
            Message::Gap => users.clear(),
        }
    }
}
