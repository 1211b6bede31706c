//! `marquis waf`: rules are checked, suites are run and blocks explained without a gateway.

use std::fs;
use std::path::PathBuf;

use marquis_tests::{Installation, Settings};

/// An attack on a search form, as `curl` would send it.
const ATTACK: &str = "GET /find?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20- HTTP/1.1\r\n\
     Host: shop.example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n";

/// A file next to the configuration: nothing has started, so there is no data directory.
fn beside(installation: &Installation, name: &str) -> PathBuf {
    installation.config_file().with_file_name(name)
}

#[tokio::test]
async fn broken_rules_are_named_with_file_line_and_column() {
    let installation = Installation::prepare(&Settings::default());
    let file = beside(&installation, "mine.conf");
    fs::write(&file, "# mine\nSecRule ARGS \"@rx (unclosed\" \\\n    \"id:5001,phase:2,deny\"\n")
        .expect("written");
    let name = file.display().to_string();
    let refused = installation.command(&["waf", "check", &name]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains(&format!("{name}:2:")), "{refused:?}");

    fs::write(&file, "SecRule ARGS \"@rx closed\" \"id:5001,phase:2,deny\"\n").expect("written");
    let good = installation.command(&["waf", "check", &name]).await;
    assert_eq!(good.code, 0, "{good:?}");
    let configured = installation.command(&["waf", "check"]).await;
    assert_eq!(configured.code, 0, "{configured:?}");
    assert!(configured.stdout.contains("modsecurity-crs"), "{configured:?}");
}

#[tokio::test]
async fn a_block_is_explained_and_the_exclusion_it_prints_lets_the_request_through() {
    let installation = Installation::prepare(&Settings::default());
    let request = beside(&installation, "request.http");
    fs::write(&request, ATTACK).expect("written");
    let name = request.display().to_string();
    let explained = installation.command(&["waf", "explain", &name]).await;
    assert_eq!(explained.code, 0, "{explained:?}");
    for told in ["403", "942100", "ARGS:q", "ctl:ruleRemoveTargetById"] {
        assert!(explained.stdout.contains(told), "{told} in {}", explained.stdout);
    }

    // What it prints is rules: from the first one on it is a file to be loaded.
    let at = explained.stdout.find("SecRule").expect("an exclusion");
    let rules = beside(&installation, "exclusion.conf");
    fs::write(&rules, &explained.stdout[at..]).expect("written");
    let file = installation.config_file();
    let toml = fs::read_to_string(&file).expect("the configuration")
        + &format!("\n[gateway.waf]\nrules_before = [\"{}\"]\n", rules.display());
    fs::write(&file, toml).expect("written");
    let after = installation.command(&["waf", "explain", &name]).await;
    assert_eq!(after.code, 0, "{after:?}");
    assert!(!after.stdout.contains("942100"), "{}", after.stdout);
}

#[tokio::test]
async fn a_suite_passes_or_fails_with_its_reasons() {
    let installation = Installation::prepare(&Settings::default());
    let suite = beside(&installation, "suite.yaml");
    let text = |expected: &str| {
        format!(
            "---\nmeta:\n  name: mine.yaml\n  enabled: true\ntests:\n  - test_title: 942100-x\n    \
             stages:\n      - stage:\n          input:\n            dest_addr: 127.0.0.1\n            \
             port: 80\n            method: GET\n            uri: \"/find?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-\"\n            \
             headers:\n              Host: shop.example\n              User-Agent: curl\n              \
             Accept: \"*/*\"\n          output:\n            {expected}\n"
        )
    };
    let name = suite.display().to_string();
    fs::write(&suite, text("log_contains: id \"942100\"")).expect("written");
    let passed = installation.command(&["waf", "test", &name]).await;
    assert_eq!(passed.code, 0, "{passed:?}");
    fs::write(&suite, text("no_log_contains: id \"942100\"")).expect("written");
    let failed = installation.command(&["waf", "test", &name]).await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stdout.contains("942100-x"), "{failed:?}");
}
