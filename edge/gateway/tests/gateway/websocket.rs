//! WebSockets pass through, and are told when the gateway stops.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Backend, PATIENCE, Rig, Wire, eventually, route, settings, span};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";

async fn open(rig: &Rig) -> Wire {
    let mut wire = rig.wire().await;
    let answer = wire.send(HANDSHAKE).await;
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("sec-websocket-accept"), Some("x"));
    wire
}

#[tokio::test]
async fn bytes_pass_in_both_directions() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = open(&rig).await;
    // Not HTTP, and not even text: nobody looks at it.
    for size in [1_usize, 100, 70_000] {
        let payload: Vec<u8> =
            (0..size).map(|index| u8::try_from(index % 251).expect("u8")).collect();
        let (mut read, mut write) = wire.stream.split();
        let mut back = vec![0; size];
        let (sent, got) = tokio::join!(write.write_all(&payload), read.read_exact(&mut back));
        sent.expect("sent");
        got.expect("received");
        assert_eq!(back, payload);
    }
    assert_eq!(rig.handle.status().tunnels, 1);
    drop(wire);
    eventually("the tunnel is gone", || async { rig.handle.status().tunnels == 0 }).await;
    assert_eq!(rig.handle.upstreams()["echo"]["servers"][0]["running"], 0);
}

#[tokio::test]
async fn a_stop_says_goodbye_between_frames() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut wire = open(&rig).await;
    wire.write(&[0x81, 0x02, b'h', b'i']).await;
    assert_eq!(wire.take(4).await, [0x81, 0x02, b'h', b'i']);
    rig.stop.cancel();
    assert_eq!(wire.take(4).await, [0x88, 0x02, 0x03, 0xe9], "Close, 1001 going away");
    wire.write(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).await;
    assert!(wire.closed().await);
    tokio::time::timeout(PATIENCE, rig.running).await.expect("in time").expect("task").expect("ok");
}

#[tokio::test]
async fn silence_ends_a_tunnel() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.timeouts.websocket = span(100)).await;
    let mut wire = open(&rig).await;
    assert!(wire.closed().await);
}

#[tokio::test]
async fn other_protocols_are_not_passed_on() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let fields =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let answer = rig.get_with("/x", fields).await;
    assert_eq!(answer.status, 200);
    for name in ["connection", "upgrade", "http2-settings"] {
        assert_eq!(answer.echoed(name), None);
    }
}

/// A service of this process that becomes an echo.
async fn upgrade(mut request: axum::extract::Request) -> axum::response::Response {
    assert_eq!(request.headers()["upgrade"], "websocket");
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut read, mut write) = tokio::io::split(hyper_util::rt::TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    http::Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", "x")
        .body(axum::body::Body::new(http_body_util::Empty::new().map_err(|never| match never {})))
        .expect("response")
}

/// A gateway with a service that becomes an echo.
async fn in_process() -> Rig {
    let services = BTreeMap::from([("echo".to_owned(), Router::new().route("/ws", get(upgrade)))]);
    let mut settings = settings();
    settings.routes.push(route("/*"));
    Rig::start(settings, services).await
}

#[tokio::test]
async fn a_client_that_has_said_all_still_hears_the_rest() {
    let backend = Backend::start("a").await;
    for rig in [Rig::to(&[&backend]).await, in_process().await] {
        let mut wire = open(&rig).await;
        let payload: Vec<u8> = (0..3_000_000_u32).map(|index| index.to_le_bytes()[1]).collect();
        let (mut read, mut write) = wire.stream.split();
        let mut back = Vec::new();
        let sending = async {
            write.write_all(&payload).await.expect("sent");
            write.shutdown().await.expect("half closed");
        };
        let ((), got) = tokio::join!(sending, read.read_to_end(&mut back));
        got.expect("received to the end");
        assert!(back == payload, "{} of {} bytes came back", back.len(), payload.len());
        eventually("the tunnel is gone", || async { rig.handle.status().tunnels == 0 }).await;
    }
}

#[tokio::test]
async fn services_of_this_process_can_have_them_too() {
    let rig = in_process().await;
    let mut wire = open(&rig).await;
    wire.write(b"\x81\x02hi").await;
    assert_eq!(wire.take(4).await, b"\x81\x02hi");
}
