//! What reaches whom when things are lost, late, repeated or dead on the way.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use marquis_cluster::Cluster;
use marquis_kernel::{Secret, SystemClock};
use marquis_testkit::RedisServer;
use serde_json::json;

use crate::client::{Client, Polling};
use crate::harness::{Node, PATIENCE, Person, World};

fn of(person: &Person) -> String {
    format!("message:{}", person.id)
}

async fn said(client: &mut Client, to: &Person, count: usize) {
    for number in 0..count {
        client.send(to, &format!("{number}")).await;
    }
}

#[tokio::test]
async fn whoever_was_away_gets_exactly_what_they_missed() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    let mut b = other.connect(&bob).await;
    said(&mut a, &bob, 3).await;
    assert_eq!(b.numbers(&of(&ann), 3).await, [1, 2, 3]);
    drop(b);
    other.kill();
    said(&mut a, &bob, 4).await;
    let mut b = node.connect(&bob).await;
    let answer = b.ask("sync", json!({ "since": 3 })).await;
    assert_eq!((&answer["success"], &answer["last"]), (&json!(true), &json!(7)));
    assert_eq!(b.numbers(&of(&ann), 7).await, [4, 5, 6, 7]);
    said(&mut a, &bob, 1).await;
    assert_eq!(b.numbers(&of(&ann), 8).await, [8]);
    // Nothing was missed, more than there is, everything.
    for (since, wanted) in [(8, vec![]), (1_000_000, vec![]), (0, (1..=8).collect::<Vec<i64>>())] {
        assert_eq!(b.ask("sync", json!({ "since": since })).await["success"], true);
        let told: Vec<i64> = b
            .events()
            .await
            .into_iter()
            .filter(|(name, _)| *name == of(&ann))
            .map(|(_, message)| message["seq"].as_i64().expect("a number"))
            .collect();
        assert_eq!(told, wanted, "since {since}");
    }
}

#[tokio::test]
async fn nothing_is_told_live_before_what_is_asked_for_on_connecting() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    said(&mut a, &bob, 5).await;
    for _ in 0..20 {
        let mut b = Client::open(node.address).await;
        b.join_quietly(&bob.token).await;
        let before = b.emit("sync", json!({ "since": 2 }));
        // Said between the connection and the question, and while it is answered.
        let (id, ()) = tokio::join!(before, said(&mut a, &bob, 3));
        assert_eq!(b.answer(id).await.expect("an answer")["success"], true);
        said(&mut a, &bob, 1).await;
        let last = world.number("SELECT max(seq) FROM deliveries").await;
        let name = of(&bob);
        assert_eq!(b.numbers(&name, last).await, (3..=last).collect::<Vec<_>>());
        b.nothing(&name).await;
    }
}

#[tokio::test]
async fn a_socket_that_asks_for_nothing_is_live_with_its_first_sign_of_life() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    said(&mut a, &bob, 5).await;
    let mut b = Client::open(node.address).await;
    b.join_quietly(&bob.token).await;
    said(&mut a, &bob, 2).await;
    assert_eq!(b.raw().await.as_deref(), Some("2"), "nothing but the ping yet");
    b.say("3").await;
    assert_eq!(b.numbers(&of(&ann), 7).await, [6, 7]);
    said(&mut a, &bob, 1).await;
    assert_eq!(b.numbers(&of(&ann), 8).await, [8]);
}

#[tokio::test]
async fn announcements_that_are_lost_are_made_up_for() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, other.connect(&bob).await);
    said(&mut a, &bob, 2).await;
    assert_eq!(b.numbers(&of(&ann), 2).await, [1, 2]);
    // Lost without a word: late by the repair interval.
    world.lossy.losing.store(true, Ordering::SeqCst);
    said(&mut a, &bob, 40).await;
    assert_eq!(b.numbers(&of(&ann), 42).await, (3..=42).collect::<Vec<_>>());
    said(&mut a, &bob, 3).await;
    world.lossy.losing.store(false, Ordering::SeqCst);
    // A gap is seen at once.
    let began = Instant::now();
    said(&mut a, &bob, 1).await;
    assert_eq!(b.numbers(&of(&ann), 46).await, [43, 44, 45, 46]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    b.nothing(&of(&ann)).await;
}

