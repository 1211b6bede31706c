//! Bytes that no HTTP client sends: requests with two meanings, header bombs, slow clients.
//!
//! After what is refused the connection ends: what follows on it could be part of either
//! meaning (RFC 9112, sections 6.1, 6.3 and 11.2).

use std::time::Duration;

use marquis_tests::wire::{Wire, statuses};
use marquis_tests::{Api, Installation};

use crate::shared;

/// A second request hidden in the first; reaching a handler it would be answered too.
const HIDDEN: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn exchange(installation: &Installation, request: &[u8]) -> String {
    let mut wire = Wire::open(installation.https_port(), &installation.certificate()).await;
    wire.send(request).await;
    wire.read_to_end().await
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
        .into_bytes()
}

#[tokio::test]
async fn requests_with_two_meanings_are_refused_and_end_the_connection() {
    let installation = shared::up().await;
    let hidden_chunk = format!("0\r\n\r\n{HIDDEN}");
    let length = hidden_chunk.len();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "CL.TE",
            post(
                &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
                &hidden_chunk,
            ),
        ),
        (
            "TE.CL",
            post(
                &format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
                &hidden_chunk,
            ),
        ),
        (
            "TE twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", &hidden_chunk),
        ),
        (
            "TE.TE",
            post("Transfer-Encoding: xchunked\r\nTransfer-Encoding: chunked\r\n", &hidden_chunk),
        ),
        ("TE not last", post("Transfer-Encoding: chunked, identity\r\n", &hidden_chunk)),
        ("TE chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", &hidden_chunk)),
        ("TE with vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", &hidden_chunk)),
        (
            "CL twice, different",
            post(&format!("Content-Length: 0\r\nContent-Length: {}\r\n", HIDDEN.len()), HIDDEN),
        ),
        ("CL list, different", post(&format!("Content-Length: 0, {}\r\n", HIDDEN.len()), HIDDEN)),
        ("CL with a plus", post("Content-Length: +0\r\n", HIDDEN)),
        ("CL negative", post("Content-Length: -1\r\n", HIDDEN)),
        ("CL in hex", post("Content-Length: 0x0\r\n", HIDDEN)),
        ("CL beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", HIDDEN)),
        ("space before the colon", post("Content-Length : 0\r\n", HIDDEN)),
        ("space before TE's colon", post("Transfer-Encoding : chunked\r\n", &hidden_chunk)),
        ("space in a name", post("Content Length: 0\r\n", HIDDEN)),
        ("tab in a name", post("Content\tLength: 0\r\n", HIDDEN)),
        ("empty name", post(": value\r\n", HIDDEN)),
        ("folded line", post("X-Folded: a\r\n Content-Length: 5\r\n", HIDDEN)),
        ("no colon", post("Nonsense\r\n", HIDDEN)),
        ("NUL in a value", post("X-Nul: a\0b\r\n", HIDDEN)),
        ("CR in a value", post("X-Cr: a\rb\r\n", HIDDEN)),
        (
            "bare LF",
            format!(
                "GET /health HTTP/1.1\nHost: localhost\nContent-Length: {}\n\n{HIDDEN}",
                HIDDEN.len()
            )
            .into_bytes(),
        ),
        ("bare LF in a value", post("X-Lf: a\nContent-Length: 0\r\n", HIDDEN)),
        ("bare CR line", b"GET /health HTTP/1.1\rHost: localhost\r\r".to_vec()),
        (
            "chunk size too large",
            post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ),
        ("chunk size negative", post("Transfer-Encoding: chunked\r\n", "-1\r\nx\r\n0\r\n\r\n")),
        ("chunk size 0x", post("Transfer-Encoding: chunked\r\n", "0x1\r\nx\r\n0\r\n\r\n")),
        ("chunk ends with LF", post("Transfer-Encoding: chunked\r\n", "1\nx\n0\n\n")),
        ("chunk longer than said", post("Transfer-Encoding: chunked\r\n", "1\r\nxyz\r\n0\r\n\r\n")),
        ("two hosts", b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n".to_vec()),
        ("no host", b"GET /health HTTP/1.1\r\n\r\n".to_vec()),
        ("a host with a path", b"GET /health HTTP/1.1\r\nHost: localhost/x\r\n\r\n".to_vec()),
        ("a host with a user", b"GET /health HTTP/1.1\r\nHost: me@localhost\r\n\r\n".to_vec()),
        ("an unknown version", b"GET /health HTTP/3.7\r\nHost: localhost\r\n\r\n".to_vec()),
        ("no version", b"GET /health\r\nHost: localhost\r\n\r\n".to_vec()),
        ("a space in the target", b"GET /hea lth HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        (
            "a control character in the target",
            b"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        ("a method with a slash", b"G/T /health HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("TLS inside TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
    ];
    for (what, request) in cases {
        let read = exchange(installation, &request).await;
        let answers = statuses(&read);
        // One, so the hidden request was not; a head without an end is given up on.
        assert!(matches!(answers[..], [400 | 408 | 501 | 505]), "{what}: {read}");
        assert!(read.contains("application/problem+json"), "{what}: {read}");
    }
    // It is still there, for everybody else.
    installation.api().get("/health").await.expect(200);
}

#[tokio::test]
async fn requests_in_a_row_are_each_answered_once() {
    let installation = shared::up().await;
    let body = "{\"email\":\"a@example.org\",\"password\":\"x\"}";
    let mut pipeline = Vec::new();
    pipeline.extend(post(&format!("Content-Length: {}\r\n", body.len()), body));
    let chunks = format!("{:x};a=b\r\n{body}\r\n0\r\nX-Trailer: 1\r\n\r\n", body.len());
    pipeline.extend(post("Transfer-Encoding: chunked\r\n", &chunks));
    let last = format!("Content-Length: {}\r\nConnection: close\r\n", body.len());
    pipeline.extend(post(&last, body));
    let read = exchange(installation, &pipeline).await;
    assert_eq!(statuses(&read), [401, 401, 401], "{read}");
}

#[tokio::test]
async fn header_bombs_are_a_431() {
    let installation = shared::up().await;
    let request =
        |headers: String| format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    let many: String = (0..5_000).map(|index| format!("X-{index}: 1\r\n")).collect();
    for (what, bytes, wanted) in [
        ("one long value", request(format!("X-Long: {}\r\n", "a".repeat(100_000))), [431, 431]),
        ("one long name", request(format!("X-{}: 1\r\n", "a".repeat(100_000))), [431, 400]),
        ("many fields", request(many), [431, 431]),
        ("a long cookie", request(format!("Cookie: {}\r\n", "a=b; ".repeat(20_000))), [431, 431]),
        (
            "a long target",
            format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(100_000)),
            [414, 431],
        ),
        ("no end at all", "X".repeat(1_000_000), [400, 414]),
    ] {
        let read = exchange(installation, bytes.as_bytes()).await;
        let answers = statuses(&read);
        // A connection that is cut off while we still send may lose the answer.
        assert!(answers.len() <= 1, "{what}: {read}");
        assert!(answers.iter().all(|status| wanted.contains(status)), "{what}: {read}");
    }
    installation.api().get("/health").await.expect(200);
}

