//! What people say to each other: saved, numbered, told, changed, taken back, read.

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{PATIENCE, Person, World};

fn of(kind: &str, person: &Person) -> String {
    format!("{kind}:{}", person.id)
}

#[tokio::test]
async fn a_message_is_saved_and_told_to_both_under_both_names() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let id = a.send(&bob, "hello – привет 🦀").await;
    for client in [&mut a, &mut b] {
        for name in [of("message", &bob), of("message", &ann)] {
            let message = client.event(&name).await;
            assert_eq!(message["createdAt"].as_str().expect("a time").len(), 24);
            let mut message = message;
            message["createdAt"].take();
            assert_eq!(
                message,
                json!({
                    "id": id, "senderId": ann.id, "senderUsername": "ann", "receiverId": bob.id,
                    "content": "hello – привет 🦀", "createdAt": null, "seq": 1,
                })
            );
        }
    }
    b.send(&ann, "and back").await;
    assert_eq!(a.event(&of("message", &bob)).await["seq"], 2);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 2);
    assert_eq!(world.number("SELECT count(*) FROM deliveries").await, 4);
    assert_eq!(node.metrics.chat_messages_total.with_label_values(&["direct"]).get(), 2);
}

#[tokio::test]
async fn a_message_sent_again_under_its_name_is_the_same_message() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut again, mut b) =
        (node.connect(&ann).await, other.connect(&ann).await, node.connect(&bob).await);
    let message = json!({ "receiverId": bob.id, "content": "once", "clientId": "c-1" });
    // All at once, through both nodes.
    let mut answers = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push((
            a.emit("message:send", message.clone()).await,
            again.emit("message:send", message.clone()).await,
        ));
    }
    for (one, two) in waiting {
        answers.push(a.answer(one).await.expect("an answer")["messageId"].clone());
        answers.push(again.answer(two).await.expect("an answer")["messageId"].clone());
    }
    assert!(answers.iter().all(|id| id.is_string() && *id == answers[0]), "{answers:?}");
    a.send(&bob, "twice").await;
    let seen = [b.event(&of("message", &bob)).await, b.event(&of("message", &bob)).await];
    assert_eq!(
        seen.map(|message| (message["seq"].clone(), message["content"].clone())),
        [(json!(1), json!("once")), (json!(2), json!("twice"))]
    );
    // The same name of somebody else is another message.
    let mut message = message;
    message["receiverId"] = json!(ann.id);
    assert_ne!(b.ask("message:send", message).await["messageId"], answers[0]);
}

#[tokio::test]
async fn a_name_that_stands_for_one_message_is_refused_for_another() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut a = node.connect(&ann).await;
    let named = |to: &Person, content: &str| json!({ "receiverId": to.id, "content": content, "clientId": "1" });
    let first = a.ask("message:send", named(&bob, "hello")).await["messageId"].clone();
    let taken = json!({ "success": false, "error": "this clientId was used for another message" });
    // Together, so that the writer finds them in one batch.
    let mut waiting = Vec::new();
    for other in [named(&eve, "hello"), named(&bob, "bye"), named(&bob, "hello")] {
        waiting.push(a.emit("message:send", other).await);
    }
    let mut answers = Vec::new();
    for id in waiting {
        answers.push(a.answer(id).await.expect("an answer"));
    }
    assert_eq!(
        answers,
        [taken.clone(), taken.clone(), json!({ "success": true, "messageId": first })]
    );
    // What counts is what it said at first.
    let change = json!({ "messageId": first, "content": "bye" });
    assert_eq!(a.ask("message:edit", change).await["success"], true);
    assert_eq!(a.ask("message:send", named(&bob, "hello")).await["messageId"], first);
    assert_eq!(a.ask("message:send", named(&bob, "bye")).await, taken);
    // Nothing is kept of what was taken back.
    assert_eq!(a.ask("message:delete", json!({ "messageId": first })).await["success"], true);
    assert_eq!(world.number("SELECT count(content_hash) FROM messages").await, 0);
    assert_eq!(a.ask("message:send", named(&bob, "hello")).await["messageId"], first);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM deliveries").await, 2);
}

