//! From the settings to a compiled rule set. The gateway and `marquis waf` load the same way.
//!
//! In this order: what the settings say, `deploy/waf/base.conf`, the Core Rule Set's own
//! settings, ours for it, exclusions, rules of the installation, `custom.conf`, the Core Rule
//! Set and `targets.conf`, further rules of the installation, `last.conf`. Of directives that
//! stand twice the last wins; exclusions of the installation stand before every rule they may
//! concern.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use marquis_config::sections::waf::{Waf, WafMode};
use marquis_waf::RuleSet;
use marquis_waf::seclang::{Loader, SourceError};

const BASE: &str = include_str!("../../../../deploy/waf/base.conf");
const CUSTOM: &str = include_str!("../../../../deploy/waf/custom.conf");
const EXCLUSIONS: &str = include_str!("../../../../deploy/waf/exclusions.conf");
const TARGETS: &str = include_str!("../../../../deploy/waf/targets.conf");
const LAST: &str = include_str!("../../../../deploy/waf/last.conf");

/// Where Debian keeps the Core Rule Set's settings.
const DEBIAN_SETUP: &str = "/etc/modsecurity/crs";

/// Rules that are ready to run.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: RuleSet,
    /// Whether the Core Rule Set is among them.
    pub crs: Crs,
    /// How long reading and compiling took.
    pub took: Duration,
}

/// What became of the Core Rule Set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crs {
    /// Its rules run.
    Loaded(PathBuf),
    /// The configured directory has no rules.
    Missing(PathBuf),
    /// None is configured.
    Unwanted,
}

/// The rules cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file is not in order; the message names file, line and column.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A pattern of `rules` or `rules_before` names no file.
    #[error("{0:?} names no file")]
    NoFile(String),
}

impl Loaded {
    /// Logs what is loaded and what is missing.
    pub(crate) fn announce(&self) {
        match &self.crs {
            Crs::Loaded(from) => tracing::info!(
                rules = self.rules.len(),
                crs = %from.display(),
                took_ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
                "firewall rules loaded"
            ),
            Crs::Missing(from) => tracing::error!(
                rules = self.rules.len(),
                crs = %from.display(),
                "THE CORE RULE SET IS NOT INSTALLED: the firewall runs its custom rules only. \
                 Install the Debian package modsecurity-crs, or set gateway.waf.crs"
            ),
            Crs::Unwanted => tracing::warn!(
                rules = self.rules.len(),
                "the firewall runs without the Core Rule Set, as gateway.waf.crs says"
            ),
        }
        for warning in self.rules.warnings() {
            tracing::warn!(warning, "firewall rules");
        }
    }
}

/// Reads and compiles the rules that the settings name.
///
/// # Errors
///
/// The first place where a file is not in order.
pub fn load(settings: &Waf) -> Result<Loaded, RulesError> {
    let started = Instant::now();
    let mut loader = Loader::new();
    loader.text("gateway.waf", &directives(settings))?;
    loader.text("deploy/waf/base.conf", BASE)?;
    let crs = find(settings);
    if let Crs::Loaded(directory) = &crs {
        if let Some(setup) = setup(settings, directory) {
            loader.file(&setup)?;
        }
        loader.text("gateway.waf", &anomaly_scoring(settings))?;
    }
    if settings.builtin_rules {
        loader.text("deploy/waf/exclusions.conf", EXCLUSIONS)?;
    }
    own(&mut loader, &settings.rules_before)?;
    if settings.builtin_rules {
        loader.text("deploy/waf/custom.conf", CUSTOM)?;
    }
    if let Crs::Loaded(directory) = &crs {
        let debian = Path::new(DEBIAN_SETUP);
        let beside = !directory.join("crs-setup.conf").is_file() && debian.is_dir();
        if beside {
            optional(&mut loader, &debian.join("REQUEST-900-*.conf"))?;
        }
        include(&mut loader, "Include", &directory.join("rules/*.conf"))?;
        if beside {
            optional(&mut loader, &debian.join("RESPONSE-999-*.conf"))?;
        }
        if settings.builtin_rules {
            loader.text("deploy/waf/targets.conf", TARGETS)?;
        }
    }
    own(&mut loader, &settings.rules)?;
    loader.text("deploy/waf/last.conf", LAST)?;
    let rules = RuleSet::compile(loader.finish())?;
    Ok(Loaded { rules, crs, took: started.elapsed() })
}

/// The settings as directives.
fn directives(settings: &Waf) -> String {
    let on_off = |on: bool| if on { "On" } else { "Off" };
    let mut text = String::new();
    let engine = match settings.engine {
        WafMode::On => "On",
        WafMode::Detection => "DetectionOnly",
        WafMode::Off => "Off",
    };
    // A string takes whatever is written to it.
    let _ = write!(
        text,
        "SecRuleEngine {engine}\n\
         SecRequestBodyLimit {}\n\
         SecRequestBodyNoFilesLimit {}\n\
         SecArgumentsLimit {}\n\
         SecRequestBodyJsonDepthLimit {}\n\
         SecResponseBodyAccess {}\n\
         SecResponseBodyLimit {}\n",
        settings.body,
        settings.body_without_files,
        settings.arguments,
        settings.json_depth,
        on_off(settings.response_bodies),
        settings.response_body,
    );
    if !settings.response_types.is_empty() {
        let _ = writeln!(text, "SecResponseBodyMimeType {}", settings.response_types.join(" "));
    }
    text
}

/// The names of 3.3 and of 4 for the same settings. They stand after the rule set's own
/// settings and win over them.
fn anomaly_scoring(settings: &Waf) -> String {
    let Waf { paranoia_level: level, inbound_threshold, outbound_threshold, .. } = settings;
    format!(
        "SecAction \"id:1010,phase:1,nolog,pass,t:none,\
         setvar:tx.paranoia_level={level},\
         setvar:tx.blocking_paranoia_level={level},\
         setvar:tx.inbound_anomaly_score_threshold={inbound_threshold},\
         setvar:tx.outbound_anomaly_score_threshold={outbound_threshold}\"\n"
    )
}

fn find(settings: &Waf) -> Crs {
    let directory = &settings.crs;
    if directory.as_os_str().is_empty() {
        return Crs::Unwanted;
    }
    let has_rules = std::fs::read_dir(directory.join("rules")).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|end| end == "conf"))
    });
    if has_rules { Crs::Loaded(directory.clone()) } else { Crs::Missing(directory.clone()) }
}

fn setup(settings: &Waf, directory: &Path) -> Option<PathBuf> {
    if settings.crs_setup != Path::new("auto") {
        return (!settings.crs_setup.as_os_str().is_empty()).then(|| settings.crs_setup.clone());
    }
    [
        directory.join("crs-setup.conf"),
        Path::new(DEBIAN_SETUP).join("crs-setup.conf"),
        directory.join("crs-setup.conf.example"),
    ]
    .into_iter()
    .find(|path| path.is_file())
}

fn own(loader: &mut Loader, patterns: &[String]) -> Result<(), RulesError> {
    for pattern in patterns {
        let path = std::path::absolute(pattern).map_err(|_| RulesError::NoFile(pattern.clone()))?;
        include(loader, "Include", &path)?;
    }
    Ok(())
}

fn optional(loader: &mut Loader, path: &Path) -> Result<(), RulesError> {
    include(loader, "IncludeOptional", path)
}

fn include(loader: &mut Loader, directive: &str, path: &Path) -> Result<(), RulesError> {
    let name = path.to_string_lossy();
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(loader.text("gateway.waf", &format!("{directive} \"{escaped}\"\n"))?)
}
