//! Why a shared part could not do what was asked.

/// An error of the cluster. Its text holds no secret: a Redis URL never enters it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The Redis URL cannot be understood. Found at start, never later.
    #[error("the Redis URL is not usable: {0}")]
    Settings(&'static str),
    /// Redis is away, too slow, or refuses the command (read-only replica, out of memory).
    #[error("Redis is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
