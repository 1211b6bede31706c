//! `[chat]`: heartbeats, buffers, leases and limits of conversations.
//!
//! The commented defaults in `defaults/chat.toml` are the manual of these keys.

use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};

/// The chat service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// How often a silent client is asked whether it is there.
    pub ping_interval: Span,
    /// How long its answer may take.
    pub ping_timeout: Span,
    /// How long a connection may take to authenticate.
    pub connect_timeout: Span,
    /// How long the change from long-polling to WebSocket may take.
    pub upgrade_timeout: Span,
    /// Largest packet from a client, in bytes.
    pub max_packet: u32,
    /// Most bytes that wait for one client.
    pub max_backlog: u32,
    /// Most sockets of one person on one node.
    pub max_sockets: u32,
    /// How often tokens of open sockets are checked against the revocation list.
    pub verify_interval: Span,
    /// How long "is typing" is shown without being renewed.
    pub typing_expiry: Span,
    /// How long a node lives without renewing its lease.
    pub node_lease: Span,
    /// How often a node looks for messages whose announcement it missed.
    pub repair_interval: Span,
    /// Over how long a stopping node spreads the disconnection of its sockets.
    pub drain_time: Span,
    /// How many tasks save messages.
    pub writers: u32,
    /// What one person may do in a minute.
    pub limits: ChatLimits,
}

/// Limits of one person over all nodes, in any minute; bursts are spent over ten minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatLimits {
    /// Messages.
    pub messages: u32,
    /// Messages above it.
    pub message_burst: u32,
    /// Everything else that a socket can ask for.
    pub actions: u32,
    /// Such above it.
    pub action_burst: u32,
    /// Connections.
    pub connections: u32,
    /// Connections above it.
    pub connection_burst: u32,
}

impl Chat {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        for (key, span, example) in [
            ("chat.ping_interval", self.ping_interval, "25s"),
            ("chat.ping_timeout", self.ping_timeout, "20s"),
            ("chat.connect_timeout", self.connect_timeout, "15s"),
            ("chat.upgrade_timeout", self.upgrade_timeout, "10s"),
            ("chat.verify_interval", self.verify_interval, "1s"),
            ("chat.typing_expiry", self.typing_expiry, "6s"),
            ("chat.node_lease", self.node_lease, "15s"),
            ("chat.repair_interval", self.repair_interval, "5s"),
        ] {
            let remedy = format!("the default is \"{example}\"");
            problems.require(!span.is_zero(), key, "must not be zero", &remedy);
        }
        problems.require(
            self.max_packet >= 49_152,
            "chat.max_packet",
            "must be at least 49152",
            "4,000 characters take as much when a client escapes each of them",
        );
        problems.require(
            self.max_backlog >= 65_536,
            "chat.max_backlog",
            "must be at least 65536",
            "the default is 1048576",
        );
        for (key, number) in [
            ("chat.max_sockets", self.max_sockets),
            ("chat.limits.messages", self.limits.messages),
            ("chat.limits.actions", self.limits.actions),
            ("chat.limits.connections", self.limits.connections),
        ] {
            problems.require(number > 0, key, "must be at least 1", "nobody could do anything");
        }
        problems.require(
            (1..=16).contains(&self.writers),
            "chat.writers",
            "must be between 1 and 16",
            "the default is 2",
        );
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.verify_interval > Span::from_secs(10) {
            findings.push(Finding::new(
                "chat.verify_interval",
                "a socket outlives the end of its session by more than ten seconds",
                "set it to \"1s\"",
            ));
        }
    }
}
