//! What the filters do to requests and answers.

use std::io::Write as _;

use marquis_config::sections::gateway as settings;

use crate::support::{Backend, Rig, eventually, problem};

#[tokio::test]
async fn forwarding_fields_say_the_truth() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let lies = "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
        X-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\nX-User-Id: 1\r\nX_Real_IP: 6.6.6.6\r\n\
        X-Marquis-Role: admin\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\n\
        Connection: X-Secret, X-Real-IP\r\nX-Secret: 1\r\n";
    let answer = rig.get_with("/x", lies).await;
    for (name, value) in [
        ("x-forwarded-for", Some("127.0.0.1")),
        ("x-real-ip", Some("127.0.0.1")),
        ("x-forwarded-proto", Some("http")),
        ("x-forwarded-host", Some("localhost")),
        ("forwarded", None),
        ("x-user-id", None),
        ("x_real_ip", None),
        ("x-marquis-role", None),
        ("te", None),
        ("proxy-authorization", None),
        ("connection", None),
        ("x-secret", None),
    ] {
        assert_eq!(answer.echoed(name).as_deref(), value, "{name}");
    }
}

#[tokio::test]
async fn trusted_proxies_are_believed() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        settings.plain = settings::PlainMode::Redirect;
    })
    .await;
    let fields = "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example\r\n";
    let answer = rig.get_with("/x", fields).await;
    assert_eq!(answer.echoed("x-real-ip").as_deref(), Some("192.0.2.7"));
    assert_eq!(answer.echoed("x-forwarded-for").as_deref(), Some("6.6.6.6, 192.0.2.7, 127.0.0.1"));
    assert_eq!(answer.echoed("x-forwarded-proto").as_deref(), Some("https"));
    assert_eq!(answer.echoed("x-forwarded-host").as_deref(), Some("app.example"));
    assert!(answer.header("strict-transport-security").is_some());
}

#[tokio::test]
async fn every_request_has_an_id_and_a_trace() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let answer = rig.get("/x").await;
    let id = answer.header("x-request-id").expect("id").to_owned();
    assert_eq!(answer.echoed("x-request-id"), Some(id.clone()));
    let traceparent = answer.echoed("traceparent").expect("traceparent");
    assert_eq!(traceparent.split('-').nth(1), Some(id.as_str()));
    let given = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: abc-1\r\ntracestate: a=b\r\n";
    let answer = rig.get_with("/x", given).await;
    assert_eq!(answer.header("x-request-id"), Some("abc-1"));
    assert_eq!(answer.echoed("tracestate").as_deref(), Some("a=b"));
    let traceparent = answer.echoed("traceparent").expect("traceparent");
    assert!(traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{traceparent}");
    assert!(!traceparent.contains("b7ad6b7169203331"), "{traceparent}");
    let answer = rig
        .get_with("/x", "X-Request-Id: a b\"c\r\ntraceparent: junk\r\ntracestate: a=b\r\n")
        .await;
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    assert_eq!(answer.echoed("tracestate"), None);
    let refused = rig.get("/a/../b").await;
    problem(&refused, 400);
    assert_eq!(refused.json()["traceId"], *refused.header("x-request-id").expect("id"));
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let answer = rig.get("/x").await;
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("x-xss-protection"), Some("1; mode=block"));
    assert!(
        answer.header("content-security-policy").expect("policy").contains("default-src 'self'")
    );
    assert!(answer.header("referrer-policy").is_some());
    assert_eq!(answer.header("strict-transport-security"), None, "not over plain HTTP");
    let secure = crate::support::https_client()
        .get(format!("https://localhost:{}/x", rig.https.port()))
        .send()
        .await
        .expect("answer");
    assert_eq!(
        secure.headers()["strict-transport-security"],
        "max-age=31536000; includeSubDomains"
    );
    // Hop-by-hop fields and chatter end here; what the service says about frames stands.
    let answer = rig.get("/fields").await;
    for name in ["x-hop", "keep-alive", "server", "x-powered-by"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
}

#[tokio::test]
async fn cors_is_decided_at_the_edge() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.cors.origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let preflight = |origin: &str, method: &str, headers: &str| {
        format!(
            "OPTIONS /x HTTP/1.1\r\nHost: h\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: {method}\r\nAccess-Control-Request-Headers: {headers}\r\n\r\n"
        )
    };
    let allowed =
        rig.send(&preflight("https://app.example", "PUT", "content-type, Authorization")).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    assert!(allowed.header("access-control-allow-methods").expect("methods").contains("PUT"));
    assert_eq!(allowed.header("access-control-max-age"), Some("600"));
    for refused in [
        preflight("https://evil.example", "PUT", "content-type"),
        preflight("https://app.example", "BREW", "content-type"),
        preflight("https://app.example", "PUT", "x-weird"),
    ] {
        let answer = rig.send(&refused).await;
        assert_eq!((answer.status, answer.header("access-control-allow-methods")), (204, None));
    }
    assert_eq!(backend.hits(), 0, "preflights end at the edge");
    let answer = rig.get_with("/x", "Origin: https://app.example\r\n").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(answer.header("vary").expect("vary").contains("origin"));
    // A service cannot widen the list.
    let answer = rig.get_with("/fields", "Origin: https://evil.example\r\n").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // An error is readable by the page that caused it.
    let answer = rig.get_with("/a/../b", "Origin: https://app.example\r\n").await;
    problem(&answer, 400);
    assert!(answer.header("access-control-allow-origin").is_some());
}

