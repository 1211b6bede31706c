//! The JSON interface.

use serde_json::{Value, json};

use crate::client::request;
use crate::harness::{Node, Person, World};

async fn call(node: &Node, person: &Person, method: &str, path: &str, body: Value) -> (u16, Value) {
    let head =
        format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", person.token);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = request(node.address, method, path, &head, &body).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn conversations_show_the_last_message_and_what_is_unread() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let (mut a, mut e) = (node.connect(&ann).await, node.connect(&eve).await);
    for number in 1..=3 {
        a.send(&bob, &format!("{number}")).await;
    }
    e.send(&bob, "hi").await;
    let id = a.send(&bob, "4").await;
    let (status, list) = call(&node, &bob, "GET", "/chat/conversations", Value::Null).await;
    assert_eq!((status, &list["meta"]), (200, &json!({ "total": 2, "limit": 20, "offset": 0 })));
    let [with_ann, with_eve] = [0, 1].map(|at| &list["data"][at]);
    assert_eq!((&with_ann["userId"], &with_ann["username"]), (&json!(ann.id), &json!("ann")));
    assert_eq!((&with_ann["unreadCount"], &with_ann["isOnline"]), (&json!(4), &json!(true)));
    assert_eq!(
        (&with_ann["lastMessage"]["id"], &with_ann["lastMessage"]["seq"]),
        (&json!(id), &json!(5))
    );
    assert_eq!((&with_eve["userId"], &with_eve["unreadCount"]), (&json!(eve.id), &json!(1)));
    let path = format!("/chat/conversations/{}/read", ann.id);
    assert_eq!(call(&node, &bob, "POST", &path, json!({ "upTo": 2 })).await.0, 204);
    assert_eq!(call(&node, &bob, "POST", &path, json!({})).await.0, 400);
    let (_, list) = call(&node, &bob, "GET", "/chat/conversations?limit=1", Value::Null).await;
    assert_eq!((&list["data"][0]["unreadCount"], &list["meta"]["total"]), (&json!(2), &json!(2)));
    // What was taken back cannot be read any more.
    assert_eq!(a.ask("message:delete", json!({ "messageId": id })).await["success"], true);
    let (_, list) = call(&node, &bob, "GET", "/chat/conversations?limit=1", Value::Null).await;
    assert_eq!(list["data"][0]["unreadCount"], 1);
    let (_, list) = call(&node, &bob, "GET", "/chat/conversations?offset=9", Value::Null).await;
    assert_eq!((&list["data"], &list["meta"]["total"]), (&json!([]), &json!(2)));
    // Who has blocked whom is not given away by who is connected.
    assert_eq!(a.ask("user:block", json!({ "userId": bob.id })).await["success"], true);
    let (_, list) = call(&node, &bob, "GET", "/chat/conversations?limit=1", Value::Null).await;
    let with_ann = &list["data"][0];
    assert_eq!((&with_ann["isOnline"], &with_ann["lastSeenAt"]), (&json!(false), &Value::Null));
    assert_eq!(a.ask("user:unblock", json!({ "userId": bob.id })).await["success"], true);
    // Of one's own messages none is unread.
    let (_, list) = call(&node, &ann, "GET", "/chat/conversations", Value::Null).await;
    assert_eq!(
        (&list["data"][0]["unreadCount"], &list["data"][0]["isOnline"]),
        (&json!(0), &json!(false))
    );
}

#[tokio::test]
async fn histories_are_read_backwards_without_gaps() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob, eve) = (world.person("ann"), world.person("bob"), world.person("eve"));
    let mut a = node.connect(&ann).await;
    for number in 1..=7 {
        a.send(&bob, &format!("{number}")).await;
        a.send(&eve, "between").await;
    }
    let path = format!("/chat/conversations/{}/messages", bob.id);
    let mut said = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let (status, page) = call(&node, &ann, "GET", &format!("{path}{query}"), Value::Null).await;
        assert_eq!(status, 200);
        let data = page["data"].as_array().expect("a list").clone();
        said.extend(data.iter().map(|m| m["content"].as_str().expect("text").to_owned()));
        match page["meta"]["before"].as_i64() {
            Some(before) => query = format!("?limit=3&before={before}"),
            None => break,
        }
    }
    assert_eq!(said, ["7", "6", "5", "4", "3", "2", "1"]);
    for bad in ["?limit=0", "?limit=101", "?before=0", "?before=x", "?after=1"] {
        assert_eq!(
            call(&node, &ann, "GET", &format!("{path}{bad}"), Value::Null).await.0,
            400,
            "{bad}"
        );
    }
    // Eve does not see what Ann and Bob said.
    let (status, page) = call(&node, &eve, "GET", &path, Value::Null).await;
    assert_eq!((status, &page["data"]), (200, &json!([])));
    let stranger = Person { token: "x".to_owned(), ..ann };
    assert_eq!(call(&node, &stranger, "GET", &path, Value::Null).await.0, 401);
}