#[tokio::test]
async fn many_at_once_keep_their_order_and_their_numbers() {
    let world = World::new().await;
    let node = world.node().await;
    let people: Vec<Person> = (0..6).map(|n| world.person(&format!("p{n}"))).collect();
    let mut clients = Vec::new();
    for person in &people {
        clients.push(node.connect(person).await);
    }
    let mut senders = Vec::new();
    for (n, mut client) in clients.into_iter().enumerate() {
        let people = people.clone();
        senders.push(tokio::spawn(async move {
            let mut ids = Vec::new();
            for number in 0..100 {
                let to = &people[(n + 1 + number % 5) % 6];
                let message = json!({ "receiverId": to.id, "content": format!("{n}:{number}") });
                ids.push(client.emit("message:send", message).await);
            }
            for id in ids {
                assert_eq!(client.answer(id).await.expect("an answer")["success"], true);
            }
            client
        }));
    }
    let mut clients: Vec<Client> = Vec::new();
    for sender in senders {
        clients.push(sender.await.expect("it ends"));
    }
    for (n, mut client) in clients.into_iter().enumerate() {
        let answer = client.ask("sync", json!({ "since": 0 })).await;
        assert_eq!((&answer["success"], &answer["last"]), (&json!(true), &json!(200)));
        let own: Vec<Value> = client
            .events()
            .await
            .into_iter()
            .filter(|(name, _)| *name == of("message", &people[n]))
            .map(|(_, message)| message)
            .collect();
        // Told live, as far as that had come, and all of it by `sync`: from 1 without a gap.
        let numbers: Vec<i64> = own.iter().map(|m| m["seq"].as_i64().expect("a number")).collect();
        let live = i64::try_from(numbers.len()).expect("few") - 200;
        assert_eq!(numbers, (1..=live).chain(1..=200).collect::<Vec<_>>());
        // Everybody's messages in the order in which they were said.
        for person in &people {
            let said: Vec<usize> = own[own.len() - 200..]
                .iter()
                .filter(|m| m["senderId"] == json!(person.id))
                .filter_map(|m| m["content"].as_str()?.split(':').nth(1)?.parse().ok())
                .collect();
            assert!(!said.is_empty() && said.is_sorted(), "{} to {n}: {said:?}", person.name);
        }
    }
}

#[tokio::test]
async fn a_message_is_changed_and_taken_back_by_its_sender_only() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let id = a.send(&bob, "first").await;
    let change = json!({ "messageId": id, "content": "second" });
    assert_eq!(b.ask("message:edit", change.clone()).await["success"], false);
    assert_eq!(b.ask("message:delete", json!({ "messageId": id })).await["success"], false);
    assert_eq!(a.ask("message:edit", change).await["success"], true);
    for client in [&mut a, &mut b] {
        let edited = client.event("message:edited").await;
        assert_eq!((&edited["id"], &edited["content"]), (&json!(id), &json!("second")));
    }
    assert_eq!(a.ask("message:delete", json!({ "messageId": id })).await["success"], true);
    for client in [&mut a, &mut b] {
        assert_eq!(client.event("message:deleted").await["id"], json!(id));
    }
    // It is gone for good, and its number stays.
    assert_eq!(
        a.ask("message:edit", json!({ "messageId": id, "content": "x" })).await["success"],
        false
    );
    let mut late = node.connect(&bob).await;
    late.ask("sync", json!({ "since": 0 })).await;
    let told = late.event(&of("message", &ann)).await;
    assert_eq!((&told["seq"], &told["content"]), (&json!(1), &json!("")));
    assert!(told["deletedAt"].is_string() && told["editedAt"].is_string());
    assert_eq!(world.number("SELECT count(*) FROM messages WHERE content <> ''").await, 0);
}

#[tokio::test]
async fn read_marks_move_forward_and_are_told_to_both() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let mut phone = node.connect(&bob).await;
    let mut e = node.connect(&eve).await;
    e.send(&bob, "0").await;
    let ids = [a.send(&bob, "1").await, a.send(&bob, "2").await, a.send(&bob, "3").await];
    // Bob has 4, of which Ann's are 2, 3 and 4; with Ann they are 1, 2 and 3.
    let read = json!({ "peerId": ann.id, "upTo": 3 });
    assert_eq!(b.ask("message:read", read).await["success"], true);
    let told = a.event("message:read").await;
    assert_eq!(
        (&told["userId"], &told["messageId"], &told["upTo"]),
        (&json!(bob.id), &json!(ids[1]), &json!(2))
    );
    assert_eq!(phone.event("message:read").await["upTo"], 3);
    // Back is nowhere; by the message it is the same.
    assert_eq!(
        b.ask("message:read", json!({ "peerId": ann.id, "upTo": 2 })).await["success"],
        true
    );
    let by_id = json!({ "peerId": ann.id, "upTo": ids[2] });
    assert_eq!(b.ask("message:read", by_id).await["success"], true);
    assert_eq!(a.event("message:read").await["upTo"], 3);
    e.nothing("message:read").await;
    // Other services are told when a mark has moved, and only then.
    let told = json!({ "readerId": bob.id, "peerId": ann.id });
    let event = (bob.id.to_string(), told);
    assert_eq!(world.events("message.read").await, [event.clone(), event]);
    // A message of another conversation is none of this one.
    let foreign = json!({ "peerId": eve.id, "upTo": ids[0] });
    assert_eq!(b.ask("message:read", foreign).await["success"], false);
}

