//! Section `[redis]`: what several nodes share. Its manual is `defaults/redis.toml`.

use std::path::PathBuf;

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};
use crate::span::Span;
use crate::url::{self, UrlParts};

/// Settings of `[redis]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Connection URL; empty keeps cache, counters and messages in this process's memory.
    pub url: Secret,
    /// PEM file of the authorities that a `rediss://` server is verified against; `None`
    /// trusts the system's.
    #[serde(with = "crate::unset")]
    pub ca_file: Option<PathBuf>,
    /// Longest time to open a connection.
    pub connect_timeout: Span,
    /// Longest time for one command.
    pub command_timeout: Span,
}

impl Redis {
    /// Whether several nodes share a Redis.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.url.is_empty()
    }

    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        let remedy = "write redis://user:password@host:6379/0 or rediss:// for TLS";
        if self.is_configured() {
            match UrlParts::parse(self.url.expose()) {
                Some(parts) if parts.scheme.starts_with("redis") => {}
                Some(_) => problems.reject("redis.url", "is not a Redis URL", remedy),
                None => problems.reject("redis.url", "is not a URL", remedy),
            }
        }
        if let Some(path) = &self.ca_file {
            problems.require(path.is_file(), "redis.ca_file", "names no file", "");
        }
        for (key, span) in [
            ("redis.connect_timeout", self.connect_timeout),
            ("redis.command_timeout", self.command_timeout),
        ] {
            problems.require(!span.is_zero(), key, "must not be zero", "for example \"2s\"");
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        let Some(parts) = UrlParts::parse(self.url.expose()) else { return };
        if url::is_local(parts.host) {
            return;
        }
        if parts.password.is_none() {
            findings.push(Finding::new(
                "redis.url",
                "whoever reaches the Redis server controls limits, caches and messages",
                "set a password in Redis and in the URL",
            ));
        }
    }
}
