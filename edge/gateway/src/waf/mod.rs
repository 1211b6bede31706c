//! The firewall in the gateway: rules as the settings name them, one engine transaction for
//! each request, and what is told of it (metrics, audit log, match log).
//!
//! The engine itself is `marquis-waf` and knows nothing of this gateway. What always holds:
//! * A request is inspected whole before a byte of it reaches a service.
//! * Bodies under inspection share one bound on memory; long evaluations leave the event loop.
//! * The client never learns which rule refused it.

mod audit;
mod hidden;
mod inspection;
mod match_log;
mod metrics;
mod rules;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquis_config::sections::waf::{Waf, WafMode};
use marquis_telemetry::LineWriter;
use marquis_waf::seclang::EngineMode;
use marquis_waf::{MemoryCollections, RuleSet};

pub(crate) use inspection::{Inspection, Verdict};
use match_log::MatchLog;
pub(crate) use metrics::Metrics;
pub use rules::{Crs, Loaded, RulesError, load};

/// The firewall as the settings have it now.
#[derive(Debug)]
pub(crate) struct Firewall {
    pub(crate) settings: Waf,
    rules: Arc<RuleSet>,
    collections: Arc<MemoryCollections>,
    buffered: Arc<AtomicUsize>,
    audit: Option<LineWriter>,
    match_log: Option<Arc<MatchLog>>,
}

impl Firewall {
    /// Reads and compiles the rules. Long work: not for an event loop.
    ///
    /// # Errors
    ///
    /// Why the rules or a log cannot be used.
    pub(crate) fn build(settings: &Waf, before: Option<&Self>) -> Result<Self, String> {
        let loaded = load(settings).map_err(|error| format!("gateway.waf: {error}"))?;
        loaded.announce();
        let audit = if settings.audit.enabled {
            let kept = before.filter(|before| before.settings.audit.path == settings.audit.path);
            let writer = match kept.and_then(|before| before.audit.clone()) {
                Some(writer) => {
                    writer.reopen();
                    Ok(writer)
                }
                None if settings.audit.path.as_os_str().is_empty() => LineWriter::stdout(),
                None => LineWriter::append(&settings.audit.path),
            };
            Some(writer.map_err(|error| {
                format!("gateway.waf.audit: {}: {error}", settings.audit.path.display())
            })?)
        } else {
            None
        };
        let path = &settings.match_log.path;
        let match_log = if path.as_os_str().is_empty() {
            None
        } else {
            let log = MatchLog::open(path)
                .map_err(|error| format!("gateway.waf.match_log: {}: {error}", path.display()))?;
            Some(Arc::new(log))
        };
        Ok(Self {
            settings: settings.clone(),
            rules: Arc::new(loaded.rules),
            collections: before.map_or_else(Arc::default, |before| Arc::clone(&before.collections)),
            buffered: before.map_or_else(Arc::default, |before| Arc::clone(&before.buffered)),
            audit,
            match_log,
        })
    }

    /// The files whose change is a reason to read the rules again.
    pub(crate) fn files(&self) -> &[std::path::PathBuf] {
        self.rules.files()
    }

    /// Whether any request is looked at.
    pub(crate) fn is_on(&self, mode: Option<WafMode>) -> bool {
        mode.unwrap_or(self.settings.engine) != WafMode::Off
    }

    /// Takes memory for a part of a body, if there is any left.
    fn reserve(self: &Arc<Self>, reserved: &mut Reserved, bytes: usize) -> bool {
        let most = self.settings.body_memory;
        let taken = self
            .buffered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(bytes).filter(|sum| *sum <= most)
            })
            .is_ok();
        if taken {
            reserved.bytes += bytes;
            reserved.of.get_or_insert_with(|| Arc::clone(&self.buffered));
        }
        taken
    }
}

/// Memory taken from the common bound; given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    bytes: usize,
    of: Option<Arc<AtomicUsize>>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(of) = &self.of {
            of.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

fn engine_mode(mode: WafMode) -> EngineMode {
    match mode {
        WafMode::On => EngineMode::On,
        WafMode::Detection => EngineMode::DetectionOnly,
        WafMode::Off => EngineMode::Off,
    }
}
