//! The match log: which rules matched which request, for measuring rule sets.
//!
//! One JSON line for each match, all lines of a transaction in one write that is done before
//! the answer's last byte leaves: whoever has the answer can read them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use marquis_telemetry::redact;
use marquis_waf::RuleMatch;
use parking_lot::Mutex;
use serde::Serialize;

/// An open match log.
#[derive(Debug)]
pub(super) struct MatchLog {
    file: Mutex<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    marker: Option<&'a str>,
    rule_id: u64,
    phase: u8,
    uri: &'a str,
}

impl MatchLog {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Writes the matches that ask for a log line.
    pub(super) fn write(&self, marker: Option<&str>, uri: &str, matches: &[RuleMatch]) {
        let mut lines = Vec::new();
        let mut shown = None;
        for found in matches.iter().filter(|found| found.logged) {
            let uri: &str = shown.get_or_insert_with(|| redact::request_target(uri));
            let line = Line { marker, rule_id: found.rule_id, phase: found.phase, uri };
            // Numbers and strings serialize infallibly.
            if serde_json::to_writer(&mut lines, &line).is_ok() {
                lines.push(b'\n');
            }
        }
        if lines.is_empty() {
            return;
        }
        if let Err(error) = self.file.lock().write_all(&lines) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the firewall's match log cannot be written"
            );
        }
    }
}
