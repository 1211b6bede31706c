//! Values, operators, jumps, exclusions and decisions.

use super::*;

#[test]
fn expressions_see_lines_and_all_bytes() {
    let request = Request { uri: "/?x=a%0Ab", ..Request::default() };
    let tests = [
        ("ARGS", "@rx ^b$"),
        ("ARGS", "@rx a.b"),
        ("ARGS", "@rx ^$"),
        ("ARGS", "@rx B"),
        ("ARGS", "b$"),
    ];
    assert_eq!(matching(&tests, &request), [1, 2, 5]);
}

#[test]
fn a_scalar_is_always_inspected_and_a_missing_member_never() {
    let tests = [
        ("REQUEST_BODY", "@rx ^$"),
        ("REQUEST_BODY", "!@rx x"),
        ("&REQUEST_BODY", "@eq 1"),
        ("REQUEST_HEADERS:Absent", "!@rx x"),
        ("&REQUEST_HEADERS:Absent", "@eq 0"),
        ("TX:absent", "@eq 0"),
        ("REQBODY_ERROR", "@eq 0"),
        ("ARGS_COMBINED_SIZE", "@eq 0"),
    ];
    assert_eq!(matching(&tests, &Request::default()), [1, 2, 3, 5, 7, 8]);
}

#[test]
fn names_are_compared_without_case() {
    let request = Request { uri: "/?foO=x", ..Request::default() };
    let tests = [
        ("ARGS:Foo", "@rx x"),
        ("ARGS:/foo/", "@rx x"),
        ("ARGS|!ARGS:foo", "@rx x"),
        ("&ARGS:FOO", "@eq 1"),
        ("ARGS|!ARGS:/^F/", "@rx x"),
        ("ARGS:'/^fo+$/'", "@rx x"),
    ];
    assert_eq!(matching(&tests, &request), [1, 2, 4, 6]);
}

#[test]
fn texts_and_numbers() {
    let request = Request { uri: "/?v=xABCx&e=", ..Request::default() };
    let tests = [
        ("ARGS:v", "@pm abc de"),
        ("ARGS:v", "@within a,b,xyz"),
        ("ARGS:v", "@contains ABC"),
        ("ARGS:v", "@contains abc"),
        ("ARGS:v", "@eq 0"),
        ("ARGS:v", "@streq xABCx"),
        ("ARGS:e", "@within a,b"),
        ("ARGS:v", "@beginsWith xA"),
        ("ARGS:v", "@endsWith Cx"),
        ("ARGS:v", "@containsWord ABC"),
        ("REMOTE_ADDR", "@ipMatch 192.0.2.0/24,::1"),
        ("REMOTE_ADDR", "!@ipMatch 10.0.0.0/8"),
        ("ARGS:v", "@validateByteRange 65-90,120"),
        ("ARGS:v", "@validateByteRange 65-90"),
        ("ARGS:v", "@unconditionalMatch"),
        ("ARGS:v", "@noMatch"),
    ];
    assert_eq!(matching(&tests, &request), [1, 3, 5, 6, 7, 8, 9, 11, 12, 14, 15]);
}

