//! What travels with a request beside its headers: who sent it and which path they asked for.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// The address of the client. Set by the gateway when it dispatches in process, otherwise
/// derived by the service layer from `X-Real-IP` (of a trusted peer) or from the peer itself.
///
/// As an extractor it never fails: a request that came through no socket is this
/// process's own and has the loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddr(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let loopback = Self(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Ok(parts.extensions.get().copied().unwrap_or(loopback))
    }
}

/// The other end of the connection, set by [`server::serve`](crate::server::serve).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// The path the client asked for, when the gateway rewrote it before dispatching in
/// process. It becomes the `instance` of problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalPath(pub Arc<str>);

/// Whose `X-Real-IP` header is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrustedPeers {
    /// Nobody's.
    Nobody,
    /// Peers on loopback, private, unique-local and link-local addresses: the gateway
    /// inside one host or one private network. Everybody else speaks for themselves.
    #[default]
    PrivateNetworks,
}

impl TrustedPeers {
    /// Whether the header of this peer is believed.
    #[must_use]
    pub fn trusts(self, peer: IpAddr) -> bool {
        match (self, peer.to_canonical()) {
            (Self::Nobody, _) => false,
            (Self::PrivateNetworks, IpAddr::V4(peer)) => {
                peer.is_loopback() || peer.is_private() || peer.is_link_local()
            }
            (Self::PrivateNetworks, IpAddr::V6(peer)) => {
                peer.is_loopback() || peer.is_unique_local() || peer.is_unicast_link_local()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_peers_may_name_their_client() {
        let trusts = |peer: &str| TrustedPeers::PrivateNetworks.trusts(peer.parse().expect(peer));
        for peer in ["127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "::1", "fd00::1"] {
            assert!(trusts(peer), "{peer}");
        }
        for peer in ["8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!trusts(peer), "{peer}");
        }
        assert!(!TrustedPeers::Nobody.trusts(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
