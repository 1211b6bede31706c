//! `[users]`: pictures, copies of personal data, presence.
//!
//! The commented defaults in `defaults/users.toml` are the manual of these keys.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};

/// The users service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// Copies of their data that a person may have made within an hour.
    pub exports_per_hour: u32,
    /// How often those shown as online are checked; zero for never.
    pub presence_check: Span,
    /// Pictures of people.
    pub avatars: Avatars,
}

/// Pictures of people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Avatars {
    /// Where they are kept; `None` is `avatars` in the data directory.
    #[serde(with = "crate::unset")]
    pub directory: Option<PathBuf>,
    /// Largest upload, in bytes.
    pub maximum_bytes: usize,
    /// Most pixels of an upload.
    pub maximum_pixels: u64,
    /// What stored pictures fit into, in pixels.
    pub side: u32,
    /// Pictures decoded at once.
    pub concurrency: usize,
    /// Where the browser finds them.
    pub public_path: String,
}

impl Users {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        let avatars = &self.avatars;
        let path = avatars.public_path.as_str();
        for (holds, key, what, remedy) in [
            (
                (1..=1_000).contains(&self.exports_per_hour),
                "users.exports_per_hour",
                "must be between 1 and 1000",
                "the default is 10",
            ),
            (
                (1_024..=10_485_760).contains(&avatars.maximum_bytes),
                "users.avatars.maximum_bytes",
                "must be between 1024 and 10485760",
                "the default is 5242880",
            ),
            (
                (4_096..=100_000_000).contains(&avatars.maximum_pixels),
                "users.avatars.maximum_pixels",
                "must be between 4096 and 100000000",
                "the default is 25000000",
            ),
            (
                (16..=4_096).contains(&avatars.side),
                "users.avatars.side",
                "must be between 16 and 4096",
                "the default is 512",
            ),
            (
                (1..=64).contains(&avatars.concurrency),
                "users.avatars.concurrency",
                "must be between 1 and 64",
                "the default is 2",
            ),
            (
                path.starts_with('/') && !path.ends_with('/') && !path.starts_with("//"),
                "users.avatars.public_path",
                "must begin with one slash and not end with one",
                "the default is \"/api/v1/users/avatars\"",
            ),
        ] {
            problems.require(holds, key, what, remedy);
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, _: &mut Vec<Finding>) {}
}