#[tokio::test]
async fn any_origin_never_comes_with_credentials() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.cors.origins = vec!["*".to_owned()];
        settings.cors.credentials = true;
    })
    .await;
    let answer = rig.get_with("/x", "Origin: https://app.example\r\n").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn what_is_worth_it_is_compressed() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    for (accept, coding) in
        [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("zstd;q=1, gzip;q=0.5", "zstd")]
    {
        let fields = format!("Accept-Encoding: {accept}\r\n");
        let answer = rig.get_with("/text?length=50000", &fields).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(answer.header("etag"), Some("W/\"v1\""));
        assert_eq!(answer.header("content-length"), None);
        assert!(answer.body.len() < 5_000, "{coding}: {}", answer.body.len());
    }
    let gzip = "Accept-Encoding: gzip\r\n";
    let plain = rig.get("/text?length=50000").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    for path in ["/text?length=100", "/text?length=50000&no-transform", "/chunks?count=1000"] {
        let answer = rig.get_with(path, gzip).await;
        assert_eq!(answer.header("content-encoding"), None, "{path}");
    }
    let encoded = rig.get_with("/text?length=50000&encoded", "Accept-Encoding: br\r\n").await;
    assert_eq!(encoded.header("content-encoding"), Some("gzip"));
    assert_eq!(encoded.body.len(), 50_000);
    // The content is what it was: a client that decompresses finds it.
    let gzip = rig.get_with("/text?length=50000", gzip).await;
    let mut child = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut input = child.stdin.take().expect("input");
    let body = gzip.body;
    let writer = std::thread::spawn(move || input.write_all(&body));
    let output = child.wait_with_output().expect("output");
    writer.join().expect("thread").expect("written");
    assert_eq!(output.stdout, plain.body);
}

#[tokio::test]
async fn the_access_log_tells_everything_but_secrets() {
    let backend = Backend::start("a").await;
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("access.log");
    let rig = Rig::with(&[&backend], |settings| {
        settings.access_log.enabled = true;
        settings.access_log.path = path.clone();
        settings.routes[0].auth = settings::AuthMode::Optional;
    })
    .await;
    let fields = "Authorization: Bearer good\r\nX-Request-Id: id-7\r\n";
    rig.get_with("/x?access_token=hunter2&page=2", fields).await;
    rig.get_with("/y", "Authorization: Bearer hunter2\r\n").await;
    rig.get_with("/z?search=zborix@example.com&n=1", fields).await;
    rig.get_with("/z?q=zborix%2540example.com&search=zborix", fields).await;
    rig.stop().await;
    let text = std::fs::read_to_string(&path).expect("log");
    assert!(!text.contains("hunter2") && !text.contains("zborix"), "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[2]["metadata"]["path"], "/z?search=[redacted]&n=1");
    let line = |path: &str| {
        let of = |line: &&serde_json::Value| {
            line["metadata"]["path"].as_str().is_some_and(|text| text.starts_with(path))
        };
        lines.iter().find(of).expect("a line")
    };
    let first = line("/x");
    for field in ["timestamp", "level", "service", "trace_id", "user_id", "message"] {
        assert!(first[field].is_string(), "{field}: {first}");
    }
    let metadata = &first["metadata"];
    assert_eq!(metadata["path"], "/x?access_token=[redacted]&page=2");
    assert_eq!(metadata["status"], 200);
    assert_eq!(metadata["method"], "GET");
    assert_eq!(metadata["route"], "/*");
    assert_eq!(metadata["upstream"], backend.address.to_string());
    assert_eq!(metadata["retries"], 0);
    assert_eq!(metadata["client"], "127.0.0.1");
    assert_eq!(metadata["request_id"], "id-7");
    assert_eq!(metadata["complete"], serde_json::Value::Null, "only said when it is not");
    assert!(metadata["bytes"].as_u64().expect("bytes") > 100);
    assert!(
        metadata["duration_ms"].as_f64().expect("duration")
            >= metadata["upstream_ms"].as_f64().expect("time")
    );
    assert_eq!(line("/y")["metadata"]["status"], 401);
    assert_eq!(line("/y")["user_id"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_status_listener_counts() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.status = "127.0.0.1:0".to_owned()).await;
    let mut wire = rig.wire().await;
    for _ in 0..3 {
        wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await;
    }
    wire.send("GET /status?code=418 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let status = rig.status.expect("status listener");
    let read = async |path: &str| {
        let mut wire = crate::support::Wire::connect(status).await;
        wire.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await.text()
    };
    assert!(read("/stub_status").await.starts_with("Active connections: 1 \n"));
    assert!(read("/stub_status").await.contains("\n 1 1 4 \n"));
    eventually("metrics", || async {
        let text = read("/metrics").await;
        text.contains("gateway_requests_total{method=\"GET\",route=\"/*\",status_code=\"200\"} 3")
            && text.contains("gateway_requests_total{method=\"GET\",route=\"/*\",status_code=\"418\"} 1")
            && text.contains("gateway_connections_active 1")
            && text.contains("gateway_request_duration_seconds_count{method=\"GET\",route=\"/*\",status_code=\"200\"} 3")
            && text.contains(&format!("gateway_upstream_server_up{{server=\"{}\",upstream=\"echo\"}} 1", backend.address))
    })
    .await;
    assert!(read("/upstreams").await.contains("\"circuitOpen\":false"));
    problem(&rig.get("/metrics").await, 404);
}
