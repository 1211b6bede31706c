//! What two parsers could understand differently is refused with an answer and a closed
//! connection, and never reaches a server.

use std::time::Duration;

use crate::support::{Backend, Rig, Wire, problem, span};

#[tokio::test]
async fn ambiguous_requests_get_400_and_a_closed_connection() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    for (request, status) in [
        (
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX",
            400,
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nX", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nX", 400),
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n", 400),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
            400,
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: cow\r\n\r\n", 501),
        ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("nonsense\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\n", 400),
    ] {
        let mut wire = rig.wire().await;
        let answer = wire.send(request).await;
        problem(&answer, status);
        assert_eq!(answer.header("connection"), Some("close"), "{request:?}");
        assert!(wire.closed().await, "{request:?}");
    }
    assert_eq!(backend.hits(), 0);
}

#[tokio::test]
async fn a_smuggled_request_behind_a_good_one_is_refused() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(wire.read().await.expect("an answer").status, 200);
    wire.write(b"GET /bad HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").await;
    problem(&wire.read().await.expect("an answer"), 400);
    assert!(wire.closed().await);
    assert_eq!(backend.hits(), 1);
}

#[tokio::test]
async fn targets_that_are_no_uris_are_made_some() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    for (sent, seen) in [
        ("/x?q=<b>\"c\"", "/x?q=%3Cb%3E%22c%22"),
        ("/x?q={a}|b^c`d\\", "/x?q=%7Ba%7D%7Cb%5Ec%60d%5C"),
        ("/<x>/\"{y}\"?a", "/%3Cx%3E/%22%7By%7D%22?a"),
    ] {
        assert_eq!(rig.get(sent).await.json()["target"], seen, "{sent}");
    }
    problem(&rig.get("/x\\y").await, 400);
    // One after another on one connection, with a body between and a header in two pieces.
    let mut wire = rig.wire().await;
    let head = "HTTP/1.1\r\nHost: h\r\n";
    wire.write(
        format!("GET /1<> {head}\r\nPOST /2\"? {head}Content-Length: 4\r\n\r\n<\"\"").as_bytes(),
    )
    .await;
    assert_eq!(wire.read().await.expect("first").json()["target"], "/1%3C%3E");
    wire.write(b">GET /3?a=").await;
    let second = wire.read().await.expect("second").json();
    assert_eq!((&second["target"], &second["body"]), (&"/2%22?".into(), &"<\"\">".into()));
    wire.write(format!("<3 {head}\r\n").as_bytes()).await;
    assert_eq!(wire.read().await.expect("third").json()["target"], "/3?a=%3C3");
}

#[tokio::test]
async fn a_chunk_that_breaks_later_gets_its_400_too() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    // Let the first part arrive on its own.
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.write(b"zz\r\n").await;
    let answer = wire.read().await.expect("an answer");
    problem(&answer, 400);
    assert!(wire.closed().await);
}

#[tokio::test]
async fn sizes_are_limited() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.limits.body = 1_000).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(9_000));
    problem(&rig.send(&long).await, 414);
    let large = format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "a".repeat(40_000));
    problem(&rig.send(&large).await, 431);
    let many = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(101));
    problem(&rig.send(&many).await, 431);
    let endless = format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}", "a".repeat(400_000));
    problem(&rig.send(&endless).await, 431);
    let body = "x".repeat(1_001);
    let declared = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n{body}");
    let detail = problem(&rig.send(&declared).await, 413);
    assert!(detail.contains("1000"), "{detail}");
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n"
    );
    problem(&rig.send(&chunked).await, 413);
    let fits = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{}", &body[1..]);
    assert_eq!(rig.send(&fits).await.status, 200);
}

#[tokio::test]
async fn sizes_are_limited_over_http2_too() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.limits.body = 1_000).await;
    let client = crate::support::https_client();
    let url = format!("https://localhost:{}", rig.https.port());
    let status = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        answer.status().as_u16()
    };
    assert_eq!(status(client.get(format!("{url}/{}", "a".repeat(9_000)))).await, 414);
    let mut many = client.get(&url);
    for index in 0..101 {
        many = many.header(format!("x-{index}"), "y");
    }
    assert_eq!(status(many).await, 431);
    assert_eq!(status(client.get(&url).header("x", "y".repeat(60_000))).await, 431);
    assert_eq!(status(client.post(&url).body("x".repeat(1_001))).await, 413);
    assert_eq!(status(client.post(&url).body("x".repeat(1_000))).await, 200);
    assert_eq!(backend.hits(), 1);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_while_it_is_being_sent() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = rig.wire().await;
    wire.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10485761\r\n\r\n").await;
    let chunk = vec![b'x'; 65_536];
    for _ in 0..160 {
        if tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &chunk).await.is_err() {
            break;
        }
    }
    problem(&wire.read().await.expect("the answer is not lost"), 413);
    assert_eq!(backend.hits(), 0);
}

#[tokio::test]
async fn slow_clients_are_told_and_dropped() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.limits.header_timeout = span(800);
        settings.limits.body_timeout = span(500);
        settings.limits.keep_alive = span(800);
    })
    .await;
    // Slow header, one byte at a time: the clock runs from the first one.
    let mut wire = rig.wire().await;
    for byte in b"GET / HTTP/1.1\r\nHo" {
        if tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    problem(&wire.read().await.expect("an answer"), 408);
    assert!(wire.closed().await);
    // Slow body.
    let mut wire = rig.wire().await;
    wire.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc").await;
    problem(&wire.read().await.expect("an answer"), 408);
    assert!(wire.closed().await);
    // Nothing at all, and nothing after an answer: closed without a word.
    let mut silent = rig.wire().await;
    assert!(silent.closed().await);
    let mut idle = rig.wire().await;
    assert_eq!(idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
    assert!(idle.closed().await);
}

#[tokio::test]
async fn a_client_that_never_reads_is_dropped() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.limits.send_timeout = span(300)).await;
    let mut wire = rig.wire().await;
    wire.write(b"GET /text?length=50000000 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let state = || rig.handle.upstreams()["echo"]["servers"][0]["running"].clone();
    crate::support::eventually("it is being answered", || async { state() == 1 }).await;
    crate::support::eventually("server and connection are free again", || async {
        state() == 0 && rig.handle.status().active == 0
    })
    .await;
}

#[tokio::test]
async fn connections_are_limited_altogether_and_by_address() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.limits.connections_per_address = 3;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut wire = rig.wire().await;
        assert_eq!(wire.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
        open.push(wire);
    }
    assert!(Wire::connect(rig.http).await.closed().await);
    // An answer's last byte reaches the client a moment before its record is closed.
    crate::support::eventually("all three wait", || async {
        let status = rig.handle.status();
        (status.accepted, status.handled, status.active) == (4, 3, 3)
            && (status.requests, status.waiting, status.writing) == (3, 3, 0)
    })
    .await;
    drop(open);
    crate::support::eventually("there is room again", || async {
        let mut wire = Wire::connect(rig.http).await;
        wire.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        wire.read().await.is_some()
    })
    .await;
}