#[tokio::test]
async fn over_redis_two_nodes_behave_as_one_even_when_it_restarts() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    let cluster = || async {
        let url = Secret::new(url.clone());
        Cluster::redis(&url, SystemClock::shared()).await.expect("a cluster")
    };
    let mut world = World::on(cluster().await, |_| {}).await;
    let node = world.node().await;
    world.cluster = cluster().await;
    let other = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, other.connect(&bob).await);
    said(&mut a, &bob, 20).await;
    assert_eq!(b.numbers(&of(&ann), 20).await, (1..=20).collect::<Vec<_>>());
    redis.stop();
    said(&mut a, &bob, 5).await;
    assert_eq!(b.numbers(&of(&ann), 25).await, (21..=25).collect::<Vec<_>>());
    redis.start_again();
    said(&mut a, &bob, 20).await;
    assert_eq!(b.numbers(&of(&ann), 45).await, (26..=45).collect::<Vec<_>>());
}

#[tokio::test]
async fn long_polling_is_told_the_same() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    said(&mut a, &bob, 3).await;
    let polling = Polling::open(node.address).await;
    polling.join(&bob.token).await;
    assert_eq!(polling.post("421[\"sync\",{\"since\":1}]\u{1e}3").await.text, "ok");
    let mut packets: Vec<String> = Vec::new();
    while !packets.iter().any(|packet| packet.starts_with("431[")) {
        let answer = polling.poll().await;
        packets.extend(answer.text.split('\u{1e}').map(str::to_owned));
    }
    let told = packets.iter().filter(|packet| packet.starts_with("42[\"message:")).count();
    assert_eq!(told, 4, "two messages under two names: {packets:?}");
}

#[tokio::test]
async fn a_reader_that_does_not_keep_up_is_disconnected_and_misses_nothing() {
    let world = World::with(|settings| settings.max_backlog = 65_536).await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    let b = node.connect(&bob).await;
    let content = "x".repeat(4_000);
    let mut sent = 0;
    let began = Instant::now();
    // Ann's own socket is read, Bob's is not.
    while node.chat.sessions() > 1 {
        a.send(&bob, &content).await;
        sent += 1;
        assert!(began.elapsed() < PATIENCE, "{sent} messages wait for Bob");
    }
    drop(b);
    let mut b = node.connect(&bob).await;
    assert_eq!(b.ask("sync", json!({ "since": 0 })).await["success"], true);
    assert_eq!(b.numbers(&of(&ann), sent).await, (1..=sent).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_replay_flows_at_the_readers_pace() {
    let world = World::with(|settings| settings.max_backlog = 65_536).await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    let content = "y".repeat(2_000);
    said(&mut a, &bob, 1).await;
    for _ in 1..300 {
        a.send(&bob, &content).await;
    }
    // Twenty times what may wait for a socket.
    let mut b = node.connect(&bob).await;
    assert_eq!(b.ask("sync", json!({ "since": 0 })).await["last"], 300);
    assert_eq!(b.numbers(&of(&ann), 300).await, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_that_stops_says_goodbye_and_its_clients_go_elsewhere() {
    let world = World::new().await;
    let (node, other): (Node, Node) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = other.connect(&ann).await;
    a.send(&bob, "a conversation").await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(node.connect(&bob).await);
    }
    a.event("user:online").await;
    let address = node.address;
    let waiting = Polling::open(address).await;
    waiting.join(&bob.token).await;
    let stopping = tokio::spawn(node.stop());
    for mut client in clients {
        client.ended().await;
    }
    stopping.await.expect("it stops");
    a.event("user:offline").await;
    assert_eq!(world.number("SELECT count(*) FROM nodes").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM mailboxes WHERE nodes <> '{}'").await, 1);
}
