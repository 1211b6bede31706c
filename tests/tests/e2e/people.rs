//! People across all services, behind the firewall: found, written to, notified, given a copy
//! of their data, and erased without a trace but what others keep.

use std::time::Duration;

use marquis_testkit::eventually;
use marquis_tests::{Account, Api, Installation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shared;

const SOON: Duration = Duration::from_secs(20);

async fn send(api: &Api, who: &Account, to: &Account, content: &str) {
    let path = format!("/api/v1/chat/conversations/{}/messages", to.id);
    let answer = api.post_as(&who.access, &path, &json!({ "content": content })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn username(account: &Account) -> &str {
    account.email.split('@').next().expect("a name")
}

async fn found(api: &Api, who: &Account, name: &str) -> Vec<Value> {
    let answer = api.get_as(&who.access, &format!("/api/v1/users?search={name}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn people_are_found_by_parts_of_their_names() {
    let api = shared::up().await.api();
    let (ann, bob) = (api.register().await, api.register().await);
    let part = &username(&bob)[1..];
    // The directory learns of a registration by an event.
    eventually(SOON, || async {
        found(&api, &ann, part).await.iter().any(|person| person["id"] == json!(bob.id))
    })
    .await;
    let person = api.get_as(&ann.access, &format!("/api/v1/users/{}", bob.id)).await;
    assert_eq!(person.status, 200, "{person:?}");
    assert!(!person.text.contains(&bob.email), "addresses are for their owners: {person:?}");
    let own = api.get_as(&bob.access, "/api/v1/users/me").await;
    assert_eq!(own.json()["email"], json!(bob.email), "{own:?}");
}

#[tokio::test]
async fn a_name_like_an_attack_is_a_name() {
    let api = shared::up().await.api();
    let ann = api.register().await;
    for name in ["Miles O'Brien", "Ростислав Ёлкин", "Select Distinct", "李小龍 🐉", "a <3 b"]
    {
        let patch = json!({ "displayName": name });
        let request =
            api.request(Method::PATCH, "/api/v1/users/me").bearer_auth(&ann.access).json(&patch);
        let answer = marquis_tests::api::send(request).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()["displayName"], name);
    }
}

#[tokio::test]
async fn a_message_to_somebody_away_becomes_a_notification() {
    let api = shared::up().await.api();
    let (ann, bob) = (api.register().await, api.register().await);
    send(&api, &ann, &bob, "are you there? <b>select</b> something from the menu").await;
    let notification = eventually(SOON, || async {
        let list = api.get_as(&bob.access, "/api/v1/notifications").await;
        assert_eq!(list.status, 200, "{list:?}");
        let list = list.json();
        let first = list["data"].get(0).cloned();
        first.filter(|first| first.to_string().contains(&ann.id)).ok_or_else(|| list.to_string())
    })
    .await;
    let id = notification["id"].as_str().expect("an id");
    let read =
        api.post_as(&bob.access, &format!("/api/v1/notifications/{id}/read"), &json!({})).await;
    assert!(read.status < 300, "{read:?}");
    let list = api.get_as(&bob.access, "/api/v1/notifications").await.json();
    assert_eq!(list["meta"]["unread"], 0, "{list}");
}

#[tokio::test]
async fn what_is_read_in_the_conversation_is_no_news_any_more() {
    let api = shared::up().await.api();
    let (ann, bob) = (api.register().await, api.register().await);
    send(&api, &ann, &bob, "are you there?").await;
    let unread = async |wanted: u64| {
        eventually(SOON, || async {
            let list = api.get_as(&bob.access, "/api/v1/notifications").await.json();
            let unread = list["meta"]["unread"].as_u64();
            (unread == Some(wanted)).then_some(()).ok_or_else(|| list.to_string())
        })
        .await;
    };
    unread(1).await;
    let path = format!("/api/v1/chat/conversations/{}/read", ann.id);
    let read = api.post_as(&bob.access, &path, &json!({ "upTo": 1 })).await;
    assert!(read.status < 300, "{read:?}");
    unread(0).await;
}

#[tokio::test]
async fn a_copy_of_ones_data_names_every_service() {
    let api = shared::up().await.api();
    let (ann, bob) = (api.register().await, api.register().await);
    send(&api, &ann, &bob, "for the copy").await;
    let copy = api.get_as(&ann.access, "/api/v1/users/me/export").await;
    assert_eq!(copy.status, 200, "{copy:?}");
    let services = &copy.json()["services"];
    for service in ["auth", "users", "chat", "notifications", "payments"] {
        assert!(services[service].is_object(), "{service} in {}", copy.text);
    }
    assert!(copy.text.contains("for the copy"), "{}", copy.text);
    assert!(!copy.text.contains(&bob.email), "others' addresses are not in it: {}", copy.text);
}

#[tokio::test]
async fn who_is_erased_is_gone_everywhere_and_others_keep_their_copies() {
    let installation = Installation::start().await;
    let api = installation.api();
    let (ann, bob) = (api.register().await, api.register().await);
    send(&api, &bob, &ann, "remember me").await;
    send(&api, &ann, &bob, "always").await;
    eventually(SOON, || async {
        found(&api, &ann, username(&bob)).await.iter().any(|person| person["id"] == json!(bob.id))
    })
    .await;
    let request = api.request(Method::DELETE, "/api/v1/users/me").bearer_auth(&bob.access);
    let erased = marquis_tests::api::send(request).await;
    assert!([200, 202, 204].contains(&erased.status), "{erased:?}");

    // The token is void, the password opens nothing, the name and address are nobody's.
    eventually(SOON, || async { api.get_as(&bob.access, "/api/v1/users/me").await.status == 401 })
        .await;
    let credentials = json!({ "email": bob.email, "password": bob.password });
    eventually(SOON, || async { api.post("/api/v1/auth/login", &credentials).await.status == 401 })
        .await;
    assert!(found(&api, &ann, username(&bob)).await.is_empty());
    assert_eq!(api.get_as(&ann.access, &format!("/api/v1/users/{}", bob.id)).await.status, 404);

    // Ann still reads what was said, from "deleted user".
    let conversation = eventually(SOON, || async {
        let list = api.get_as(&ann.access, "/api/v1/chat/conversations").await;
        let gone = !list.text.contains(username(&bob));
        if gone { Ok(list) } else { Err(list.text) }
    })
    .await;
    assert!(conversation.text.to_lowercase().contains("deleted user"), "{conversation:?}");
    let path = format!("/api/v1/chat/conversations/{}/messages", bob.id);
    let history = api.get_as(&ann.access, &path).await;
    assert_eq!(history.status, 200, "{history:?}");
    for content in ["remember me", "always"] {
        assert!(history.text.contains(content), "{history:?}");
    }
    assert!(!history.text.contains(username(&bob)), "{history:?}");
    let copy = api.get_as(&ann.access, "/api/v1/users/me/export").await;
    assert!(!copy.text.contains(username(&bob)), "{}", copy.text);

    // Nor does a log show the person.
    let log = installation.process().log();
    assert!(!log.contains(&bob.email) && !log.contains("remember me"), "in the log");

    // The address is free again, for another person.
    let again = json!({ "email": bob.email, "username": username(&bob), "password": bob.password });
    let registered = api.post("/api/v1/auth/register", &again).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_ne!(registered.json()["user"]["id"], json!(bob.id));
}
