//! The firewall in the gateway: rules as the settings name them, one engine transaction for
//! each request, and what is told of it (metrics, audit log, match log).
//!
//! The engine itself is `marquis-waf` and knows nothing of this gateway. What always holds:
//! * A request is inspected whole before a byte of it reaches a service.
//! * Bodies under inspection share one bound on memory, of which large ones and single clients
//!   get a part only; long evaluations leave the event loop, as many at once as there are cores.
//! * The client never learns which rule refused it.

mod audit;
mod growth;
mod hidden;
mod inspection;
mod match_log;
mod memory;
mod metrics;
mod rules;

use std::sync::Arc;

use marquis_config::sections::waf::{Waf, WafMode};
use marquis_telemetry::LineWriter;
use marquis_waf::seclang::EngineMode;
use marquis_waf::{MemoryCollections, RuleSet};
use tokio::sync::Semaphore;

pub(crate) use inspection::{Inspection, Verdict};
use match_log::MatchLog;
use memory::Memory;
pub(crate) use metrics::Metrics;
pub use rules::{Crs, Loaded, RulesError, load};

/// The firewall as the settings have it now.
#[derive(Debug)]
pub(crate) struct Firewall {
    pub(crate) settings: Waf,
    rules: Arc<RuleSet>,
    collections: Arc<MemoryCollections>,
    memory: Memory,
    /// Permits of long evaluations. More at once than there are cores would end none sooner,
    /// and each holds memory.
    long: Arc<Semaphore>,
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
            memory: Memory::new(settings, before.map(|before| &before.memory)),
            long: before.map_or_else(
                || Arc::new(Semaphore::new(cores())),
                |before| Arc::clone(&before.long),
            ),
            audit,
            match_log,
        })
    }

    /// The files whose change is a reason to read the rules again.
    pub(crate) fn files(&self) -> &[std::path::PathBuf] {
        self.rules.files()
    }

    /// Paths with wildcards: files that begin or cease to match are such a reason, too.
    pub(crate) fn patterns(&self) -> &[std::path::PathBuf] {
        self.rules.patterns()
    }

    /// Whether any request is looked at.
    pub(crate) fn is_on(&self, mode: Option<WafMode>) -> bool {
        mode.unwrap_or(self.settings.engine) != WafMode::Off
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

fn engine_mode(mode: WafMode) -> EngineMode {
    match mode {
        WafMode::On => EngineMode::On,
        WafMode::Detection => EngineMode::DetectionOnly,
        WafMode::Off => EngineMode::Off,
    }
}
