//! What is held about a person, and what is left of them afterwards.

use serde_json::json;

use crate::harness::{PATIENCE, World};

#[tokio::test]
async fn whoever_is_erased_is_gone_and_the_others_keep_their_copy() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let (mut a, mut b) = (node.connect(&ann).await, node.connect(&bob).await);
    a.send(&bob, "from ann").await;
    b.send(&ann, "from bob").await;
    let named = json!({ "receiverId": eve.id, "content": "to eve", "clientId": "anns-own-name" });
    a.ask("message:send", named).await;
    a.ask("message:read", json!({ "peerId": bob.id, "upTo": 2 })).await;
    a.ask("user:block", json!({ "userId": eve.id })).await;

    let data = node.chat.personal_data();
    let exported = data.export(ann.id).await.expect("data");
    let said: Vec<_> =
        exported["messages"].as_array().expect("a list").iter().map(|m| &m["content"]).collect();
    assert_eq!(said, ["from ann", "from bob", "to eve"]);
    assert_eq!(exported["blocked"][0]["userId"], json!(eve.id));
    assert_eq!(exported["readMarks"][0]["upTo"], 2);

    // Eve is erased first: what she had stays with Ann, until Ann goes as well.
    world.directory.forget(eve.id);
    world.users.append("user.erased", eve.id);
    world.users.append("profile.updated", bob.id);
    let copies = format!("SELECT count(*) FROM deliveries WHERE user_id = '{}'", eve.id);
    marquis_testkit::eventually(PATIENCE, || async { world.number(&copies).await == 0 }).await;
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 3);
    world.directory.forget(ann.id);
    world.users.append("user.erased", ann.id);
    // Her sockets end.
    a.ended().await;
    marquis_testkit::eventually(PATIENCE, || async {
        world.number("SELECT count(*) FROM messages").await == 2
    })
    .await;
    assert_eq!(data.export(ann.id).await.expect("data"), json!({}));
    for table in ["deliveries", "mailboxes", "reads", "blocks"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE user_id = '{}'", ann.id);
        marquis_testkit::eventually(PATIENCE, || async { world.number(&sql).await == 0 }).await;
    }
    let sql = "SELECT count(*) FROM messages WHERE client_id IS NOT NULL";
    assert_eq!(world.number(sql).await, 0);

    // Bob still reads what he has, without her name.
    let mut late = node.connect(&bob).await;
    assert_eq!(late.ask("sync", json!({ "since": 0 })).await["last"], 2);
    let told = late.event(&format!("message:{}", ann.id)).await;
    assert_eq!(
        (&told["content"], &told["senderUsername"]),
        (&json!("from ann"), &json!("deleted user"))
    );
    let answer = late.ask("message:send", json!({ "receiverId": ann.id, "content": "x" })).await;
    assert_eq!(answer["success"], false);
    let exported = data.export(bob.id).await.expect("data");
    assert_eq!(exported["messages"].as_array().map(Vec::len), Some(2));
    assert_eq!(data.export(world.person("new").id).await.expect("data"), json!({}));
}