#[tokio::test]
async fn slow_clients_are_let_go_and_hold_nobody_up() {
    // The shared installation waits two seconds for headers and for the next piece of a body.
    let installation = shared::up().await;
    let certificate = installation.certificate();
    let slow: [&[u8]; 4] = [
        b"",
        b"GET /hea",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ];
    let mut waiting = tokio::task::JoinSet::new();
    for (index, start) in slow.into_iter().enumerate().flat_map(|one| std::iter::repeat_n(one, 10))
    {
        let mut wire = Wire::open(installation.https_port(), &certificate).await;
        wire.send(start).await;
        // A connection on which nothing was asked is idle, not slow; that may take longer.
        if index > 0 {
            waiting.spawn(async move { (start, wire.read_to_end().await) });
        }
    }
    // Meanwhile others are served.
    let api = installation.api();
    for _ in 0..20 {
        api.get("/health").await.expect(200);
    }
    for (start, read) in waiting.join_all().await {
        let answers = statuses(&read);
        let start = String::from_utf8_lossy(start);
        assert!(answers.is_empty() || answers == [408], "{start:?}: {read}");
    }
}

#[tokio::test]
async fn a_client_that_drips_is_let_go_too() {
    let installation = shared::up().await;
    let mut wire = Wire::open(installation.https_port(), &installation.certificate()).await;
    wire.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n").await;
    // A field every 200 ms is activity, yet the head as a whole has to be there in two seconds.
    let mut pace = tokio::time::interval(Duration::from_millis(200));
    let mut dripped = 0;
    for _ in 0..300 {
        pace.tick().await;
        if !wire.send(b"X-Drip: 1\r\n").await {
            break;
        }
        dripped += 1;
    }
    assert!(dripped < 300, "a minute of dripping was borne");
    installation.api().get("/health").await.expect(200);
}

#[tokio::test]
async fn the_plain_listener_only_leads_to_the_encrypted_one() {
    let installation = shared::up().await;
    let api = Api::plain(installation.http_port());
    for path in ["/", "/api/v1/auth/me?x=1", "/health"] {
        let answer = api.get(path).await;
        answer.expect(301);
        let wanted = format!("https://127.0.0.1:{}{path}", installation.https_port());
        assert_eq!(answer.header("location"), wanted);
    }
    let login = api.login("a@example.org", "Password123!").await;
    assert!([301, 308, 403].contains(&login.status), "{login:?}");
}

#[tokio::test]
async fn answers_carry_the_security_headers_and_an_id() {
    let api = shared::up().await.api();
    for path in ["/health", "/nothing", "/api/v1/auth/me", "/.well-known/jwks.json"] {
        let answer = api.get(path).await;
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000; includeSubDomains",
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN", "{path}");
        assert_eq!(answer.header("x-xss-protection"), "1; mode=block", "{path}");
        assert!(!answer.header("content-security-policy").is_empty(), "{path}");
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("server").to_ascii_lowercase().find("hyper"), None, "{path}");
    }
}
