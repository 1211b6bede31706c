//! A configuration is checked as a start would check it, and nothing is left behind.

use std::path::{Path, PathBuf};

use marquis_config::Environment;
use marquis_config::sections::gateway as settings;
use marquis_config::sections::waf::WafMode;
use marquis_gateway::{Checked, Gateway, GatewayError, Premises};
use marquis_kernel::SystemClock;

use crate::support::{self, route};

fn check(settings: &settings::Gateway, data_dir: &Path) -> Result<Checked, GatewayError> {
    let services = ["auth", "chat"];
    let premises = Premises { environment: Environment::Test, services: &services, data_dir };
    Gateway::check(settings, premises, &SystemClock::shared())
}

#[test]
fn good_settings_leave_nothing_behind() {
    let dir = tempfile::tempdir().expect("directory");
    let mut settings = support::settings();
    let checked = check(&settings, dir.path()).expect("in order");
    assert!(checked.firewall.is_none(), "it is off");
    settings.waf.engine = WafMode::On;
    settings.waf.crs = PathBuf::new();
    settings.access_log.enabled = true;
    settings.access_log.path = dir.path().join("access.log");
    settings.waf.audit.path = dir.path().join("audit.log");
    let checked = check(&settings, dir.path()).expect("in order");
    assert!(!checked.firewall.expect("rules").rules.is_empty());
    assert_eq!(std::fs::read_dir(dir.path()).expect("directory").count(), 0);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let dir = tempfile::tempdir().expect("directory");
    let rules = dir.path().join("own.conf");
    std::fs::write(&rules, "SecAction \"id:1,phase:1,pass\"\nSecRule ARGS \"@rx (\" \"id:2\"\n")
        .expect("rules");
    let mut settings = support::settings();
    settings.http = "nowhere".to_owned();
    settings.status = "nowhere".to_owned();
    settings.routes.push(route("/shop/*"));
    settings.tls.names = vec!["\u{e4}.example".to_owned()];
    settings.trusted_proxies = vec!["10.0.0.0/99".to_owned()];
    settings.static_root = dir.path().join("missing");
    settings.access_log.enabled = true;
    settings.access_log.path = dir.path().join("missing/access.log");
    settings.waf.engine = WafMode::On;
    settings.waf.crs = PathBuf::new();
    settings.waf.rules = vec![rules.to_string_lossy().into_owned()];
    let error = check(&settings, dir.path()).expect_err("all of it is wrong").to_string();
    for part in [
        "gateway.http",
        "gateway.status",
        "gateway.routes[0]",
        "gateway.tls.names",
        "gateway.trusted_proxies",
        "gateway.static_root",
        "gateway.access_log",
        "own.conf:2:",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}
