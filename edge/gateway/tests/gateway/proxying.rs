//! Requests and answers pass unchanged, apart from what must change.

use std::sync::atomic::Ordering;

use crate::support::{Backend, Rig, https_client, problem, span};

#[tokio::test]
async fn a_request_reaches_the_server_and_the_answer_the_client() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let answer = rig.get("/hello?x=1&y=%20").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["target"], "/hello?x=1&y=%20");
    assert_eq!(answer.echoed("host").as_deref(), Some("localhost"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    let answer = rig.send(post).await;
    assert_eq!(answer.json()["body"], "hello");
    assert_eq!(answer.echoed("content-length").as_deref(), Some("5"));
    let chunked = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
    let answer = rig.send(chunked).await;
    assert_eq!(answer.json()["body"], "hello");
    assert_eq!(answer.echoed("transfer-encoding").as_deref(), Some("chunked"));
    let empty = rig.send("POST /p HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(empty.echoed("content-length").as_deref(), Some("0"));
    rig.stop().await;
}

#[tokio::test]
async fn connections_are_kept_on_both_sides() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    for _ in 0..20 {
        assert_eq!(wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
        assert_eq!(wire.send("GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n").await.text().len(), 24);
    }
    assert_eq!((backend.hits(), backend.connections()), (40, 1));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    let mut all = String::new();
    for index in 0..10 {
        all.push_str(&format!(
            "POST /{index} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{index:02}"
        ));
    }
    // In pieces that respect no boundary.
    for piece in all.as_bytes().chunks(37) {
        wire.write(piece).await;
        tokio::task::yield_now().await;
    }
    for index in 0..10 {
        let answer = wire.read().await.expect("an answer");
        assert_eq!(answer.json()["target"], format!("/{index}"));
        assert_eq!(answer.json()["body"], format!("{index:02}"));
    }
}

#[tokio::test]
async fn bodies_of_every_kind_come_back_whole() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    for length in [0, 1, 100, 16_384, 16_385, 1_000_000] {
        let answer = rig.get(&format!("/text?length={length}")).await;
        assert_eq!(answer.body.len(), length);
        assert_eq!(answer.header("content-length"), Some(length.to_string().as_str()));
    }
    let answer = rig.get("/chunks?count=5000").await;
    let expected: String = (0..5_000).map(|index| format!("chunk {index}\n")).collect();
    assert_eq!(answer.text(), expected);
    let answer = rig.send("HEAD /text?length=77 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("77")));
    let answer = rig.get("/status?code=304").await;
    assert_eq!(answer.status, 304);
    let body = "x".repeat(3_000_000);
    let post =
        format!("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(rig.send(&post).await.json()["length"], 3_000_000);
    // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
    let answer = rig.send("GET /chunks HTTP/1.0\r\n\r\n").await;
    assert_eq!(answer.text(), "chunk 0\nchunk 1\nchunk 2\n");
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"POST /ignore-body HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\nxxx")
        .await;
    let answer = wire.read().await.expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (403, "not reading that"));
}

#[tokio::test]
async fn expect_100_continue_is_answered_when_the_body_is_wanted() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(wire.take(25).await, b"HTTP/1.1 100 Continue\r\n\r\n");
    wire.write(b"hello").await;
    let answer = wire.read().await.expect("an answer");
    assert_eq!(answer.json()["body"], "hello");
    assert_eq!(answer.echoed("expect"), None);
}

#[tokio::test]
async fn http2_works_like_http1() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let client = https_client();
    let url = format!("https://localhost:{}", rig.https.port());
    let answer = client.get(format!("{url}/h2?x=1")).send().await.expect("answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert!(answer.headers().contains_key("strict-transport-security"));
    let echo: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(echo["target"], "/h2?x=1");
    let host = format!("localhost:{}", rig.https.port());
    assert!(echo["headers"].to_string().contains(&format!("[\"host\",\"{host}\"]")), "{echo}");
    assert!(echo["headers"].to_string().contains("[\"x-forwarded-proto\",\"https\"]"), "{echo}");
    let many = (0..50).map(|index| {
        let request = client.post(format!("{url}/{index}")).body(format!("body {index}"));
        async move { request.send().await.expect("answer").json::<serde_json::Value>().await }
    });
    for (index, echo) in futures_util::future::join_all(many).await.into_iter().enumerate() {
        assert_eq!(echo.expect("JSON")["body"], format!("body {index}"));
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_a_504_and_a_dead_one_a_502() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.timeouts.first_byte = span(700);
        settings.timeouts.idle = span(300);
        settings.retries.attempts = 1;
    })
    .await;
    problem(&rig.get("/hang").await, 504);
    problem(&rig.get("/abort").await, 502);
    // The header is out already when the body stalls: all that is left is to break off.
    let mut wire = rig.wire().await;
    wire.write(b"GET /stall HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = wire.take(15).await;
    assert_eq!(head, b"HTTP/1.1 200 OK");
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut wire.stream, &mut rest);
    let _ = tokio::time::timeout(crate::support::PATIENCE, read).await.expect("broken off");
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a broken body must not look complete");
    backend.kill().await;
    problem(&rig.get("/x").await, 502);
}

#[tokio::test]
async fn the_whole_request_has_a_deadline_too() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.timeouts.total = span(1_500)).await;
    problem(&rig.get("/hang").await, 504);
    assert_eq!(rig.get("/x").await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_server() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let state = &backend.state;
    crate::support::eventually("the request hangs", || async {
        state.hanging.load(Ordering::SeqCst) == 1
    })
    .await;
    drop(wire);
    crate::support::eventually("the request is dropped", || async {
        rig.handle.upstreams()["echo"]["servers"][0]["running"] == 0
    })
    .await;
}
