//! Engine.IO 4 and Socket.IO 5 as their documents have them: handshakes, heartbeats,
//! upgrades, malformed packets, namespaces, attachments.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, Polling, request, websocket};
use crate::harness::{PATIENCE, World};

#[tokio::test]
async fn handshakes_tell_intervals_and_are_refused_by_number() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let client = Client::open(node.address).await;
    let hello = &client.handshake;
    assert_eq!(hello["upgrades"], json!([]));
    assert_eq!((&hello["pingInterval"], &hello["pingTimeout"]), (&json!(400), &json!(600)));
    assert_eq!(hello["maxPayload"], 65_536);
    Polling::open(node.address).await;
    for (query, code) in [
        ("", 0),
        ("?EIO=4", 0),
        ("?EIO=4&transport=abc", 0),
        ("?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", 1),
        ("?EIO=4&transport=polling&sid=../etc", 1),
        ("?EIO=4&transport=polling&sid=", 1),
        ("?transport=polling", 5),
        ("?EIO=3&transport=polling", 5),
        ("?EIO=abc&transport=polling", 5),
    ] {
        let answer = request(node.address, "GET", &format!("/socket.io/{query}"), "", "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text.contains(&format!("\"code\":{code}")), "{query}: {answer:?}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        let path = "/socket.io/?EIO=4&transport=polling";
        assert_eq!(request(node.address, method, path, "", "").await.status, 400);
    }
    for query in ["?EIO=4", "?transport=websocket", "?EIO=4&transport=websocket&sid=x"] {
        assert_eq!(websocket(node.address, query, "").await.err(), Some(400), "{query}");
    }
    // Without the handshake of RFC 6455 there is no WebSocket.
    let answer =
        request(node.address, "GET", "/socket.io/?EIO=4&transport=websocket", "", "").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn heartbeats_keep_those_alive_who_answer() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let person = world.person("ann");
    let mut client = Client::open(node.address).await;
    let started = Instant::now();
    client.join(&person.token).await;
    for _ in 0..3 {
        assert_eq!(client.raw().await.as_deref(), Some("2"));
        client.say("3").await;
    }
    assert!(started.elapsed() >= Duration::from_millis(3 * 400 - 100), "{:?}", started.elapsed());
    // Silence ends it, after both times together.
    let silent = Instant::now();
    while let Some(packet) = client.raw().await {
        assert_eq!(packet, "2");
    }
    assert!(silent.elapsed() < Duration::from_secs(3), "{:?}", silent.elapsed());

    let polling = Polling::open(node.address).await;
    polling.join(&person.token).await;
    polling.expect("2").await;
    assert_eq!(polling.post("3").await.status, 200);
    marquis_testkit::eventually(PATIENCE, || polling.is_gone()).await;
    marquis_testkit::eventually(PATIENCE, || async { node.chat.sessions() == 0 }).await;
}

#[tokio::test]
async fn whoever_does_not_say_who_they_are_is_not_kept() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let mut client = Client::open(node.address).await;
    let polling = Polling::open(node.address).await;
    let started = Instant::now();
    assert_eq!(client.ended().await, [""; 0]);
    assert!(started.elapsed() < Duration::from_secs(3));
    marquis_testkit::eventually(PATIENCE, || polling.is_gone()).await;
    assert_eq!(node.chat.sessions(), 0);
    assert_eq!(node.metrics.websocket_connections_active.get(), 0);
}

#[tokio::test]
async fn packets_that_are_none_end_the_session() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let person = world.person("ann");
    for bad in [
        "abc",
        "4abc",
        "49",
        "44{}",
        "42{}",
        "42[\"unclosed",
        "42[]",
        "42[7]",
        "2",
        "0{}",
        "",
        "45[]",
        "51-[]",
    ] {
        let mut client = node.connect(&person).await;
        client.say(bad).await;
        client.ended().await;
        let polling = Polling::open(node.address).await;
        polling.join(&person.token).await;
        assert_eq!(
            polling.post(bad).await.status,
            if bad.starts_with('4') { 200 } else { 400 },
            "{bad}"
        );
        marquis_testkit::eventually(PATIENCE, || polling.is_gone()).await;
    }
    // What the documents leave open harms nobody.
    let mut client = node.connect(&person).await;
    for odd in ["43", "431[]", "431{}", "46", "41/other,", "42/other,[\"x\"]", "40"] {
        client.say(odd).await;
        if odd == "46" {
            client.ended().await;
            client = node.connect(&person).await;
        } else {
            assert_eq!(client.ask("sync", json!({ "since": 0 })).await["success"], true, "{odd}");
        }
    }
    // An event before joining ends it, too.
    let mut stranger = Client::open(node.address).await;
    stranger.say("421[\"sync\",{\"since\":0}]").await;
    assert_eq!(stranger.ended().await, [""; 0]);
}

#[tokio::test]
async fn what_is_larger_than_announced_ends_the_session() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let person = world.person("ann");
    let large = format!("4{}", "x".repeat(65_536));
    let mut client = node.connect(&person).await;
    client.say(&large).await;
    client.ended().await;
    let polling = Polling::open(node.address).await;
    assert_eq!(polling.post(&large).await.status, 413);
    assert!(polling.is_gone().await);
}

#[tokio::test]
async fn of_two_polls_at_once_one_ends_the_session() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let polling = Polling::open(node.address).await;
    polling.join(&world.person("ann").token).await;
    polling.expect("2").await;
    assert_eq!(polling.post("3").await.status, 200);
    let (one, other) = tokio::join!(polling.poll(), polling.poll());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert!(polling.is_gone().await);
}

