//! The firewall in the chain: what it refuses, what it tells of it, and that nothing it does
//! costs a request.

mod bodies;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquis_config::sections::waf::WafMode;
use marquis_gateway::reload::{Loader, watch};
use marquis_telemetry::Metrics;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{self, Answer, Backend, Rig, Wire, eventually, problem, route};

/// Rules in a file of their own.
struct Rules {
    dir: TempDir,
}

impl Rules {
    fn new(text: &str) -> Self {
        let rules = Self { dir: tempfile::tempdir().expect("directory") };
        rules.write(text);
        rules
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path("rules.conf"), text).expect("rules");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn pattern(&self) -> String {
        self.path("*.conf").to_string_lossy().into_owned()
    }
}

/// A gateway whose firewall blocks by these rules alone.
async fn guarded(backend: &Backend, rules: &Rules) -> Rig {
    Rig::with(&[backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.path = rules.path("audit.log");
        settings.waf.match_log.path = rules.path("matches.log");
    })
    .await
}

/// A gateway with the Core Rule Set.
async fn guarded_by_crs(backend: &Backend) -> Rig {
    let installed = Path::new("/usr/share/modsecurity-crs/rules").is_dir();
    assert!(installed, "the package modsecurity-crs is not installed; ./test.sh installs it");
    Rig::with(&[backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.audit.enabled = false;
    })
    .await
}

async fn post(rig: &Rig, path: &str, kind: &str, body: &str) -> Answer {
    rig.send(&format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    ))
    .await
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

const WORD: &str = "SecRule ARGS \"@contains evil\" \
    \"id:7001,phase:2,deny,status:403,log,auditlog,msg:'Evil',logdata:'%{MATCHED_VAR}'\"\n";

#[tokio::test]
async fn what_a_rule_matches_never_reaches_a_service() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    let refused = [
        rig.get("/x?q=evil").await,
        rig.get("/nowhere/at/all?q=ev%69l").await,
        post(&rig, "/x", "application/x-www-form-urlencoded", "a=1&b=evil").await,
        post(&rig, "/x", "application/json", r#"{"a":{"b":["good","evil"]}}"#).await,
        post(
            &rig,
            "/x",
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nevil\r\n--b--\r\n",
        )
        .await,
    ];
    for answer in &refused {
        assert_eq!(problem(answer, 403), "The request was refused.");
        assert!(!answer.text().contains("7001") && !answer.text().contains("Evil"), "{answer:?}");
        assert_eq!(answer.json()["traceId"].as_str().map(str::len), Some(32));
    }
    assert_eq!(backend.hits(), 0);
    let answer = post(&rig, "/x", "application/json", r#"{"a":"good"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["body"], r#"{"a":"good"}"#, "the body arrives as it was sent");
}

#[tokio::test]
async fn http_2_is_inspected_too() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    let client = support::https_client();
    let url = format!("https://127.0.0.1:{}/x", rig.https.port());
    let answer = client.get(format!("{url}?q=evil")).send().await.expect("answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (403, http::Version::HTTP_2));
    let answer = client.post(&url).body("q=evil").send().await.expect("answer");
    assert_eq!(answer.status(), 403, "without a type it is read as a form");
    let form = client.post(&url).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.body("q=evil").send().await.expect("answer").status(), 403);
}

#[tokio::test]
async fn detection_tells_and_lets_pass() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::Detection;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.path = rules.path("audit.log");
    })
    .await;
    assert_eq!(rig.get("/x?q=evil").await.status, 200);
    let audit = rules.path("audit.log");
    eventually("the audit log has a line", || async { !lines(&audit).is_empty() }).await;
    assert_eq!(lines(&audit)[0]["metadata"]["action"], "detected");
}

#[tokio::test]
async fn routes_have_modes_of_their_own() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.enabled = false;
        for (path, mode) in [("/off/*", WafMode::Off), ("/seen/*", WafMode::Detection)] {
            let mut own = route(path);
            own.waf = Some(mode);
            settings.routes.push(own);
        }
    })
    .await;
    assert_eq!(rig.get("/x?q=evil").await.status, 403);
    assert_eq!(rig.get("/off/x?q=evil").await.status, 200);
    assert_eq!(rig.get("/seen/x?q=evil").await.status, 200);
    assert_eq!(rig.get("/%6fff/x?q=evil").await.status, 200, "as it is routed");
    assert_eq!(rig.get("/off/../x?q=evil").await.status, 403, "as it is routed");
}

