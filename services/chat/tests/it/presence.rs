//! Who is connected: devices, nodes, and nodes that die.

use std::time::Duration;

use marquis_config::Span;
use serde_json::json;

use crate::harness::{PATIENCE, World};

#[tokio::test]
async fn people_with_a_conversation_see_each_other_come_and_go() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut a = node.connect(&ann).await;
    let mut e = node.connect(&eve).await;
    a.send(&bob, "are you there?").await;
    // Two devices on two nodes are one person.
    let phone = node.connect(&bob).await;
    assert_eq!(a.event("user:online").await, json!({ "userId": bob.id }));
    let mut tablet = other.connect(&bob).await;
    assert_eq!(
        node.chat.presence().online(&[ann.id, bob.id, eve.id]).await.expect("told").len(),
        3
    );
    drop(phone);
    tablet.send(&ann, "yes").await;
    drop(tablet);
    assert_eq!(a.event("user:offline").await, json!({ "userId": bob.id }));
    a.nothing("user:online").await;
    // Strangers learn nothing.
    e.nothing("user:online").await;
    e.nothing("user:offline").await;
    let online = node.chat.presence().online(&[ann.id, bob.id]).await.expect("told");
    assert_eq!(online, [ann.id]);
    let of = |events: Vec<(String, serde_json::Value)>| {
        events
            .into_iter()
            .filter(|(who, _)| *who == bob.id.to_string())
            .map(|(_, data)| data)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(world.events("presence.online").await), [json!({})]);
    let offline = of(world.events("presence.offline").await);
    assert!(offline.len() == 1 && offline[0]["lastSeenAt"].is_string(), "{offline:?}");
}

#[tokio::test]
async fn the_latest_of_very_many_conversations_are_told() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    // With 600 people whose ids are below Bob's.
    let sql = format!(
        "INSERT INTO mailboxes (user_id, seq) VALUES ('{0}', 600);
         INSERT INTO deliveries (user_id, seq, peer_id, peer_seq, message_id, outgoing)
         SELECT '{0}', n, lpad(n::text, 32, '0')::uuid, 1, gen_random_uuid(), true
         FROM generate_series(1, 600) AS n",
        ann.id
    );
    world.database.client().await.batch_execute(&sql).await.expect(&sql);
    let mut b = node.connect(&bob).await;
    b.send(&ann, "are you there?").await;
    let _ann = node.connect(&ann).await;
    assert_eq!(b.event("user:online").await, json!({ "userId": ann.id }));
}

#[tokio::test]
async fn the_people_of_a_dead_node_go_offline_by_its_lease() {
    let world = World::new().await;
    let (node, doomed) = (world.node().await, world.node().await);
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut a = node.connect(&ann).await;
    a.send(&bob, "1").await;
    a.send(&eve, "1").await;
    let _bob = doomed.connect(&bob).await;
    let (_eve, _other) = (doomed.connect(&eve).await, node.connect(&eve).await);
    a.event("user:online").await;
    a.event("user:online").await;
    doomed.kill();
    assert_eq!(a.event("user:offline").await, json!({ "userId": bob.id }));
    a.nothing("user:offline").await;
    let online = node.chat.presence().online(&[bob.id, eve.id]).await.expect("told");
    assert_eq!(online, [eve.id], "who has another socket elsewhere stays");
    assert_eq!(world.number("SELECT count(*) FROM nodes").await, 1);
}

#[tokio::test]
async fn a_node_that_was_declared_dead_goes_on_under_another_id() {
    let world = World::with(|settings| settings.node_lease = Span::from_millis(600)).await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let before = world.number("SELECT max(id)::bigint FROM nodes").await;
    let client = world.database.client().await;
    client
        .batch_execute("DELETE FROM nodes; UPDATE mailboxes SET nodes = '{}'")
        .await
        .expect("done");
    // Nobody announces this one; the repair finds it.
    a.send(&bob, "while nobody knew").await;
    assert_eq!(b.event(&format!("message:{}", ann.id)).await["seq"], 1);
    marquis_testkit::eventually(PATIENCE, || async {
        world.number("SELECT coalesce(max(id), 0)::bigint FROM nodes").await > before
    })
    .await;
    marquis_testkit::eventually(PATIENCE, || async {
        node.chat.presence().online(&[ann.id, bob.id]).await.expect("told").len() == 2
    })
    .await;
    a.send(&bob, "afterwards").await;
    assert_eq!(b.event(&format!("message:{}", ann.id)).await["seq"], 2);
}

#[tokio::test]
async fn what_is_said_to_the_absent_is_recorded_as_missed() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut a = node.connect(&ann).await;
    let id = a.send(&bob, "ring me").await;
    let missed = world.events("message.missed").await;
    let data = json!({ "messageId": id, "senderId": ann.id, "receiverId": bob.id });
    assert_eq!(missed, [(bob.id.to_string(), data)]);
    let b = node.connect(&bob).await;
    a.send(&bob, "there you are").await;
    assert_eq!(world.events("message.missed").await.len(), 1);
    drop(b);
    marquis_testkit::eventually(PATIENCE, || async {
        node.chat.presence().online(&[bob.id]).await.expect("told").is_empty()
    })
    .await;
    a.send(&bob, "gone again").await;
    assert_eq!(world.events("message.missed").await.len(), 2);
    // Other services read it from the log.
    let source = node.chat.event_source();
    let start = marquis_contracts::events::Cursor::START;
    marquis_testkit::eventually(PATIENCE, || async {
        let log = source.events_after(start, 100).await.expect("readable");
        log.iter().filter(|one| one.event.kind == "message.missed").count() == 2
    })
    .await;
}

#[tokio::test]
async fn what_other_services_push_reaches_every_socket_of_the_person() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut tablet) = (node.connect(&ann).await, other.connect(&ann).await);
    let mut b = node.connect(&bob).await;
    let push = marquis_contracts::push::Push {
        user_id: ann.id,
        event: "notification:new".to_owned(),
        data: json!({ "id": 7, "kind": "payment" }),
    };
    let push = serde_json::to_vec(&push).expect("JSON");
    for nonsense in [&b"no json"[..], b"{}"] {
        world.cluster.pubsub.publish(marquis_contracts::push::TOPIC, nonsense).await.expect("sent");
    }
    world.cluster.pubsub.publish(marquis_contracts::push::TOPIC, &push).await.expect("sent");
    for client in [&mut a, &mut tablet] {
        assert_eq!(client.event("notification:new").await, json!({ "id": 7, "kind": "payment" }));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    b.nothing("notification:new").await;
}

#[tokio::test]
async fn thousands_of_connections_come_and_go_and_leave_nothing_behind() {
    let world = World::new().await;
    let node = world.node().await;
    let people: Vec<_> = (0..20).map(|n| world.person(&format!("p{n}"))).collect();
    for _ in 0..10 {
        let mut clients = Vec::new();
        for person in &people {
            clients.push(node.connect(person).await);
        }
        drop(clients);
    }
    marquis_testkit::eventually(PATIENCE, || async {
        node.chat.sessions() == 0
            && world.number("SELECT count(*) FROM mailboxes WHERE nodes <> '{}'").await == 0
    })
    .await;
    marquis_testkit::eventually(PATIENCE, || async {
        node.metrics.websocket_connections_active.get() == 0
    })
    .await;
}
