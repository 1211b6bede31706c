//! What must not be possible, and what is too much.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, Polling};
use crate::harness::{PATIENCE, World};

#[tokio::test]
async fn without_a_good_token_nobody_joins() {
    let world = World::new().await;
    let node = world.node().await;
    let ann = world.person("ann");
    let expired = world.person_for("old", -10);
    let unknown = world.person("gone");
    world.directory.forget(unknown.id);
    for auth in [
        "".to_owned(),
        "{}".to_owned(),
        json!({ "token": "" }).to_string(),
        json!({ "token": 7 }).to_string(),
        json!({ "token": null }).to_string(),
        json!([1]).to_string(),
        json!({ "token": "a.b.c" }).to_string(),
        json!({ "token": "x".repeat(10_000) }).to_string(),
        json!({ "token": expired.token }).to_string(),
        json!({ "token": unknown.token }).to_string(),
        json!({ "token": format!("{}x", ann.token) }).to_string(),
    ] {
        let mut client = Client::open(node.address).await;
        client.say(&format!("40{auth}")).await;
        let refusal = client.try_packet().await.expect("an answer");
        assert_eq!(refusal, "44{\"message\":\"Unauthorized\"}", "{auth}");
        // Another try on the same connection is fine.
        client.say(&format!("40{}", json!({ "token": ann.token }))).await;
        assert!(client.try_packet().await.expect("an answer").starts_with("40{"));
    }
    let header = format!("authorization: Bearer {}\r\n", ann.token);
    let mut client = Client::open_with(node.address, &header).await;
    client.say("40").await;
    assert!(client.try_packet().await.expect("an answer").starts_with("40{"));
    // What is in `auth` counts, also when it is bad.
    let mut client = Client::open_with(node.address, &header).await;
    client.say("40{\"token\":\"bad\"}").await;
    assert!(client.try_packet().await.expect("an answer").starts_with("44{"));
}

#[tokio::test]
async fn connections_end_with_their_tokens() {
    let world = World::new().await;
    let node = world.node().await;
    let short = world.person_for("short", 2);
    let long = world.token(short.id, "short", 900);
    let (mut dies, mut lives) = (node.connect(&short).await, node.connect(&short).await);
    let polling = Polling::open(node.address).await;
    polling.join(&short.token).await;
    let began = Instant::now();
    let wrong = world.person("other");
    assert_eq!(lives.ask("auth:refresh", json!({ "token": wrong.token })).await["success"], false);
    assert_eq!(lives.ask("auth:refresh", json!({ "token": long.token })).await["success"], true);
    assert_eq!(dies.ended().await, ["42[\"session:ended\",{\"reason\":\"expired\"}]"]);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    marquis_testkit::eventually(PATIENCE, || polling.is_gone()).await;
    assert_eq!(lives.ask("sync", json!({ "since": 0 })).await["success"], true);
    // The session is revoked; another one of the same person is not.
    let other = world.token(short.id, "short", 900);
    let mut phone = node.connect(&other).await;
    node.verifier.revoke(long.session);
    let began = Instant::now();
    assert_eq!(lives.ended().await, ["42[\"session:ended\",{\"reason\":\"revoked\"}]"]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(phone.ask("sync", json!({ "since": 0 })).await["success"], true);
}

async fn refused(client: &mut Client, event: &str, data: Value) {
    let shown: String = data.to_string().chars().take(100).collect();
    let answer = client.ask(event, data).await;
    assert_eq!(answer["success"], false, "{event} {shown}: {answer}");
    let text = answer.to_string();
    assert!(
        !text.contains("SELECT") && !text.contains(".rs") && !text.contains("panicked"),
        "{text}"
    );
}

#[tokio::test]
async fn bad_requests_are_refused_and_change_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    let to = |content: Value| json!({ "receiverId": bob.id, "content": content });
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    for data in [
        json!(null),
        json!(7),
        json!([]),
        json!({}),
        json!({ "content": "x" }),
        json!({ "receiverId": bob.id }),
        json!({ "receiverId": "nobody", "content": "x" }),
        json!({ "receiverId": [bob.id], "content": "x" }),
        json!({ "receiverId": "' OR 1=1 --", "content": "x" }),
        json!({ "receiverId": "00000000-0000-7000-8000-000000000000", "content": "x" }),
        json!({ "receiverId": ann.id, "content": "to myself" }),
        json!({ "receiverId": bob.id, "content": "x", "clientId": 7 }),
        json!({ "receiverId": bob.id, "content": "x", "clientId": "x".repeat(5_000) }),
        json!({ "receiverId": bob.id, "content": "x", "clientId": "" }),
        to(json!(null)),
        to(json!("")),
        to(json!("  \n")),
        to(json!("x".repeat(4_001))),
        to(json!("\u{0}")),
        to(deep),
    ] {
        refused(&mut a, "message:send", data).await;
    }
    for (event, data) in [
        ("sync", json!({ "since": -1 })),
        ("sync", json!({ "since": "0" })),
        ("sync", json!({ "since": 1e300 })),
        ("message:read", json!({ "peerId": bob.id, "upTo": "x" })),
        ("message:edit", json!({ "messageId": "x", "content": "x" })),
        ("message:delete", json!({ "messageId": 7 })),
        ("user:block", json!({ "userId": ann.id })),
        ("user:block", json!({ "userId": "00000000-0000-7000-8000-000000000000" })),
        ("join", json!(bob.id)),
        ("message", json!("x")),
    ] {
        refused(&mut a, event, data).await;
    }
    // Without a number nothing is answered, and nothing breaks.
    a.say("42[\"message:send\"]").await;
    a.say("42[\"typing:start\",null]").await;
    // The sender is the token's; characters count, and all of them arrive.
    let long = "🦀".repeat(4_000);
    let mut message = to(json!(long));
    for field in ["senderId", "userId", "from", "seq", "id"] {
        message[field] = json!(bob.id);
    }
    assert_eq!(a.ask("message:send", message).await["success"], true);
    let told = b.event(&format!("message:{}", ann.id)).await;
    assert_eq!(
        (&told["seq"], &told["senderId"], &told["content"]),
        (&json!(1), &json!(ann.id), &json!(long))
    );
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 1);
}