#[tokio::test]
async fn messages_are_sent_changed_and_taken_back_without_a_socket() {
    let world = World::new().await;
    let node = world.node().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let mut b = node.connect(&bob).await;
    let path = format!("/chat/conversations/{}/messages", bob.id);
    let new = json!({ "content": "by post", "clientId": "p-1" });
    let (status, sent) = call(&node, &ann, "POST", &path, new.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(call(&node, &ann, "POST", &path, new).await, (201, sent.clone()));
    let other = json!({ "content": "something else", "clientId": "p-1" });
    assert_eq!(call(&node, &ann, "POST", &path, other).await.0, 409);
    assert_eq!(b.event(&format!("message:{}", ann.id)).await["id"], sent["messageId"]);
    let message = format!("/chat/messages/{}", sent["messageId"].as_str().expect("an id"));
    assert_eq!(call(&node, &bob, "PATCH", &message, json!({ "content": "mine" })).await.0, 404);
    assert_eq!(call(&node, &ann, "PATCH", &message, json!({ "content": "better" })).await.0, 204);
    assert_eq!(b.event("message:edited").await["content"], "better");
    assert_eq!(call(&node, &bob, "DELETE", &message, Value::Null).await.0, 404);
    assert_eq!(call(&node, &ann, "DELETE", &message, Value::Null).await.0, 204);
    b.event("message:deleted").await;
    let (status, problem) =
        call(&node, &ann, "POST", &path, json!({ "content": "", "clientId": "", "x": 1 })).await;
    let wrong: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
    assert_eq!((status, wrong.len()), (400, 3), "{problem}");
    let own = format!("/chat/conversations/{}/messages", ann.id);
    assert_eq!(call(&node, &ann, "POST", &own, json!({ "content": "x" })).await.0, 409);
    let nobody = "/chat/conversations/00000000-0000-7000-8000-000000000000/messages";
    assert_eq!(call(&node, &ann, "POST", nobody, json!({ "content": "x" })).await.0, 404);
    // Blocks.
    let (_, sent) = call(&node, &ann, "POST", &path, json!({ "content": "before" })).await;
    let message = format!("/chat/messages/{}", sent["messageId"].as_str().expect("an id"));
    let block = format!("/chat/blocks/{}", ann.id);
    assert_eq!(call(&node, &bob, "PUT", &block, Value::Null).await.0, 204);
    let (_, list) = call(&node, &bob, "GET", "/chat/blocks", Value::Null).await;
    assert_eq!(
        (&list["data"][0]["userId"], &list["data"][0]["username"]),
        (&json!(ann.id), &json!("ann"))
    );
    assert_eq!(call(&node, &ann, "POST", &path, json!({ "content": "x" })).await.0, 403);
    assert_eq!(call(&node, &ann, "PATCH", &message, json!({ "content": "x" })).await.0, 403);
    assert_eq!(call(&node, &bob, "DELETE", &block, Value::Null).await.0, 204);
    assert_eq!(call(&node, &ann, "POST", &path, json!({ "content": "x" })).await.0, 201);
}

#[tokio::test]
async fn every_operation_wants_a_token_and_all_is_documented() {
    let world = World::new().await;
    let node = world.node().await;
    let document = serde_json::to_value(node.chat.openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = 0;
    for (path, methods) in paths.iter().filter(|(path, _)| path.starts_with("/chat")) {
        let path = path.replace("{userId}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let path = path.replace("{messageId}", "01890a5d-ac96-774b-bcce-b302099a8057");
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_ascii_uppercase();
            let head = "content-type: application/json\r\n";
            let answer = request(node.address, &method, &path, head, "{}").await;
            assert_eq!(answer.status, 401, "{method} {path}");
            operations += 1;
        }
    }
    assert_eq!(operations, 9);
    for path in ["/health", "/livez", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(request(node.address, "GET", path, "", "").await.status, 200, "{path}");
    }
}
