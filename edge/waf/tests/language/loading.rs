//! What a rule set tells of where it came from, and what loading refuses or warns of.

use std::fs;

use super::*;

#[test]
fn all_files_a_rule_set_came_from_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("rules")).unwrap();
    fs::create_dir(path("empty")).unwrap();
    fs::write(path("rules/a.conf"), "SecRule ARGS \"@pmFromFile a.data b.data\" \"id:1\"").unwrap();
    fs::write(path("rules/a.data"), "one").unwrap();
    fs::write(path("rules/b.data"), "two").unwrap();
    fs::write(path("nets.data"), "10.0.0.0/8").unwrap();
    fs::write(path("unicode.mapping"), "20127 (US-ASCII)\n00a0:20").unwrap();
    fs::write(
        path("main.conf"),
        "Include rules/*.conf\nInclude empty/*.conf\nIncludeOptional absent/[a-z]*.conf\n\
         IncludeOptional local.conf\nInclude rules/*.conf.local\n\
         SecUnicodeMapFile unicode.mapping 20127\n\
         SecRule REMOTE_ADDR \"@ipMatchFromFile nets.data\" \"id:2\"\n\
         SecRule ARGS \"@pmf rules/a.data\" \"id:3\"",
    )
    .unwrap();
    let mut loader = Loader::new();
    loader.file(&path("main.conf")).unwrap();
    let rules = RuleSet::compile(loader.finish()).unwrap();
    let files = [
        "main.conf",
        "rules/a.conf",
        "rules/a.data",
        "rules/b.data",
        "unicode.mapping",
        "nets.data",
    ];
    assert_eq!(rules.files(), files.map(path));
    let patterns =
        ["rules/*.conf", "empty/*.conf", "absent/[a-z]*.conf", "local.conf", "rules/*.conf.local"];
    assert_eq!(rules.patterns(), patterns.map(path));
}

#[test]
fn jumps_to_nowhere_are_told_with_their_place() {
    let rules = compile(
        "SecMarker BEFORE\n\
         SecRule ARGS a \"id:1,phase:1,pass,skipAfter:NOWHERE\"\n\
         \x20 SecAction \"id:2,phase:2,pass,skipAfter:BEFORE\"\n\
         SecAction \"id:3,phase:2,pass,skipAfter:AFTER\"\n\
         SecMarker AFTER",
    );
    assert_eq!(
        rules.warnings(),
        [
            "test.conf:4:1: rule 1 skips the rest of phase 1: no SecMarker NOWHERE follows it",
            "test.conf:5:3: rule 2 skips the rest of phase 2: no SecMarker BEFORE follows it",
        ]
    );
}

#[test]
fn a_status_is_one_of_http() {
    let load = |status: &str| {
        let mut loader = Loader::new();
        let rule = format!("\nSecRule ARGS a \"id:1,phase:1,deny,status:{status}\"");
        loader.text("test.conf", &rule).unwrap();
        RuleSet::compile(loader.finish())
    };
    for status in ["100", "403", "599"] {
        load(status).unwrap();
    }
    for status in ["9999", "600", "99", "0"] {
        let error = load(status).unwrap_err().to_string();
        let expected = format!("test.conf:2:35: {status} is not a status (100 to 599)");
        assert_eq!(error, expected);
    }
}

#[test]
fn the_core_rule_set_jumps_to_its_markers() {
    if !std::path::Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return;
    }
    let rules = compile(
        "Include /etc/modsecurity/crs/crs-setup.conf\n\
         Include /usr/share/modsecurity-crs/rules/*.conf",
    );
    assert!(!rules.warnings().iter().any(|text| text.contains("SecMarker")), "{rules:?}");
}
