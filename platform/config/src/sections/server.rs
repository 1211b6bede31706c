//! Section `[server]`: how the roles listen when they run as processes of their own, and
//! the limits that every service keeps. Its manual is `defaults/server.toml`.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};
use crate::span::Span;

/// Settings of `[server]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Longest time from the end of a request's headers to the beginning of its answer.
    pub request_timeout: Span,
    /// Longest time for a client to send its request headers.
    pub header_timeout: Span,
    /// How long an idle keep-alive connection is kept.
    pub idle_timeout: Span,
    /// Largest request body, in bytes.
    pub body_limit: u64,
    /// Largest request head, in bytes.
    pub header_limit: u32,
    /// Most connections open at once on one listener; more wait in the kernel's queue.
    pub max_connections: u32,
    /// How long running requests may take to finish after the signal to stop.
    pub shutdown_grace: Span,
    /// Where `--role auth` listens.
    pub auth: Listener,
    /// Where `--role users` listens.
    pub users: Listener,
    /// Where `--role chat` listens.
    pub chat: Listener,
    /// Where `--role notifications` listens.
    pub notifications: Listener,
    /// Where `--role sellers` listens.
    pub sellers: Listener,
    /// Where `--role carriers` listens.
    pub carriers: Listener,
    /// Where `--role customers` listens.
    pub customers: Listener,
    /// Where the ops listener is.
    pub ops: Listener,
    /// Where `--role console` listens.
    pub console: Listener,
    /// Where `--role payments` listens.
    pub payments: Listener,
}

/// An address and a port to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The local address.
    pub address: IpAddr,
    /// The TCP port; 0 lets the system choose.
    pub port: u16,
}

impl Listener {
    /// Address and port together.
    #[must_use]
    pub const fn socket_addr(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

impl Server {
    /// Every role with its listener.
    #[must_use]
    pub fn listeners(&self) -> [(&'static str, Listener); 10] {
        [
            ("auth", self.auth),
            ("users", self.users),
            ("chat", self.chat),
            ("notifications", self.notifications),
            ("sellers", self.sellers),
            ("carriers", self.carriers),
            ("customers", self.customers),
            ("ops", self.ops),
            ("console", self.console),
            ("payments", self.payments),
        ]
    }

    /// The listener of a role.
    #[must_use]
    pub fn listener(&self, role: &str) -> Option<Listener> {
        self.listeners().into_iter().find(|(name, _)| *name == role).map(|(_, listener)| listener)
    }

    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        for (key, span) in [
            ("server.request_timeout", self.request_timeout),
            ("server.header_timeout", self.header_timeout),
            ("server.idle_timeout", self.idle_timeout),
            ("server.shutdown_grace", self.shutdown_grace),
        ] {
            problems.require(!span.is_zero(), key, "must not be zero", "for example \"30s\"");
        }
        problems.require(
            (8_192..=1_048_576).contains(&self.header_limit),
            "server.header_limit",
            "must be between 8192 and 1048576 bytes",
            "the default is 32768",
        );
        problems.require(
            self.max_connections > 0,
            "server.max_connections",
            "must be at least 1",
            "the default is 20000",
        );
        let listeners = self.listeners();
        for (index, (role, listener)) in listeners.iter().enumerate() {
            let taken = listeners[..index].iter().find(|(_, other)| {
                other.port != 0
                    && other.port == listener.port
                    && (other.address == listener.address
                        || other.address.is_unspecified()
                        || listener.address.is_unspecified())
            });
            if let Some((other, _)) = taken {
                problems.reject(
                    &format!("server.{role}.port"),
                    format!("is also the port of `server.{other}`"),
                    "give each role a port of its own",
                );
            }
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.body_limit == 0 || self.body_limit > 64 * 1_048_576 {
            findings.push(Finding::new(
                "server.body_limit",
                "request bodies are practically unlimited, so one client can exhaust the memory",
                "set it to at most 67108864 (64 MiB)",
            ));
        }
        if !self.ops.address.is_loopback() {
            findings.push(Finding::new(
                "server.ops.address",
                "the ops listener can be reached from other machines",
                "listen on 127.0.0.1 and reach it through a tunnel",
            ));
        }
    }
}
