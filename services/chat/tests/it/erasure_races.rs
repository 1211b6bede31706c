//! People are erased while they and others go on, and before the owner of names knows.

use marquis_contracts::identity::UserId;
use serde_json::{Value, json};

use crate::client::{Client, request};
use crate::harness::{Node, PATIENCE, Person, World};

const GONE: &str = "there is no such person";

/// Rows that name a person, in any table, but for the mark and for what others have of them.
async fn traces(world: &World, user: UserId) -> Vec<(String, i64)> {
    let client = world.database.client().await;
    let tables = "SELECT table_name::text FROM information_schema.tables \
                  WHERE table_schema = current_schema() AND table_name <> 'erased_people'";
    let mut found = Vec::new();
    for table in client.query(tables, &[]).await.expect(tables) {
        let table: String = table.get(0);
        let held = match table.as_str() {
            "deliveries" => format!("AND t.user_id = '{user}'"),
            "messages" => {
                "AND NOT EXISTS (SELECT FROM deliveries AS d WHERE d.message_id = t.id)".to_owned()
            }
            _ => String::new(),
        };
        let sql = format!(
            "SELECT count(*) FROM {table} AS t WHERE to_jsonb(t)::text LIKE '%{user}%' {held}"
        );
        let rows = world.number(&sql).await;
        if rows > 0 {
            found.push((table, rows));
        }
    }
    found
}

async fn erased(world: &World, user: UserId) {
    let sql = format!("SELECT count(*) FROM erased_people WHERE user_id = '{user}'");
    marquis_testkit::eventually(PATIENCE, || async { world.number(&sql).await == 1 }).await;
}

fn message(to: &Person, content: &str) -> Value {
    json!({ "receiverId": to.id, "content": content })
}

/// Says things until that is refused, and then some more, each of which is refused.
async fn talk(mut client: Client, to: Person) -> Client {
    let mut refused = 0;
    while refused < 20 {
        let id = client.emit("message:send", message(&to, "on and on")).await;
        // The sockets of the erased end.
        let Some(answer) = client.answer(id).await else { return client };
        if answer["success"] == true {
            assert_eq!(refused, 0, "once refused, always refused");
        } else {
            assert_eq!(answer["error"], GONE);
            refused += 1;
        }
    }
    client
}

async fn unauthorized(node: &Node, person: &Person) {
    let mut client = Client::open(node.address).await;
    client.say(&format!("40{}", json!({ "token": person.token }))).await;
    let refusal = client.try_packet().await.expect("an answer");
    assert_eq!(refusal, "44{\"message\":\"Unauthorized\"}");
}

#[tokio::test]
async fn whoever_is_erased_under_traffic_leaves_nothing_and_stays_away() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut talking = Vec::new();
    for node in [&node, &other] {
        for (from, to) in [(&ann, &bob), (&bob, &ann), (&eve, &ann), (&ann, &eve)] {
            talking.push(tokio::spawn(talk(node.connect(from).await, to.clone())));
        }
    }
    marquis_testkit::eventually(PATIENCE, || async {
        world.number("SELECT count(*) FROM messages").await > 100
    })
    .await;
    // The directory goes on knowing her name: chat is the first to hear of it.
    world.users.append("user.erased", ann.id);
    for talk in talking {
        talk.await.expect("it ends");
    }
    assert_eq!(traces(&world, ann.id).await, []);
    for node in [&node, &other] {
        unauthorized(node, &ann).await;
        let mut b = node.connect(&bob).await;
        for (event, data) in [
            ("user:block", json!({ "userId": ann.id })),
            ("message:read", json!({ "peerId": ann.id, "upTo": 1_000_000 })),
            ("message:send", message(&ann, "x")),
        ] {
            assert_eq!(b.ask(event, data).await["error"], GONE, "{event}");
        }
    }
    assert_eq!(traces(&world, ann.id).await, []);
    // What the others have has no gap.
    for person in [&bob, &eve] {
        let sql = format!(
            "SELECT (SELECT m.seq FROM mailboxes AS m WHERE m.user_id = '{0}') - count(*) \
             FROM deliveries WHERE user_id = '{0}'",
            person.id
        );
        assert_eq!(world.number(&sql).await, 0, "{}", person.name);
        // Nothing of hers waits to be read, as nobody can say that they have.
        let head = format!("authorization: Bearer {}\r\n", person.token);
        let list = request(node.address, "GET", "/chat/conversations", &head, "").await;
        let list: Value = serde_json::from_str(&list.text).expect("JSON");
        assert_eq!(list["data"][0]["unreadCount"], 0, "{list}");
    }
}