#[tokio::test]
async fn a_client_that_closes_ends_its_own_poll() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let polling = Polling::open(node.address).await;
    let close = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        polling.post("1").await
    };
    let (poll, close) = tokio::join!(polling.poll(), close);
    assert_eq!((poll.status, close.status), (200, 200));
    assert!(polling.is_gone().await);
}

#[tokio::test]
async fn long_polling_changes_over_to_a_websocket() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let polling = Polling::open(node.address).await;
    polling.join(&world.person("ann").token).await;
    let query = format!("?EIO=4&transport=websocket&sid={}", polling.sid);
    let waiting = {
        let polling = polling.clone();
        tokio::spawn(async move { polling.poll().await })
    };
    let mut socket = websocket(node.address, &query, "").await.expect("a WebSocket");
    socket.send(Message::text("2probe")).await.expect("sent");
    let answer = socket.next().await.expect("a packet").expect("a message");
    assert_eq!(answer, Message::text("3probe"));
    // The waiting poll ends, so that the client can change over without losing anything.
    assert_eq!(waiting.await.expect("a poll").status, 200);
    socket.send(Message::text("5")).await.expect("sent");
    socket.send(Message::text("427[\"sync\",{\"since\":0}]")).await.expect("sent");
    loop {
        let packet = timeout(PATIENCE, socket.next()).await.expect("in time");
        let packet = packet.expect("open").expect("a message").into_text().expect("text");
        if packet == "2" {
            socket.send(Message::text("3")).await.expect("sent");
        } else if packet.starts_with("437[") {
            break;
        }
    }
    assert_eq!(polling.poll().await.status, 400);
    assert_eq!(polling.post("3").await.status, 400);
    assert_eq!(websocket(node.address, &query, "").await.err(), Some(400), "a second one");
    assert_eq!(node.metrics.websocket_connections_active.get(), 1);
}

#[tokio::test]
async fn an_upgrade_that_is_not_finished_leaves_long_polling_as_it_was() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let polling = Polling::open(node.address).await;
    polling.join(&world.person("ann").token).await;
    let query = format!("?EIO=4&transport=websocket&sid={}", polling.sid);
    for last in ["2probe", "nonsense"] {
        let mut socket = websocket(node.address, &query, "").await.expect("a WebSocket");
        socket.send(Message::text(last)).await.expect("sent");
        if last == "2probe" {
            assert_eq!(
                socket.next().await.expect("open").expect("a message"),
                Message::text("3probe")
            );
        }
        drop(socket);
        marquis_testkit::eventually(PATIENCE, || async {
            let answer = polling.post("421[\"sync\",{\"since\":0}]").await;
            assert_eq!(answer.status, 200);
            true
        })
        .await;
        polling.expect("431[").await;
        // The server has to notice before another may be tried.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn namespaces_are_refused_by_name_and_the_root_goes_on() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let mut client = node.connect(&world.person("ann")).await;
    client.say("40/random,").await;
    assert_eq!(
        client.try_packet().await.expect("open"),
        "44/random,{\"message\":\"Invalid namespace\"}"
    );
    assert_eq!(client.ask("sync", json!({ "since": 0 })).await["success"], true);
    // Leaving: nobody answers any more, and whoever does not come back is not kept.
    client.say("41").await;
    client.say("429[\"sync\",{\"since\":0}]").await;
    assert!(client.ended().await.iter().all(|packet| !packet.starts_with("439")));
}

#[tokio::test]
async fn attachments_are_counted_and_are_no_text() {
    let world = World::pulsing().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut client = node.connect(&ann).await;
    let placeholder =
        json!({ "receiverId": bob.id, "content": { "_placeholder": true, "num": 0 } });
    client.say(&format!("451-99[\"message:send\",{placeholder}]")).await;
    client.socket.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(client.answer(99).await.expect("an answer")["success"], false);
    // Bytes that belong to nothing, and text where bytes are due.
    client.socket.send(Message::binary(vec![1])).await.expect("sent");
    client.ended().await;
    let mut client = node.connect(&ann).await;
    client.say(&format!("452-99[\"message:send\",{placeholder}]")).await;
    client.say("421[\"sync\",{\"since\":0}]").await;
    client.ended().await;
    let polling = Polling::open(node.address).await;
    polling.join(&ann.token).await;
    let body = format!("451-98[\"message:send\",{placeholder}]\u{1e}bAQID");
    assert_eq!(polling.post(&body).await.status, 200);
    assert!(polling.expect("4398[").await.contains("\"success\":false"));
}

#[tokio::test]
async fn fragments_are_put_together_and_bad_frames_end_the_session() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let world = World::pulsing().await;
    let node = world.node().await;
    let person = world.person("ann");
    let mut client = node.connect(&person).await;
    let (first, second) = ("421[\"sy", "nc\",{\"since\":0}]");
    let frame = |text: &str, code, last| {
        Message::Frame(Frame::message(text.to_owned(), OpCode::Data(code), last))
    };
    client.socket.send(frame(first, Data::Text, false)).await.expect("sent");
    client.socket.send(frame(second, Data::Continue, true)).await.expect("sent");
    assert_eq!(client.answer(1).await.expect("an answer")["success"], true);
    // A continuation of nothing.
    client.socket.send(frame("x", Data::Continue, true)).await.expect("sent");
    client.ended().await;
    marquis_testkit::eventually(PATIENCE, || async { node.chat.sessions() == 0 }).await;
}
