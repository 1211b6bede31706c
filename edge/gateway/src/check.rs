//! Checks a configuration as a start would, without starting: nothing is bound, resolved or
//! written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use marquis_config::Environment;
use marquis_config::sections::gateway as settings;
use marquis_kernel::SharedClock;
use prometheus::Registry;

use crate::conn::activity::Counters;
use crate::error::{GatewayError, Reasons};
use crate::listen::{self, Kind};
use crate::live::{Live, Surroundings, writable};
use crate::{Gateway, metrics, tls, waf, wants_firewall};

/// Where the checked gateway would run.
#[derive(Debug, Clone, Copy)]
pub struct Premises<'a> {
    /// Decides the ports that `auto` stands for.
    pub environment: Environment,
    /// Names of the services that would run in its process.
    pub services: &'a [&'a str],
    /// The data directory.
    pub data_dir: &'a Path,
}

/// What was found besides errors.
#[derive(Debug)]
pub struct Checked {
    /// The firewall's rules; none where the firewall is off.
    pub firewall: Option<waf::Loaded>,
}

impl Gateway {
    /// Looks at everything a start would refuse: routes, upstreams, certificates, logs, and the
    /// firewall's rules, which are read and compiled (a tenth of a second of work).
    ///
    /// # Errors
    ///
    /// Every reason why the settings cannot be used.
    pub fn check(
        settings: &settings::Gateway,
        premises: Premises<'_>,
        clock: &SharedClock,
    ) -> Result<Checked, GatewayError> {
        let counters: Arc<[Counters]> = Arc::new([Counters::default()]);
        let metrics = metrics::Metrics::new(&Registry::new(), &counters)?;
        let tls = tls::Store::new(premises.data_dir, Arc::clone(clock));
        let services: BTreeMap<String, axum::Router> = premises
            .services
            .iter()
            .map(|name| ((*name).to_owned(), axum::Router::new()))
            .collect();
        let around = Surroundings { services: &services, metrics: &metrics, tls: &tls, workers: 1 };
        let mut reasons = Live::check(settings, &around);
        for (key, setting, kind) in
            [("http", &settings.http, Kind::Plain), ("https", &settings.https, Kind::Tls)]
        {
            if let Err(why) = listen::addresses(setting, kind, premises.environment) {
                reasons.push(format!("gateway.{key}: {why}"));
            }
        }
        reasons.extend(listen::status(&settings.status).err());
        let firewall = if wants_firewall(settings) { rules(settings, &mut reasons) } else { None };
        if reasons.is_empty() {
            return Ok(Checked { firewall });
        }
        Err(GatewayError::Settings(Reasons(reasons)))
    }
}

/// The rules, compiled; and whether the firewall's logs have a place.
fn rules(settings: &settings::Gateway, reasons: &mut Vec<String>) -> Option<waf::Loaded> {
    let (audit, matches) = (&settings.waf.audit, &settings.waf.match_log);
    if audit.enabled && !audit.path.as_os_str().is_empty() {
        reasons.extend(writable("gateway.waf.audit", &audit.path).err());
    }
    if !matches.path.as_os_str().is_empty() {
        reasons.extend(writable("gateway.waf.match_log", &matches.path).err());
    }
    match waf::load(&settings.waf) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            reasons.push(format!("gateway.waf: {error}"));
            None
        }
    }
}
