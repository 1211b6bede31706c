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
