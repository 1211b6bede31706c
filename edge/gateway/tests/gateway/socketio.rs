//! Socket.IO of the chat service: WebSockets and long polling, through TLS, to a service of this
//! process and to servers over TCP.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use marquis_cluster::Cluster;
use marquis_config::sections::gateway as settings;
use marquis_config::sections::waf::WafMode;
use marquis_kernel::SystemClock;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{
    self, Answer, Chat, ChatState, PATIENCE, Rig, eventually, problem, span, tls, upstream,
};

/// Chat in the gateway's process, or behind it.
#[derive(Debug, Clone, Copy)]
enum Place {
    Here,
    There,
}

const BOTH: [Place; 2] = [Place::Here, Place::There];

/// A gateway with one chat service, which ends with the second value.
async fn rig(
    place: Place,
    change: impl FnOnce(&mut settings::Gateway),
) -> (Rig, Arc<ChatState>, Option<Chat>) {
    let mut settings = support::settings();
    change(&mut settings);
    match place {
        Place::Here => {
            let state = ChatState::new("here");
            let services = BTreeMap::from([("chat".to_owned(), state.router())]);
            (Rig::start(settings, services).await, state, None)
        }
        Place::There => {
            let chat = Chat::start("there").await;
            settings.upstreams.insert("chat".to_owned(), upstream(&[chat.address]));
            let state = Arc::clone(&chat.state);
            (Rig::start(settings, BTreeMap::new()).await, state, Some(chat))
        }
    }
}

type Socket = WebSocketStream<TlsStream<TcpStream>>;

async fn connect(rig: &Rig, query: &str) -> Result<Socket, Error> {
    let url = format!("wss://localhost/socket.io/?EIO=4&transport=websocket{query}");
    client_async(url, tls(rig.https).await).await.map(|(socket, _)| socket)
}

/// An open WebSocket, and who greeted on it.
async fn open(rig: &Rig, query: &str) -> (Socket, String) {
    let mut socket = connect(rig, query).await.expect("accepted");
    let hello = next(&mut socket).await.expect("a message");
    (socket, hello.into_text().expect("text").to_string())
}

async fn next(socket: &mut Socket) -> Option<Message> {
    tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time")?.ok()
}

/// Whether the other side ends the stream, whatever comes before.
async fn ends(socket: &mut Socket) -> bool {
    while next(socket).await.is_some() {}
    true
}

/// A polling request over a connection of its own.
async fn poll(rig: &Rig, query: &str) -> Answer {
    rig.get(&format!("/socket.io/?EIO=4&transport=polling{query}")).await
}