#[tokio::test]
async fn the_platform_s_own_rules_need_no_core_rule_set() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(""));
    let rig = guarded(&backend, &rules).await;
    for path in ["/api/admin", "/api/v1/ADMIN/users", "/api/%61dmin/x", "/api/./admin;x"] {
        assert_eq!(rig.get(path).await.status, 403, "{path}");
    }
    for agent in ["sqlmap/1.7", "Mozilla (Nikto/2.1)", "Nmap Scripting Engine"] {
        let answer = rig.get_with("/x", &format!("User-Agent: {agent}\r\n")).await;
        assert_eq!(answer.status, 403, "{agent}");
    }
    let file = |size: usize| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{}\r\n--b--\r\n",
            "x".repeat(size)
        )
    };
    let kind = "multipart/form-data; boundary=b";
    assert_eq!(post(&rig, "/x", kind, &file(5_242_880)).await.status, 200);
    assert_eq!(problem(&post(&rig, "/x", kind, &file(5_242_881)).await, 413), TOO_LARGE);
    assert_eq!(backend.hits(), 1);
}

const TOO_LARGE: &str = "The body is larger than is allowed here.";

#[tokio::test]
async fn the_audit_log_tells_what_and_keeps_secrets() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    let request = "GET /x?note=evil+ann@example.com&access_token=s3cr3t HTTP/1.1\r\n\
         Host: localhost\r\nX-Request-Id: req-1\r\nAuthorization: Bearer good\r\n\r\n";
    let refused = rig.send(request).await;
    let body = r#"{"password":"evil-hunter2"}"#;
    assert_eq!(post(&rig, "/x", "application/json", body).await.status, 403);
    let audit = rules.path("audit.log");
    eventually("both are in the log", || async { lines(&audit).len() == 2 }).await;
    let text = std::fs::read_to_string(&audit).expect("log");
    for secret in ["s3cr3t", "hunter2", "ann@example.com"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let lines = lines(&audit);
    let event = &lines[0]["metadata"];
    assert_eq!(lines[0]["trace_id"], refused.json()["traceId"]);
    assert_eq!(event["request_id"], "req-1");
    assert_eq!(event["action"], "blocked");
    assert_eq!(event["status"], 403);
    assert_eq!(event["client"], "127.0.0.1");
    let found = &event["matches"][0];
    assert_eq!((&found["rule_id"], &found["message"]), (&Value::from(7001), &Value::from("Evil")));
    assert_eq!(found["variables"][0]["name"], "ARGS:note");
    assert_eq!(lines[1]["metadata"]["matches"][0]["variables"][0]["value"], "[redacted]");
}

#[tokio::test]
async fn the_audit_log_does_not_tell_what_people_are_called() {
    let backend = Backend::start("a").await;
    let rules = Rules::new(&format!(
        "{WORD}SecRule REQUEST_URI|ARGS \"@contains zborix\" \"id:7010,phase:2,pass,log,auditlog,\
         msg:'Name %{{MATCHED_VAR}}',logdata:'%{{MATCHED_VAR_NAME}}: %{{MATCHED_VAR}}'\"\n\
         SecRule ARGS:json.displayName \"@contains zborix\" \"id:7011,phase:2,pass,log,auditlog,\
         msg:'Chain %{{MATCHED_VAR}}',logdata:'%{{MATCHED_VAR}}',chain\"\n\
         SecRule MATCHED_VAR \"@contains evil\" \"t:none\"\n"
    ));
    let rig = guarded(&backend, &rules).await;
    let body = r#"{"displayName":"evil zborix"}"#;
    post(&rig, "/x", "application/json", body).await;
    for target in [
        "/x?search=zborix",
        "/x?search=zborix+evil",
        "/x?n=1&search=zborix@example.com",
        "/x?q=zborix%40example.com",
        "/x?q=zborix%2540example.com",
        "/x/zborix%40example.com?n=evil",
    ] {
        rig.get_with(target, "Referer: https://a.example/u?search=zborix\r\n").await;
    }
    for log in ["audit.log", "matches.log"] {
        let path = rules.path(log);
        eventually("all are in the log", || async { lines(&path).len() >= 7 }).await;
        let text = std::fs::read_to_string(&path).expect("log");
        assert!(!text.contains("zborix") && text.contains("7010"), "{log}: {text}");
    }
}