#[tokio::test]
async fn too_much_of_one_person_is_refused_and_hurts_nobody_else() {
    let world = World::with(|settings| {
        settings.limits.messages = 5;
        settings.limits.message_burst = 2;
        settings.limits.actions = 10;
        settings.limits.action_burst = 0;
        settings.max_sockets = 3;
    })
    .await;
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mut a, mut elsewhere) = (node.connect(&ann).await, other.connect(&ann).await);
    let mut b = node.connect(&bob).await;
    let message = json!({ "receiverId": bob.id, "content": "x" });
    let mut saved = 0;
    for turn in 0..20 {
        let client = if turn % 2 == 0 { &mut a } else { &mut elsewhere };
        let answer = client.ask("message:send", message.clone()).await;
        if answer["success"] == true {
            saved += 1;
        } else {
            assert!(answer["retryAfter"].as_f64().is_some_and(|after| after > 0.0), "{answer}");
        }
    }
    assert_eq!(saved, 7);
    assert_eq!(b.numbers(&format!("message:{}", ann.id), 7).await.len(), 7);
    b.send(&ann, "slow down").await;
    // What is wrong counts as what is right does, and so does each token that is checked: two
    // were spent by the clients of this test on being connected.
    let mut refusals = 0;
    for turn in 0..15 {
        let (event, data) = match turn % 3 {
            0 => ("typing:start", json!({ "receiverId": bob.id })),
            1 => ("no:such:event", json!({})),
            _ => ("auth:refresh", json!({ "token": ann.token })),
        };
        let answer = a.ask(event, data).await;
        refusals += usize::from(answer["error"] == "too much at once");
    }
    assert_eq!(refusals, 15 - (10 - 2));
    // Three sockets of one person on a node, and not more.
    let _two = (node.connect(&bob).await, node.connect(&bob).await);
    let mut fourth = Client::open(node.address).await;
    fourth.say(&format!("40{}", json!({ "token": bob.token }))).await;
    assert!(fourth.try_packet().await.expect("an answer").starts_with("44{\"message\":\"Too many"));
}

#[tokio::test]
async fn names_that_cannot_be_asked_for_do_not_stop_those_who_are_known() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut a = node.connect(&ann).await;
    a.send(&bob, "known").await;
    world.directory.set_away(true);
    a.send(&bob, "still known").await;
    let answer = a.ask("message:send", json!({ "receiverId": eve.id, "content": "x" })).await;
    assert_eq!((&answer["success"], answer["retryAfter"].is_number()), (&json!(false), true));
    // Nothing is wrong with Eve: she is sent away without a refusal and comes again.
    let mut e = Client::open(node.address).await;
    e.say(&format!("40{}", json!({ "token": eve.token }))).await;
    assert_eq!(e.ended().await, [""; 0]);
    world.directory.set_away(false);
    node.connect(&eve).await;
}