/// Waits until so many statements of the schema wait for a lock.
async fn waiting(world: &World, statements: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    marquis_testkit::eventually(PATIENCE, || async { world.number(sql).await >= statements }).await;
}

#[tokio::test]
async fn what_waits_to_be_saved_for_the_erased_is_refused_and_takes_no_number() {
    let world = World::new().await;
    let node = world.node().await;
    // Bob's mailbox is locked before Ann's, by the order of their ids.
    let (bob, ann, eve) = (world.person("bob"), world.person("ann"), world.person("eve"));
    let mut b = node.connect(&bob).await;
    b.send(&ann, "before").await;
    let mut blocking = world.database.client().await;
    let lock = blocking.transaction().await.expect("a transaction");
    let sql = format!("SELECT FROM mailboxes WHERE user_id = '{}' FOR UPDATE", bob.id);
    lock.execute(&sql, &[]).await.expect("locked");
    let first = b.emit("message:send", message(&ann, "is being saved")).await;
    waiting(&world, 1).await;
    let second = b.emit("message:send", message(&eve, "queued")).await;
    let third = b.emit("message:send", message(&ann, "queued")).await;
    let fourth = b.emit("message:send", message(&eve, "queued, too")).await;
    // Read in order: once this is answered, the others wait in the queue.
    assert_eq!(b.ask("no:such:event", json!({})).await["success"], false);
    world.users.append("user.erased", ann.id);
    erased(&world, ann.id).await;
    lock.rollback().await.expect("released");
    for (id, saved) in [(first, false), (second, true), (third, false), (fourth, true)] {
        let answer = b.answer(id).await.expect("an answer");
        assert_eq!(answer["success"], saved, "{answer}");
        assert!(saved || answer["error"] == GONE, "{answer}");
    }
    let own = format!("SELECT max(seq) FROM deliveries WHERE user_id = '{}'", bob.id);
    assert_eq!(world.number(&own).await, 3);
    assert_eq!(traces(&world, ann.id).await, []);
}

#[tokio::test]
async fn what_is_being_saved_when_somebody_is_erased_is_erased_as_well() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut b = node.connect(&bob).await;
    b.send(&ann, "before").await;
    let mut blocking = world.database.client().await;
    let lock = blocking.transaction().await.expect("a transaction");
    let sql = format!("SELECT FROM mailboxes WHERE user_id = '{}' FOR UPDATE", bob.id);
    lock.execute(&sql, &[]).await.expect("locked");
    // Holds Ann's mailbox and waits for Bob's.
    let saving = b.emit("message:send", message(&ann, "is being saved")).await;
    waiting(&world, 1).await;
    world.users.append("user.erased", ann.id);
    waiting(&world, 2).await;
    lock.rollback().await.expect("released");
    assert_eq!(b.answer(saving).await.expect("an answer")["success"], true);
    erased(&world, ann.id).await;
    assert_eq!(traces(&world, ann.id).await, []);
    assert_eq!(world.number("SELECT count(*) FROM deliveries").await, 2, "Bob keeps his");
}

#[tokio::test]
async fn every_node_ends_the_sockets_of_the_erased_and_lets_them_in_no_more() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let ann = world.person("ann");
    let (mut a, mut tablet) = (node.connect(&ann).await, other.connect(&ann).await);
    // Told to all before either has read the log, while the directory still knows her.
    world.publish("users", "user.erased", ann.id).await;
    a.ended().await;
    tablet.ended().await;
    for node in [&node, &other] {
        unauthorized(node, &ann).await;
    }
}