#[tokio::test]
async fn the_match_log_is_complete_when_the_answer_is() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    for turn in 0..20 {
        let answer = rig.get_with("/x?q=evil", &format!("X-CRS-Test: t{turn}\r\n")).await;
        assert_eq!(answer.status, 403);
        let lines = lines(&rules.path("matches.log"));
        assert_eq!(lines.len(), turn + 1);
        assert_eq!(
            lines[turn],
            serde_json::json!({
                "marker": format!("t{turn}"), "rule_id": 7001, "phase": 2, "uri": "/x?q=evil",
            })
        );
    }
    rig.get("/x?q=evil").await;
    assert_eq!(lines(&rules.path("matches.log"))[20]["marker"], Value::Null);
}

#[tokio::test]
async fn answers_are_inspected_where_the_settings_say_so() {
    let backend = Backend::start("a").await;
    let rules = Rules::new(
        "SecRule RESPONSE_HEADERS:Content-Type \"@contains nothing-like-this\" \
         \"id:7002,phase:3,deny,status:502\"\n\
         SecRule RESPONSE_BODY \"@contains leaked\" \"id:7003,phase:4,deny,status:500\"\n",
    );
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.enabled = false;
        settings.waf.response_bodies = true;
    })
    .await;
    let answer = post(&rig, "/x", "text/plain", "harmless").await;
    assert_eq!((answer.status, answer.json()["body"].as_str()), (200, Some("harmless")));
    let answer = post(&rig, "/x", "text/plain", "leaked").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("leaked"), "{answer:?}");
}

