//! The token through which everything that serves or polls learns that it is to stop.

pub use tokio_util::sync::CancellationToken;
