//! Where a request goes: to a service of this process or to one of another.

use std::fmt;
use std::sync::Arc;

use crate::upstream::Upstream;

/// The service behind a route.
#[derive(Clone)]
pub(crate) enum Target {
    /// Dispatched in memory.
    Local { name: Arc<str>, router: axum::Router },
    /// Sent over HTTP.
    Remote(Arc<Upstream>),
}

impl Target {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Local { name, .. } => name,
            Self::Remote(upstream) => &upstream.name,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { name, .. } => write!(f, "Local({name})"),
            Self::Remote(upstream) => write!(f, "Remote({})", upstream.name),
        }
    }
}