#[tokio::test]
async fn rules_change_under_load_without_a_dropped_request() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    let stop = CancellationToken::new();
    let served = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (address, stop, served) = (rig.http, stop.clone(), Arc::clone(&served));
            tokio::spawn(async move {
                let mut wire = Wire::connect(address).await;
                while !stop.is_cancelled() {
                    let answer = wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    served.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for round in 0..10 {
        rules.write(&WORD.replace("evil", &format!("evil{round}")));
        rig.handle.reload(&rig.settings).await.expect("reloaded");
        assert_eq!(rig.get(&format!("/x?q=evil{round}")).await.status, 403);
        let before = served.load(Ordering::SeqCst);
        eventually("requests go on", || async { served.load(Ordering::SeqCst) > before + 20 })
            .await;
    }
    stop.cancel();
    for client in clients {
        client.await.expect("no client saw an error");
    }
}

#[tokio::test]
async fn broken_rules_change_nothing_and_say_where() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = guarded(&backend, &rules).await;
    rules.write(
        "SecAction \"id:7010,phase:1,nolog,pass\"\nSecRule ARGS \"@rx (\" \"id:7011,deny\"\n",
    );
    let error = rig.handle.reload(&rig.settings).await.expect_err("a broken expression");
    let place = format!("{}:2:", rules.path("rules.conf").display());
    assert!(error.to_string().contains(&place), "{error}");
    assert_eq!(rig.get("/x?q=evil").await.status, 403, "the old rules are still there");
    assert_eq!(rig.get("/x").await.status, 200);

    let mut settings = rig.settings.clone();
    settings.waf.rules = vec![rules.path("missing.conf").to_string_lossy().into_owned()];
    let error = rig.handle.reload(&settings).await.expect_err("a file that is not there");
    assert!(error.to_string().contains("missing.conf"), "{error}");
}

#[tokio::test]
async fn what_is_counted() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let mut settings = support::settings();
    settings.upstreams.insert("echo".to_owned(), support::upstream(&[backend.address]));
    settings.routes.push(route("/*"));
    settings.waf.engine = WafMode::On;
    settings.waf.crs = PathBuf::new();
    settings.waf.rules = vec![rules.pattern()];
    settings.waf.audit.enabled = false;
    let (dir, metrics) = (tempfile::tempdir().expect("directory"), Metrics::new());
    let bound = support::bind(&settings, BTreeMap::new(), &dir, Arc::clone(&metrics));
    let bound = bound.await.expect("bound");
    let (address, stop) = (bound.http_addr().expect("address"), CancellationToken::new());
    let running = tokio::spawn(bound.run(stop.clone()));
    let mut wire = Wire::connect(address).await;
    for path in ["/x", "/x?q=evil", "/x?q=evil"] {
        wire.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    }
    let text = metrics.render();
    for line in [
        "waf_evaluations_total{mode=\"on\",outcome=\"passed\"} 1",
        "waf_evaluations_total{mode=\"on\",outcome=\"blocked\"} 2",
        "waf_blocks_total{rule_id=\"7001\"} 2",
        "waf_rule_matches_total{rule_id=\"7001\"} 2",
        "waf_evaluation_duration_seconds_count 3",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    stop.cancel();
    running.await.expect("ends").expect("stops");
}

#[tokio::test]
async fn the_core_rule_set_refuses_attacks_and_lets_people_through() {
    let backend = Backend::start("a").await;
    let rig = guarded_by_crs(&backend).await;
    let browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 \
        Firefox/128.0\r\nAccept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n\
        Accept-Language: ru-RU,ru;q=0.8\r\nCookie: theme=dark; lang=ru\r\n";
    for path in [
        "/?id=1%27%20OR%20%271%27=%271",
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/?file=../../../../etc/passwd",
        "/?cmd=;cat%20/etc/passwd",
        "/?x=$%7Bjndi:ldap://evil/a%7D",
    ] {
        assert_eq!(rig.get_with(path, browser).await.status, 403, "{path}");
    }
    // The check that the platform's founding document asks for.
    let form = "application/x-www-form-urlencoded";
    let injected = post(&rig, "/api/users", form, "username=admin' OR '1'='1").await;
    assert_eq!(injected.status, 403);
    for path in [
        "/",
        "/?search=%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82&limit=20",
        "/?q=caf%C3%A9%20%F0%9F%98%80",
        "/users?search=O%27Brien&isOnline=true",
    ] {
        assert_eq!(rig.get_with(path, browser).await.status, 200, "{path}");
    }
    let profile = r#"{"profile":{"name":"Иван 😀","about":"I sell apples & pears; 5 for 3 €"}}"#;
    assert_eq!(post(&rig, "/x", "application/json", profile).await.status, 200);
    let login = r#"{"email":"ann@example.com","password":"' OR 1=1; DROP TABLE users--<script>"}"#;
    assert_eq!(post(&rig, "/api/v1/auth/login", "application/json", login).await.status, 200);
    let put = format!("PUT /x HTTP/1.1\r\nHost: localhost\r\n{browser}Content-Length: 0\r\n\r\n");
    assert_eq!(rig.send(&put).await.status, 200);
}

#[tokio::test]
async fn without_the_core_rule_set_the_gateway_starts() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = rules.path("not-installed");
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.enabled = false;
    })
    .await;
    assert_eq!(rig.get("/x").await.status, 200);
    assert_eq!(rig.get("/x?q=evil").await.status, 403);
    assert_eq!(rig.get("/api/admin").await.status, 403);
}

#[tokio::test]
async fn whatever_rules_are_made_of_is_watched() {
    let backend = Backend::start("a").await;
    let rules =
        Rules::new("SecRule ARGS \"@pmFromFile data/words.txt\" \"id:7101,phase:2,deny\"\n");
    let late = tempfile::tempdir().expect("directory");
    std::fs::create_dir(rules.path("data")).expect("directory");
    std::fs::write(rules.path("data/words.txt"), "evil\n").expect("words");
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules =
            vec![rules.pattern(), late.path().join("*.after").to_string_lossy().into_owned()];
        settings.waf.audit.enabled = false;
    })
    .await;
    let settings = rig.settings.clone();
    let load: Loader = Box::new(move || Ok(settings.clone()));
    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch(rig.handle.clone(), Vec::new(), load, stop.clone()));
    let refused = async |word: &str| rig.get(&format!("/x?q={word}")).await.status == 403;
    assert!(refused("evil").await && !refused("worse").await);
    // Watching begins some time after the spawn; writing again is harmless.
    eventually("the data file is read again", || async {
        std::fs::write(rules.path("data/words.txt"), "evil\nworse\n").expect("words");
        refused("worse").await
    })
    .await;
    assert!(!refused("late").await);
    let text = "SecRule ARGS \"@streq late\" \"id:7102,phase:2,deny\"\n";
    std::fs::write(late.path().join("new.after"), text).expect("rules");
    eventually("the new file of the pattern is read", || refused("late")).await;
    stop.cancel();
    watching.await.expect("task").expect("watched");
}
