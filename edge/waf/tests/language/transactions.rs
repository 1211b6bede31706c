//! Collections, bodies, limits, budgets and what audit events tell.

use super::*;

#[test]
fn counters_of_a_client_last_between_requests() {
    let store = Arc::new(MemoryCollections::default());
    let rules = Arc::new(compile(
        "SecAction \"id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.hits=+1,expirevar:ip.hits=60\"\n\
         SecRule IP:hits \"@gt 2\" \"id:2,phase:2,deny,status:429,logdata:'%{ip.hits}'\"",
    ));
    let mut statuses = Vec::new();
    for second in [0, 1, 2, 3, 90] {
        let context = TransactionContext {
            now: 1_700_000_000_000_000 + second * 1_000_000,
            collections: Some(Arc::clone(&store) as _),
            ..context()
        };
        let transaction = run_in(&rules, &Request::default(), context);
        statuses.push(transaction.intervention().map(|intervention| intervention.status));
    }
    assert_eq!(statuses.iter().flatten().count(), 2, "{statuses:?}");
    assert_eq!(statuses[4], None);
}

#[test]
fn json_becomes_arguments() {
    let request = Request {
        method: "POST",
        headers: &[("Content-Type", "application/json")],
        body: br#"{"a":[1,{"b":"c"}],"d":null}"#,
        ..Request::default()
    };
    let rules = "SecRule REQUEST_HEADERS:Content-Type \"json\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
        SecRule ARGS:json.a.array_0 \"@eq 1\" \"id:2,phase:2,pass\"\n\
        SecRule ARGS_POST:json.a.array_1.b \"@streq c\" \"id:3,phase:2,pass\"\n\
        SecRule REQBODY_PROCESSOR \"@streq JSON\" \"id:4,phase:2,pass\"\n\
        SecRule REQBODY_ERROR \"!@eq 0\" \"id:5,phase:2,pass\"";
    let found = |transaction: &Transaction| -> Vec<u64> {
        transaction.matches().iter().filter(|m| m.logged).map(|m| m.rule_id).collect()
    };
    // They are arguments of a body, but not of a form.
    assert_eq!(found(&run(rules, &request)), [2, 4]);
    let broken = Request { body: b"{\"a\":", ..request };
    assert_eq!(found(&run(rules, &broken)), [4, 5]);
}

#[test]
fn a_body_above_its_limit_is_refused() {
    let request = Request {
        method: "POST",
        headers: &[("Content-Type", "application/octet-stream")],
        body: &[b'a'; 2000],
        ..Request::default()
    };
    let transaction = run("SecRequestBodyNoFilesLimit 1000\n", &request);
    assert_eq!(transaction.intervention().unwrap().kind, InterventionKind::BodyLimit);
    assert_eq!(transaction.intervention().unwrap().status, 413);
    let partial = run(
        "SecRequestBodyNoFilesLimit 1000\nSecRequestBodyLimitAction ProcessPartial\n\
         SecRule REQUEST_BODY_LENGTH \"@eq 1000\" \"id:1,phase:2,pass\"\nSecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:2,phase:2,pass\"",
        &request,
    );
    assert_eq!(ids(&partial), [1, 2]);
}

#[test]
fn too_many_arguments_are_not_parsed_and_reported() {
    let query = format!("/?{}", "a=1&".repeat(100_000));
    let transaction = run(
        "SecRule &ARGS \"@eq 1000\" \"id:1,phase:2,pass\"\n\
         SecRule REQBODY_ERROR \"!@eq 0\" \"id:2,phase:2,deny,status:400\"",
        &Request { uri: &query, ..Request::default() },
    );
    assert_eq!(ids(&transaction), [1, 2]);
    assert_eq!(transaction.intervention().unwrap().status, 400);
}

#[test]
fn an_expression_without_end_is_cut_short_and_reported() {
    let value = "a".repeat(3000);
    let uri = format!("/?a={value}d");
    let transaction = run(
        "SecPcreMatchLimit 1\n\
         SecRule ARGS \"@rx (?=a)(?:a|aa)+e?(?!.)f|.*d\" \"id:1,phase:2,deny\"\n\
         SecRule TX:/^MSC_/ \"!@streq 0\" \"id:2,phase:2,pass\"\n\
         SecRule MSC_PCRE_LIMITS_EXCEEDED \"@eq 1\" \"id:3,phase:2,pass\"",
        &Request { uri: &uri, ..Request::default() },
    );
    assert!(transaction.intervention().is_none());
    assert_eq!(transaction.limits_exceeded(), 1);
    assert_eq!(ids(&transaction), [2, 3]);
}