#[test]
fn the_target_is_taken_apart_as_received() {
    let request = Request { uri: "/a+b%2Bc/d%20e?x=a+b&y&=z&q=%zz#frag", ..Request::default() };
    let tests = [
        ("REQUEST_URI", "@streq /a+b+c/d e?x=a+b&y&=z&q=%zz"),
        ("REQUEST_URI_RAW", "@endsWith #frag"),
        ("REQUEST_FILENAME", "@streq /a+b+c/d e"),
        ("REQUEST_BASENAME", "@streq d e"),
        ("QUERY_STRING", "@streq x=a+b&y&=z&q=%zz"),
        ("ARGS:x", "@streq a b"),
        ("ARGS:y", "@rx ^$"),
        ("&ARGS", "@eq 4"),
        ("ARGS:q", "@streq %zz"),
        ("ARGS_NAMES", "@streq q"),
        ("URLENCODED_ERROR", "@eq 1"),
        ("ARGS_GET_NAMES", "@streq x"),
        ("ARGS_POST", "@unconditionalMatch"),
    ];
    assert_eq!(matching(&tests, &request), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let absolute = Request { uri: "http://h:80/p/q?x=1", ..Request::default() };
    assert_eq!(
        matching(
            &[("REQUEST_URI", "@streq /p/q?x=1"), ("REQUEST_BASENAME", "@streq q")],
            &absolute
        ),
        [1, 2]
    );
}

#[test]
fn cookies_are_split_at_semicolons() {
    let request = Request {
        headers: &[("Cookie", "a=b; c ; =d;k=v=w"), ("Host", "h:8080")],
        ..Request::default()
    };
    let tests = [
        ("REQUEST_COOKIES:a", "@streq b"),
        ("REQUEST_COOKIES:k", "@streq v=w"),
        ("&REQUEST_COOKIES", "@eq 3"),
        ("REQUEST_COOKIES_NAMES", "@streq k"),
        ("SERVER_NAME", "@streq h"),
        ("REQUEST_HEADERS_NAMES", "@streq Cookie"),
    ];
    assert_eq!(matching(&tests, &request), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn setvar_runs_for_every_matching_value_even_when_the_chain_fails() {
    let transaction = run(
        "SecRule ARGS \"@rx x\" \"id:1,phase:2,pass,chain,setvar:tx.a=+1,setvar:'tx.b=%{MATCHED_VAR_NAME}'\"\n\
         SecRule ARGS \"@rx nomatch\" \"t:none,setvar:tx.never=1\"",
        &Request { uri: "/?a=x&b=x", ..Request::default() },
    );
    assert_eq!(transaction.tx("A").as_deref(), Some("2"));
    assert_eq!(transaction.tx("b").as_deref(), Some("ARGS:b"));
    assert_eq!(transaction.tx("never"), None);
    assert!(ids(&transaction).is_empty());
}

#[test]
fn arithmetic_and_removal_of_members() {
    let transaction = run(
        "SecAction \"id:1,phase:1,nolog,pass,setvar:tx.n=5,setvar:tx.n=+%{tx.n},setvar:tx.n=-3,setvar:tx.set,\
         setvar:tx.gone=1,setvar:!tx.gone,setvar:'tx.made_%{tx.n}=yes, really'\"",
        &Request::default(),
    );
    assert_eq!(transaction.tx("n").as_deref(), Some("7"));
    assert_eq!(transaction.tx("set").as_deref(), Some("1"));
    assert_eq!(transaction.tx("gone"), None);
    assert_eq!(transaction.tx("made_7").as_deref(), Some("yes, really"));
}

#[test]
fn captures_are_kept_until_replaced() {
    let transaction = run(
        "SecRule ARGS:a \"@rx (b)(c)?\" \"id:1,phase:2,pass,capture,logdata:'%{TX.0}|%{TX.1}|%{TX.2}'\"\n\
         SecRule ARGS:a \"@pm xx abd\" \"id:2,phase:2,pass,capture,logdata:'%{TX.0}|%{tx.1}'\"",
        &Request { uri: "/?a=abd", ..Request::default() },
    );
    let data: Vec<_> = transaction.matches().iter().map(|found| found.data.as_str()).collect();
    assert_eq!(data, ["b|b|", "abd|b"]);
}

#[test]
fn jumps_skip_to_their_label_in_the_phase() {
    let rules = "SecRule ARGS:a \"@rx x\" \"id:1,phase:2,pass,skipAfter:END\"\n\
        SecRule ARGS \"@rx x\" \"id:2,phase:2,pass\"\n\
        SecRule ARGS \"@rx x\" \"id:3,phase:1,pass\"\n\
        SecMarker END\n\
        SecRule ARGS \"@rx x\" \"id:4,phase:2,pass,skip:1\"\n\
        SecRule ARGS \"@rx x\" \"id:5,phase:2,pass\"\n\
        SecRule ARGS \"@rx x\" \"id:6,phase:2,pass\"\n";
    let with = run(rules, &Request { uri: "/?a=x", ..Request::default() });
    assert_eq!(ids(&with), [3, 1, 4, 6]);
    let without = run(rules, &Request { uri: "/?b=x", ..Request::default() });
    assert_eq!(ids(&without), [3, 2, 4, 6]);
}

#[test]
fn multi_match_tests_every_changed_form() {
    let transaction = run(
        "SecRule ARGS \"@rx X|x\" \"id:1,phase:2,pass,multiMatch,t:none,t:lowercase,t:lowercase,setvar:tx.n=+1\"",
        &Request { uri: "/?a=X", ..Request::default() },
    );
    assert_eq!(transaction.tx("n").as_deref(), Some("2"));
}

#[test]
fn matched_variables_belong_to_one_rule() {
    // libmodsecurity lets the first rule's variable leak into the second rule's chain; the
    // reference manual does not.
    let transaction = run(
        "SecRule ARGS:a \"@rx x\" \"id:1,phase:2,pass\"\n\
         SecRule ARGS:b \"@rx y\" \"id:2,phase:2,pass,chain\"\n\
         SecRule MATCHED_VARS \"@rx x\" \"t:none\"\n\
         SecRule ARGS:b \"@rx y\" \"id:3,phase:2,pass,chain\"\n\
         SecRule MATCHED_VARS_NAMES \"@rx ARGS:b$\" \"t:none\"",
        &Request { uri: "/?a=x&b=y", ..Request::default() },
    );
    assert_eq!(ids(&transaction), [1, 3]);
}

#[test]
fn rules_and_targets_can_be_excluded_at_run_time() {
    let mut rules = String::from(
        "SecAction \"id:99,phase:1,pass,nolog,ctl:ruleRemoveById=1,ctl:ruleRemoveTargetById=2;ARGS,\
         ctl:ruleRemoveTargetById=3;ARGS:a,ctl:ruleRemoveTargetByTag=mine;ARGS:/^a/,ctl:ruleRemoveByTag=theirs,\
         ctl:ruleRemoveById=7-8,ctl:ruleRemoveTargetById=9;ARGS:b\"\n",
    );
    for (id, tag) in [
        (1, "x"),
        (2, "x"),
        (3, "x"),
        (4, "mine"),
        (5, "theirs"),
        (6, "x"),
        (7, "x"),
        (8, "x"),
        (9, "x"),
    ] {
        rules.push_str(&format!("SecRule ARGS \"@rx x\" \"id:{id},phase:2,pass,tag:'{tag}'\"\n"));
    }
    let transaction = run(&rules, &Request { uri: "/?a=x", ..Request::default() });
    assert_eq!(ids(&transaction), [6, 9]);
}

#[test]
fn rules_can_be_changed_when_loaded() {
    let rules = "SecRuleRemoveById 1 5-6\n\
        SecRule ARGS \"@rx x\" \"id:1,phase:2,pass\"\n\
        SecRule ARGS \"@rx x\" \"id:2,phase:2,pass,tag:'t'\"\n\
        SecRule ARGS \"@rx x\" \"id:3,phase:2,pass\"\n\
        SecRule ARGS \"@rx x\" \"id:4,phase:2,pass,msg:'four'\"\n\
        SecRule ARGS \"@rx x\" \"id:5,phase:2,pass\"\n\
        SecRuleUpdateTargetById 3 \"!ARGS:a\"\n\
        SecRuleUpdateActionById 4 \"deny,status:418\"\n\
        SecRuleRemoveByTag t\n";
    let transaction = run(rules, &Request { uri: "/?a=x", ..Request::default() });
    assert_eq!(ids(&transaction), [4]);
    assert_eq!(transaction.intervention().unwrap().status, 418);
}

#[test]
fn decisions_depend_on_mode_and_defaults() {
    let rules = "SecDefaultAction \"phase:2,log,deny,status:406\"\n\
        SecRule ARGS \"@rx x\" \"id:1,phase:2,block\"\n\
        SecRule ARGS \"@rx x\" \"id:2,phase:2,block\"\n";
    let request = Request { uri: "/?a=x", ..Request::default() };
    let transaction = run(rules, &request);
    let intervention = transaction.intervention().unwrap();
    assert_eq!((intervention.status, intervention.rule_id), (406, Some(1)));
    assert_eq!(intervention.kind, InterventionKind::Deny);
    assert_eq!(ids(&transaction), [1], "an interrupted phase ends");

    let detecting = run(&format!("SecRuleEngine DetectionOnly\n{rules}"), &request);
    assert!(detecting.intervention().is_none());
    assert_eq!(ids(&detecting), [1, 2]);

    let off = run(&format!("SecRuleEngine Off\n{rules}"), &request);
    assert!(ids(&off).is_empty());

    let redirect = run(
        "SecRule ARGS \"@rx x\" \"id:1,phase:2,redirect:'https://e.example/%{ARGS.a}'\"",
        &request,
    );
    let kind = &redirect.intervention().unwrap().kind;
    assert_eq!(*kind, InterventionKind::Redirect("https://e.example/x".into()));

    let allowed = run(
        "SecRule ARGS \"@rx x\" \"id:1,phase:1,allow:request\"\nSecRule ARGS \"@rx x\" \"id:2,phase:2,deny\"\nSecRule ARGS \"@rx x\" \"id:3,phase:3,pass\"",
        &request,
    );
    assert!(allowed.intervention().is_none());
    assert_eq!(ids(&allowed), [1, 3]);
}
