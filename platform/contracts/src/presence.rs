//! Who is connected now, answered by the service that holds the sockets.

use std::fmt;

use async_trait::async_trait;

use crate::identity::UserId;

/// Presence could not be asked for.
#[derive(Debug, thiserror::Error)]
#[error("presence cannot be asked for now")]
pub struct PresenceUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What other services ask about connections.
#[async_trait]
pub trait Presence: fmt::Debug + Send + Sync + 'static {
    /// Those of `users` (at most 500) that have at least one open socket on a living node.
    async fn online(&self, users: &[UserId]) -> Result<Vec<UserId>, PresenceUnavailable>;
}