#[test]
fn what_cannot_work_is_refused_with_its_place() {
    for (rules, words) in [
        ("SecRule FOO \"@rx a\" \"id:1\"", "unknown variable FOO"),
        ("SecRule ARGS \"@foo a\" \"id:1\"", "unknown operator @foo"),
        ("SecRule ARGS \"@rx (\" \"id:1\"", "not valid"),
        ("SecRule ARGS \"@rx a\" \"id:1,t:foo\"", "unknown transformation"),
        ("SecRule ARGS \"@rx a\" \"id:1,foo\"", "unknown action foo"),
        ("SecRule ARGS \"@rx a\" \"phase:2\"", "no id"),
        (
            "SecRule ARGS \"@rx a\" \"id:1\"\nSecRule ARGS \"@rx a\" \"id:1\"",
            "already used at t.conf:1:1",
        ),
        ("SecRule ARGS \"@rx a\" \"id:1,chain\"", "not continued"),
        ("SecRule ARGS \"@rx a\" \"id:1,msg:'%{foo}'\"", "unknown variable in the macro"),
        ("SecRule REQUEST_URI:x \"@rx a\" \"id:1\"", "no members"),
        ("SecRule ARGS \"@rx a\" \"id:1,exec:/bin/x\"", "not supported"),
        ("SecRule ARGS \"@pmFromFile absent.data\" \"id:1\"", "cannot read"),
    ] {
        let mut loader = Loader::new();
        loader.text("t.conf", rules).unwrap();
        let error = RuleSet::compile(loader.finish()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(&*error.at.file, "t.conf");
    }
}

#[test]
fn the_audit_event_names_rule_variable_and_scores() {
    let rules = "SecAuditEngine RelevantOnly\n\
        SecRule ARGS:a \"@rx x\" \"id:1,phase:2,deny,status:403,log,auditlog,msg:'Seen %{MATCHED_VAR}',severity:CRITICAL,tag:'t1',setvar:tx.anomaly_score=+5\"";
    let rules = Arc::new(compile(rules));
    let mut transaction = Transaction::new(Arc::clone(&rules), context());
    transaction.request_line(b"GET", b"/?a=x", b"HTTP/1.1");
    transaction.request_headers();
    transaction.request_body();
    let event = serde_json::to_value(transaction.finish().unwrap()).unwrap();
    assert_eq!(event["matches"][0]["rule_id"], 1);
    assert_eq!(event["matches"][0]["message"], "Seen x");
    assert_eq!(event["matches"][0]["severity"], "CRITICAL");
    assert_eq!(event["matches"][0]["variables"][0]["name"], "ARGS:a");
    assert_eq!(event["scores"][0][0], "anomaly_score");
    assert_eq!(event["scores"][0][1], 5);
    assert_eq!(event["status"], 403);

    let mut quiet = Transaction::new(rules, context());
    quiet.request_line(b"GET", b"/", b"HTTP/1.1");
    quiet.request_headers();
    quiet.request_body();
    assert!(quiet.finish().is_none());
}

#[test]
fn numbers_with_check_digits_are_found_wherever_they_begin() {
    let request = Request {
        uri: "/?cc=9%204111111111111111&cpf=1.529.982.247-25&ssn=x123-45-6788&svnr=1237010180&no=4111111111111112",
        ..Request::default()
    };
    let tests = [
        ("ARGS:cc", "@verifyCC \\d{13,16}"),
        ("ARGS:no", "@verifyCC \\d{16}"),
        ("ARGS:cpf", "@verifyCPF \\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}"),
        ("ARGS:ssn", "@verifySSN \\d{3}-?\\d{2}-?\\d{4}"),
        ("ARGS:svnr", "@verifySVNR \\d{10}"),
        ("ARGS:no", "@verifySVNR \\d{10}"),
    ];
    assert_eq!(matching(&tests, &request), [1, 3, 4, 5]);
}

#[test]
fn all_matches_of_a_global_expression_are_captured() {
    let rules = "SecRule ARGS \"@rxGlobal ([a-z])(\\d)\" \"id:1,phase:2,pass,capture\"\n\
        SecRule TX:3 \"@streq b2\" \"id:2,phase:2,pass\"\n\
        SecRule TX:5 \"@streq 2\" \"id:3,phase:2,pass\"\n\
        SecRule TX:15 \"@streq f\" \"id:4,phase:2,pass\"\n\
        SecRule ARGS \"@rxGlobal x*\" \"id:5,phase:2,pass\"";
    let request = Request { uri: "/?a=a1b2c3d4e5f6", ..Request::default() };
    assert_eq!(ids(&run(rules, &request)), [1, 2, 3, 5]);
}

#[test]
fn variables_of_credentials_environment_rule_and_time() {
    let rules = "SecRule REMOTE_USER \"@streq alice\" \"id:1,phase:1,pass,setenv:'who=%{REMOTE_USER}!'\"\n\
        SecRule ENV:who \"@streq alice!\" \"id:2,phase:1,pass,msg:'%{env.who}'\"\n\
        SecRule RULE:id \"@eq 3\" \"id:3,phase:1,pass,rev:7\"\n\
        SecRule TIME_MON \"@eq 10\" \"id:4,phase:1,pass\"\n\
        SecRule &ENV \"@eq 1\" \"id:5,phase:1,pass\"\n\
        SecRule &RULE \"@eq 2\" \"id:6,phase:1,pass,rev:7\"\n\
        SecRule MSC_PCRE_ERROR|MULTIPART_SEMICOLON_MISSING \"!@eq 0\" \"id:7,phase:1,pass\"";
    // "alice:secret"; the clock stands in November.
    let headers = [("Authorization", "Basic YWxpY2U6c2VjcmV0")];
    let transaction = run(rules, &Request { headers: &headers, ..Request::default() });
    assert_eq!(ids(&transaction), [1, 2, 3, 4, 5, 6]);
    assert_eq!(transaction.matches()[1].message, "alice!");
    assert_eq!(ids(&run(rules, &Request::default())), [3, 4, 6]);
}

#[test]
fn xml_can_become_arguments() {
    let request = Request {
        method: "POST",
        headers: &[("Content-Type", "text/xml")],
        body: b"<o><i>one</i><i><n>two</n></i></o>",
        ..Request::default()
    };
    let rules = |mode: &str| {
        format!(
            "SecAction \"id:9,phase:1,pass,nolog,ctl:requestBodyProcessor=XML,ctl:parseXmlIntoArgs={mode}\"\n\
             SecRule ARGS:xml.o.i \"@streq one\" \"id:1,phase:2,pass\"\n\
             SecRule ARGS:xml.o.i.n \"@streq two\" \"id:2,phase:2,pass\"\n\
             SecRule XML:/* \"@streq onetwo\" \"id:3,phase:2,pass\""
        )
    };
    let found = |mode: &str| -> Vec<u64> {
        ids(&run(&rules(mode), &request)).into_iter().filter(|&id| id != 9).collect()
    };
    assert_eq!(found("On"), [1, 2, 3]);
    assert_eq!(found("OnlyArgs"), [1, 2]);
    assert_eq!(found("Off"), [3]);
}

#[test]
fn scores_of_clients_fade() {
    let store: Arc<dyn marquis_waf::CollectionStore> = Arc::new(MemoryCollections::default());
    let rules = Arc::new(compile(
        "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},deprecatevar:ip.score=10/60\"\n\
         SecRule ARGS:bad \"@eq 1\" \"id:2,phase:2,pass,nolog,setvar:ip.score=+50\"\n\
         SecRule IP:score \"@gt 0\" \"id:3,phase:2,pass,log,logdata:'%{ip.score}'\"",
    ));
    let at = |seconds: u64, uri: &str| {
        let context = TransactionContext {
            now: seconds * 1_000_000,
            collections: Some(Arc::clone(&store)),
            ..context()
        };
        let transaction = run_in(&rules, &Request { uri, ..Request::default() }, context);
        let found = transaction.matches().iter().find(|found| found.rule_id == 3);
        found.map(|found| found.data.clone())
    };
    assert_eq!(at(1000, "/?bad=1").as_deref(), Some("50"));
    assert_eq!(at(1030, "/").as_deref(), Some("50"));
    assert_eq!(at(1130, "/").as_deref(), Some("30"));
    assert_eq!(at(2000, "/"), None);
}

#[test]
fn what_is_named_secret_is_not_shown() {
    let rules = "SecAuditEngine On\nSecAuditLogParts ABFHZ\n\
        SecRule ARGS \"@contains attack\" \"id:1,phase:2,pass,log,msg:'m %{MATCHED_VAR}',logdata:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}'\"\n\
        SecRule REQUEST_BODY|QUERY_STRING \"@contains attack\" \"id:2,phase:2,pass,log,logdata:'%{MATCHED_VAR}'\"\n\
        SecRule REQUEST_HEADERS:X-Key \"@contains key\" \"id:3,phase:2,pass,log,sanitiseMatched\"\n\
        SecAction \"id:4,phase:5,pass,nolog,sanitiseArg:pin\"";
    let mut rules = compile(rules);
    rules.set_redaction(marquis_waf::Redaction::new([
        "ARGS:*passw*",
        "REQUEST_HEADERS:authorization",
        "REQUEST_COOKIES",
    ]));
    let request = Request {
        method: "POST",
        uri: "/?Password=attack%21hunter2&q=attack&pin=1234",
        headers: &[
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", "Bearer tok-attack"),
            ("Cookie", "sid=c00kie"),
            ("X-Key", "key-77"),
            ("X-Other", "fine"),
        ],
        body: b"old_password=attack-swordfish&note=attack",
    };
    let mut transaction = run_in(&Arc::new(rules), &request, context());
    let event = serde_json::to_string(&transaction.finish().unwrap()).unwrap();
    for secret in ["hunter2", "swordfish", "tok-attack", "c00kie", "key-77", "1234"] {
        assert!(!event.contains(secret), "{secret} in {event}");
    }
    for shown in ["fine", "ARGS:q", "note=attack", "q=attack"] {
        assert!(event.contains(shown), "{shown} not in {event}");
    }
}

#[test]
fn a_transaction_has_a_budget_for_backtracking() {
    // Each of the values takes all steps of a search; after ten of them none are left.
    let values: String = (0..200).map(|n| format!("a{n}={}d&", "a".repeat(300))).collect();
    let rules = "SecPcreMatchLimit 1\nSecRule ARGS \"@rx (?=a)(?:a|aa)+e?(?!.)f|.*d\" \"id:1,phase:2,deny\"\n\
         SecRule REQUEST_METHOD \"@rx G(?=ET)\" \"id:2,phase:2,pass\"\n\
         SecRule MSC_PCRE_LIMITS_EXCEEDED|MSC_PCRE_ERROR \"@gt 0\" \"id:3,phase:2,pass\"";
    let uri = format!("/?{values}");
    let transaction = run(rules, &Request { uri: &uri, ..Request::default() });
    assert_eq!(ids(&transaction), [3]);
    assert!(transaction.limits_exceeded() >= 200);
    assert_eq!(ids(&run(rules, &Request::default())), [2]);
}

#[test]
fn variables_made_by_rules_do_not_grow_without_end() {
    let doubling: String = (2..40)
        .map(|id| format!("SecAction \"id:{id},phase:1,pass,nolog,setvar:'tx.a=%{{tx.a}}%{{tx.a}}',setvar:'tx.a{id}=%{{tx.a}}'\"\n"))
        .collect();
    let rules = format!("SecAction \"id:1,phase:1,pass,nolog,setvar:tx.a=0123456789\"\n{doubling}");
    let transaction = run(&rules, &Request::default());
    assert!(transaction.memory() < 40 << 20, "{}", transaction.memory());
    assert_eq!(transaction.tx("a").unwrap().len(), 1 << 20);
}

#[test]
fn whether_the_body_is_read_is_known() {
    let reads = |rules: &str| compile(rules).reads_request_body();
    assert!(reads("SecRule ARGS \"@rx a\" \"id:1,phase:2,pass\""));
    assert!(!reads("SecRule ARGS \"@rx a\" \"id:1,phase:1,pass\""));
    assert!(!reads("SecRule REQUEST_URI \"@rx a\" \"id:1,phase:2,pass\""));
    assert!(!reads("SecRequestBodyAccess Off\nSecRule ARGS \"@rx a\" \"id:1,phase:2,pass\""));
}

#[test]
fn a_chain_speaks_with_the_values_of_its_end() {
    let rules = "SecRule REQUEST_URI \"@rx (.)\" \"id:1,phase:2,deny,capture,msg:'%{MATCHED_VAR}',chain\"\n\
        SecRule REQUEST_METHOD \"@rx (..)\" \"t:none,capture,logdata:'%{TX.0}',chain\"\n\
        SecRule REQUEST_METHOD \"@rx (...)\" \"t:none,capture,logdata:'other',status:437\"";
    let transaction = run(rules, &Request::default());
    assert_eq!(transaction.intervention().unwrap().status, 437);
    assert_eq!(transaction.matches()[0].message, "GET");
    assert_eq!(transaction.matches()[0].data, "GET");
}

#[test]
fn default_actions_need_not_disrupt_and_are_given_once() {
    let request = Request { uri: "/?a=X", ..Request::default() };
    let transaction = run(
        "SecDefaultAction \"phase:2,t:lowercase\"\nSecRule ARGS \"@streq x\" \"id:1,phase:2\"",
        &request,
    );
    assert_eq!(ids(&transaction), [1]);
    assert!(transaction.intervention().is_none());
    for refused in [
        "SecDefaultAction \"phase:2,t:none,pass\"",
        "SecDefaultAction \"phase:2,id:1,pass\"",
        "SecDefaultAction \"phase:2,block\"",
        "SecDefaultAction \"phase:2,pass\"\nSecDefaultAction \"phase:2,deny\"",
    ] {
        let mut loader = Loader::new();
        loader.text("t.conf", refused).unwrap();
        assert!(RuleSet::compile(loader.finish()).is_err(), "{refused}");
    }
}

#[test]
fn arguments_excluded_by_an_expression_take_their_names_along() {
    let rules = "SecRule ARGS_NAMES \"@contains yyy\" \"id:1,phase:2,pass\"\nSecRuleUpdateTargetById 1 \"!ARGS:/xxx/\"";
    assert_eq!(ids(&run(rules, &Request { uri: "/?xxxyyy=1", ..Request::default() })), [0; 0]);
    assert_eq!(ids(&run(rules, &Request { uri: "/?xxyyy=1", ..Request::default() })), [1]);
}

#[test]
fn a_body_cut_at_its_limit_is_not_malformed_for_that() {
    let rules = |kind: &str, limit: usize| {
        format!(
            "SecRequestBodyLimit {limit}\nSecRequestBodyLimitAction ProcessPartial\n\
             SecAction \"id:9,phase:1,pass,nolog,ctl:requestBodyProcessor={kind}\"\n\
             SecRule REQBODY_ERROR \"!@eq 0\" \"id:1,phase:2,pass\"\n\
             SecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:2,phase:2,pass\""
        )
    };
    for (kind, body) in [
        ("JSON", &b"{\"a\":\"attack\",\"b\":\"more\"}"[..]),
        (
            "MULTIPART",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nattack\r\n--b--\r\n",
        ),
        ("XML", b"<a><b>attack</b><c>more text</c></a>"),
    ] {
        let headers = [("Content-Type", "multipart/form-data; boundary=b")];
        let request = Request { method: "POST", headers: &headers, body, ..Request::default() };
        let found = |limit: usize, body: &[u8]| -> Vec<u64> {
            let transaction = run(&rules(kind, limit), &Request { body, ..request });
            ids(&transaction).into_iter().filter(|&id| id != 9).collect()
        };
        assert_eq!(found(body.len() - 4, body), [2], "{kind}");
        assert_eq!(found(body.len(), body), [0; 0], "{kind}");
        assert_eq!(found(body.len(), &body[..body.len() - 4]), [1], "{kind}");
    }
}