async fn post(rig: &Rig, query: &str, body: &str) -> Answer {
    rig.send(&format!(
        "POST /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: localhost\r\n\
         User-Agent: Mozilla/5.0\r\nAccept: */*\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await
}

/// Opens a session by polling and returns its id.
async fn handshake(rig: &Rig) -> String {
    let answer = poll(rig, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let open: serde_json::Value = serde_json::from_str(&answer.text()[1..]).expect("JSON");
    open["sid"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn websockets_pass_through_tls() {
    for place in BOTH {
        let (rig, _, _chat) = rig(place, |_| {}).await;
        let (mut socket, hello) = open(&rig, "").await;
        assert!(hello.starts_with("from "), "{hello}");
        for size in [0_usize, 1, 125, 126, 70_000, 1_000_000] {
            let message = Message::binary(vec![u8::try_from(size % 251).expect("u8"); size]);
            socket.send(message.clone()).await.expect("sent");
            assert_eq!(next(&mut socket).await, Some(message), "{place:?}");
        }
        socket.send(Message::Ping("p".into())).await.expect("sent");
        assert_eq!(next(&mut socket).await, Some(Message::Pong("p".into())), "{place:?}");
        let status = rig.handle.status();
        assert_eq!((status.active, status.tunnels, status.waiting), (1, 1, 0), "{place:?}");
        let bye = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
        socket.close(Some(bye.clone())).await.expect("sent");
        assert_eq!(next(&mut socket).await, Some(Message::Close(Some(bye))), "{place:?}");
        assert!(ends(&mut socket).await);
        let gone = || async { rig.handle.status().tunnels == 0 && rig.handle.status().active == 0 };
        eventually("the connection is gone", gone).await;
    }
}

#[tokio::test]
async fn both_directions_flow_at_once() {
    for place in BOTH {
        let (rig, _, _chat) = rig(place, |_| {}).await;
        let (socket, _) = open(&rig, "").await;
        let (mut write, mut read) = socket.split();
        let sending = tokio::spawn(async move {
            for number in 0..2_000_u32 {
                let text = format!("{number} {}", "x".repeat(1_000));
                write.send(Message::text(text)).await.expect("sent");
            }
            write
        });
        for number in 0..2_000_u32 {
            let message = tokio::time::timeout(PATIENCE, read.next()).await.expect("in time");
            let text = message.expect("a message").expect("whole").into_text().expect("text");
            assert!(text.starts_with(&format!("{number} ")), "{place:?}");
        }
        drop(sending.await.expect("all sent"));
    }
}

/// Reads on until the gateway says that it goes away.
async fn goes_away(socket: &mut Socket, place: Place) {
    let close = loop {
        // A frame in the middle of another one would be an error.
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time");
        match message.expect("a message").expect("in order") {
            Message::Close(close) => break close,
            message => assert_eq!(message.len(), 10_000, "{place:?}: {message:?}"),
        }
    };
    assert_eq!(close.expect("a code").code, CloseCode::Away, "{place:?}");
    assert!(ends(socket).await);
}

#[tokio::test]
async fn a_stop_says_goodbye_to_idle_and_to_busy_ones() {
    for place in BOTH {
        let (rig, _, _chat) = rig(place, |settings| settings.drain = span(1_000)).await;
        let (mut idle, _) = open(&rig, "").await;
        let mut busy = connect(&rig, "&flood=1").await.expect("accepted");
        assert!(next(&mut busy).await.expect("a piece").is_binary());
        rig.stop.cancel();
        tokio::join!(goes_away(&mut idle, place), goes_away(&mut busy, place));
        let ended = tokio::time::timeout(PATIENCE, rig.running).await.expect("in time");
        ended.expect("task").expect("ok");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_little_and_not_for_long() {
    for place in BOTH {
        let (rig, state, _chat) =
            rig(place, |settings| settings.limits.send_timeout = span(400)).await;
        let socket = connect(&rig, "&flood=1").await.expect("accepted");
        eventually("the flood begins", || async { state.flooded.load(Ordering::SeqCst) > 0 }).await;
        eventually(&format!("it is cut: {place:?}"), || async { rig.handle.status().tunnels == 0 })
            .await;
        let flooded = state.flooded.load(Ordering::SeqCst);
        assert!(
            flooded < 32 << 20,
            "{place:?}: {flooded} bytes taken for a client that takes none"
        );
        drop(socket);
    }
}

#[tokio::test]
async fn silence_ends_them_and_pings_are_sound() {
    for place in BOTH {
        let (rig, _, _chat) =
            rig(place, |settings| settings.timeouts.websocket = span(2_000)).await;
        let (mut socket, _) = open(&rig, "").await;
        for _ in 0..15 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            socket.send(Message::Ping("p".into())).await.expect("sent");
            assert_eq!(next(&mut socket).await, Some(Message::Pong("p".into())), "{place:?}");
        }
        assert!(ends(&mut socket).await);
    }
}

#[tokio::test]
async fn each_address_has_so_many() {
    for place in BOTH {
        let (rig, _, _chat) =
            rig(place, |settings| settings.limits.websockets_per_address = 2).await;
        let (first, _) = open(&rig, "").await;
        let (_second, _) = open(&rig, "").await;
        let Err(Error::Http(refused)) = connect(&rig, "").await else {
            panic!("{place:?}: a third")
        };
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        drop(first);
        eventually("its place is free", || async { connect(&rig, "").await.is_ok() }).await;
    }
}

#[tokio::test]
async fn they_count_as_connections() {
    for place in BOTH {
        let (rig, _, _chat) =
            rig(place, |settings| settings.limits.connections_per_address = 2).await;
        let (first, _) = open(&rig, "").await;
        let (_second, _) = open(&rig, "").await;
        assert!(rig.wire().await.closed().await, "{place:?}: a third");
        drop(first);
        eventually("there is room", || async {
            let mut wire = rig.wire().await;
            wire.write(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await;
            wire.read().await.is_some()
        })
        .await;
    }
}

#[tokio::test]
async fn a_service_that_upgrades_unasked_is_refused() {
    let unasked = axum::Router::new()
        .fallback(async || (http::StatusCode::SWITCHING_PROTOCOLS, [("upgrade", "websocket")]));
    let services = BTreeMap::from([("chat".to_owned(), unasked)]);
    let rig = Rig::start(support::settings(), services).await;
    problem(&poll(&rig, "").await, 502);
}

#[tokio::test]
async fn polls_may_wait_and_others_may_not() {
    let (rig, _, chat) = rig(Place::There, |settings| {
        settings.timeouts.first_byte = span(200);
        settings.timeouts.total = span(200);
    })
    .await;
    assert_eq!(poll(&rig, "&hold=700").await.status, 200);
    let slow = rig.get("/api/v1/chat/x?hold=700&transport=polling").await;
    assert_eq!(slow.status, 504);
    let mut settings = rig.settings.clone();
    settings.socketio.poll_timeout = span(100);
    rig.handle.reload(&settings).await.expect("reloaded");
    assert_eq!(poll(&rig, "&hold=700").await.status, 504);
    drop(chat);
}

#[tokio::test]
async fn tokens_are_chats_affair_and_addresses_are_limited() {
    for place in BOTH {
        let (rig, _, _chat) = rig(place, |settings| {
            let limit = settings.rate_limits.get_mut("socketio").expect("the class");
            (limit.limit, limit.burst) = (3, 0);
        })
        .await;
        for authorization in ["", "Authorization: Bearer bad\r\n", "Authorization: Basic eA==\r\n"]
        {
            let path = "/socket.io/?EIO=4&transport=polling";
            assert_eq!(rig.get_with(path, authorization).await.status, 200, "{place:?}");
        }
        problem(&poll(&rig, "").await, 429);
        assert_eq!(rig.get("/api/v1/chat/x").await.status, 200, "a limit of its own");
    }
}

#[tokio::test]
async fn packets_have_a_bound() {
    for place in BOTH {
        let (rig, _, _chat) = rig(place, |_| {}).await;
        let session = format!("&sid={}", handshake(&rig).await);
        let most = post(&rig, &session, &"4".repeat(1_048_576)).await;
        assert_eq!(most.status, 200, "{most:?}");
        assert!(most.text().ends_with(" 1048576"));
        problem(&post(&rig, &session, &"4".repeat(1_048_577)).await, 413);
    }
}

/// Two chat servers behind two gateways that share a cluster.
async fn two_by_two() -> ([Rig; 2], [Chat; 2]) {
    let chats = [Chat::start("one").await, Chat::start("two").await];
    let mut settings = support::settings();
    let servers = [chats[0].address, chats[1].address];
    settings.upstreams.insert("chat".to_owned(), upstream(&servers));
    let cluster = Cluster::memory(SystemClock::shared());
    let start = async || Rig::start_in(settings.clone(), BTreeMap::new(), cluster.clone()).await;
    ([start().await, start().await], chats)
}

#[tokio::test]
async fn a_session_stays_on_its_server_whichever_gateway_it_uses() {
    let (rigs, chats) = two_by_two().await;
    let mut sessions = Vec::new();
    for turn in 0..8 {
        sessions.push(handshake(&rigs[turn % 2]).await);
    }
    for chat in &chats {
        assert!(chat.state.opened.load(Ordering::SeqCst) > 0, "both servers open sessions");
    }
    for turn in 0..6 {
        for id in &sessions {
            let (owner, _) = id.split_once('-').expect("the server's name");
            let (rig, query) = (&rigs[turn % 2], format!("&sid={id}"));
            let answer = poll(rig, &query).await;
            assert_eq!((answer.status, answer.text()), (200, format!("4from {owner}")));
            let answer = post(rig, &query, "2").await;
            assert_eq!((answer.status, answer.text()), (200, format!("ok {owner} 1")));
            let (_socket, hello) = open(rig, &query).await;
            assert_eq!(hello, format!("from {owner}"));
        }
    }
    for rig in &rigs {
        let unknown = poll(rig, "&sid=nobody-knows").await;
        assert_eq!((unknown.status, &unknown.json()["code"]), (400, &1.into()));
    }
}

#[tokio::test]
async fn sessions_of_a_dead_server_are_forgotten() {
    let (rigs, [one, two]) = two_by_two().await;
    let mut sessions = Vec::new();
    for turn in 0..4 {
        sessions.push(handshake(&rigs[turn % 2]).await);
    }
    one.kill().await;
    for rig in &rigs {
        for id in &sessions {
            let answer = poll(rig, &format!("&sid={id}")).await;
            if id.starts_with("two") {
                assert_eq!((answer.status, answer.text()), (200, "4from two".to_owned()));
            } else {
                // Not a 502: the other server says that it does not know the session.
                assert_eq!((answer.status, &answer.json()["code"]), (400, &1.into()), "{id}");
            }
        }
        let (_socket, hello) = open(rig, "").await;
        assert_eq!(hello, "from two");
        assert!(handshake(rig).await.starts_with("two"));
    }
    drop(two);
}

#[tokio::test]
async fn the_firewall_lets_conversations_through() {
    assert!(PathBuf::from("/usr/share/modsecurity-crs/rules").is_dir(), "./test.sh installs it");
    let (rig, _, _chat) = rig(Place::There, |settings| {
        settings.waf.engine = WafMode::On;
        settings.waf.audit.enabled = false;
    })
    .await;
    let browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0\r\n\
        Accept: */*\r\nOrigin: https://localhost\r\n";
    let opened = rig.get_with("/socket.io/?EIO=4&transport=polling&t=Pq1xK0a", browser).await;
    assert_eq!(opened.status, 200);
    let session = format!("&sid={}", handshake(&rig).await);
    for packet in [
        r#"40{"token":"eyJhbGciOiJFZERTQSJ9.e30.c2ln"}"#,
        r#"42["message:send",{"content":"' OR 1=1; DROP TABLE users--<script>alert(1)</script>"}]"#,
        "42[\"message:send\",{\"content\":\"привет 😀\"}]\u{1e}2",
        r#"451-["file",{"_placeholder":true,"num":0}]"#,
        "3",
    ] {
        assert_eq!(post(&rig, &session, packet).await.status, 200, "{packet}");
    }
    // A picture in a message: more than the firewall allows elsewhere without a file.
    let large = post(&rig, &session, &"b".repeat(1_000_000)).await;
    assert_eq!((large.status, large.text()), (200, "ok there 1000000".to_owned()));
    let (_socket, hello) = open(&rig, &session).await;
    assert_eq!(hello, "from there");
    assert_eq!(rig.get("/socket.io/?q=%3Cscript%3Ealert(1)%3C/script%3E").await.status, 403);
}
