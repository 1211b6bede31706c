//! Why a gateway cannot be built, bound or reloaded.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Everything wrong with the settings, or what failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The settings cannot work; all reasons at once.
    #[error("the gateway's configuration cannot be used:{0}")]
    Settings(Reasons),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread or runtime could not be started, or the status listener failed.
    #[error("cannot start the gateway")]
    Start(#[source] io::Error),
    /// Metrics with the gateway's names exist already.
    #[error("cannot register the gateway's metrics")]
    Metrics(#[from] prometheus::Error),
}

/// A list of reasons, one a line when printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons(pub Vec<String>);

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}