#[tokio::test]
async fn blocks_are_felt_by_both_and_explained_to_neither() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let before = a.send(&bob, "before").await;
    assert_eq!(b.ask("user:block", json!({ "userId": ann.id })).await["success"], true);
    assert_eq!(b.ask("user:block", json!({ "userId": ann.id })).await["success"], true);
    for (client, to) in [(&mut a, &bob), (&mut b, &ann)] {
        let message = json!({ "receiverId": to.id, "content": "x" });
        let answer = client.ask("message:send", message).await;
        assert_eq!(answer["success"], false);
        assert!(answer["error"].as_str().expect("text").contains("blocked"));
    }
    // Nothing is said by changing what was said, and everybody may take back what they said.
    let change = json!({ "messageId": before, "content": "by the back door" });
    let answer = a.ask("message:edit", change).await;
    assert!(answer["error"].as_str().expect("text").contains("blocked"), "{answer}");
    assert_eq!(a.ask("message:delete", json!({ "messageId": before })).await["success"], true);
    assert_eq!(b.event("message:deleted").await["id"], json!(before));
    a.ask("typing:start", json!({ "receiverId": bob.id })).await;
    // Shown to oneself all the same: a block is not to be told from somebody who is away.
    assert_eq!(a.event(&of("typing", &bob)).await["isTyping"], true);
    assert_eq!(b.ask("user:unblock", json!({ "userId": ann.id })).await["success"], true);
    a.send(&bob, "after").await;
    assert_eq!(b.numbers(&of("message", &ann), 2).await, [1, 2]);
    let told = b.events().await;
    let hidden = [of("typing", &ann), "message:edited".to_owned()];
    assert!(told.iter().all(|(name, _)| !hidden.contains(name)), "{told:?}");
}

#[tokio::test]
async fn whoever_is_renamed_is_called_so_on_the_sockets_they_have() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut tablet) = (node.connect(&ann).await, other.connect(&ann).await);
    let mut b = node.connect(&bob).await;
    a.send(&bob, "as ann").await;
    tablet.send(&bob, "as ann").await;
    world.directory.rename(ann.id, "anna");
    world.publish("auth", "user.renamed", ann.id).await;
    // Heard by each node in its own time.
    let name = of("message", &ann);
    for client in [&mut a, &mut tablet] {
        let renamed = async {
            loop {
                let id = json!(client.send(&bob, "as whom?").await);
                let mut told = b.event(&name).await;
                while told["id"] != id {
                    told = b.event(&name).await;
                }
                if told["senderUsername"] == "anna" {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, renamed).await.expect("both nodes have heard");
    }
    // Nobody can be asked any more: the name that was known is better than the old one.
    world.directory.set_away(true);
    let id = a.send(&bob, "still anna").await;
    let told = b.event(&name).await;
    assert_eq!((&told["id"], &told["senderUsername"]), (&json!(id), &json!("anna")));
}

#[tokio::test]
async fn typing_is_shown_and_ends_by_itself() {
    let world = World::new().await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, other.connect(&bob).await);
    let mut tablet = other.connect(&ann).await;
    let to = json!({ "receiverId": bob.id });
    let typing = |is_typing: bool| json!({ "userId": ann.id, "isTyping": is_typing });
    // As messages: both people's sockets, and each under both names.
    let names = [of("typing", &ann), of("typing", &bob)];
    a.say(&format!("42{}", json!(["typing:start", to]))).await;
    for client in [&mut a, &mut tablet, &mut b] {
        for name in &names {
            assert_eq!(client.event(name).await, typing(true));
        }
    }
    a.ask("typing:stop", to.clone()).await;
    for client in [&mut a, &mut tablet, &mut b] {
        for name in &names {
            assert_eq!(client.event(name).await, typing(false));
        }
    }
    a.ask("typing:start", to).await;
    for client in [&mut tablet, &mut b] {
        for name in &names {
            assert_eq!(client.event(name).await, typing(true));
        }
    }
    // The typist's node dies; it ends all the same.
    drop(a);
    node.kill();
    for client in [&mut tablet, &mut b] {
        for name in &names {
            assert_eq!(client.event(name).await, typing(false));
        }
    }
}
