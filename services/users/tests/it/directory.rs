//! The list of people, and searching it.

use serde_json::{Value, json};

use crate::harness::{App, text};

#[tokio::test]
async fn people_are_listed_by_name_in_pages() {
    let app = App::start().await;
    let mut alice = None;
    for name in ["delta", "Alice", "charlie", "Bob", "echo"] {
        let person = app.known(name).await;
        if name == "Alice" {
            alice = Some(person);
        }
    }
    let alice = alice.expect("made");
    let all = app.get(&alice, "/users").await.expect(200);
    assert_eq!(all["meta"], json!({"total": 5, "limit": 20, "offset": 0}));
    let (names, total) = app.names(&alice, "").await;
    assert_eq!((names, total), (strings(["Alice", "Bob", "charlie", "delta", "echo"]), 5));
    assert_eq!(app.names(&alice, "limit=2&offset=1").await.0, ["Bob", "charlie"]);
    assert_eq!(app.names(&alice, "offset=5").await, (vec![], 5));
    assert_eq!(app.names(&alice, "limit=100&offset=9223372036854775807").await, (vec![], 5));
    assert!(!all.to_string().contains('@'), "no address in a list: {all}");
    assert!(all["data"][0].get("passwordHash").is_none());
}

#[tokio::test]
async fn wrong_parameters_are_all_named() {
    let app = App::start().await;
    let alice = app.known("alice").await;
    let long = "a".repeat(255);
    let path = format!("/users?limit=101&offset=-1&isOnline=maybe&search={long}&sort=age");
    let mut fields = app.get(&alice, &path).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["isOnline", "limit", "offset", "search", "sort"]);
    assert_eq!(app.get(&alice, "/users?limit=0").await.wrong_fields(), ["limit"]);
    assert_eq!(app.get(&alice, "/users?search=a&search=b").await.wrong_fields(), ["search"]);
}

#[tokio::test]
async fn searches_find_beginnings_first_and_then_parts() {
    let app = App::start().await;
    for name in ["Anderson", "son.of.anna", "JOHNSON", "jo_hn", "jo-hn", "sonja", "100percent"] {
        app.known(name).await;
    }
    let alice = app.known("alice").await;
    let find = async |query: &str| app.names(&alice, query).await.0;
    assert_eq!(find("search=SON").await, ["son.of.anna", "sonja", "Anderson", "JOHNSON"]);
    assert_eq!(find("search=%20son%20").await.len(), 4, "trimmed");
    assert_eq!(find("search=son&limit=2&offset=1").await, ["sonja", "Anderson"]);
    assert_eq!(app.names(&alice, "search=son&limit=1").await.1, 4);
    // One or two characters are looked for at the beginning only.
    assert_eq!(find("search=so").await, ["son.of.anna", "sonja"]);
    assert_eq!(find("search=on").await, Vec::<String>::new());
    // Nothing in a search is more than itself.
    assert_eq!(find("search=o_h").await, ["jo_hn"]);
    for nothing in ["%25%25%25", "___", "%5C", "%27%20OR%201=1--", "%F0%9F%8E%89", "s%25n"] {
        assert_eq!(find(&format!("search={nothing}")).await, Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(find("search=%20").await.len(), 8, "no search at all");
    assert_eq!(find("search=son&isOnline=false").await.len(), 4);
    assert_eq!(find("search=son&isOnline=true").await, Vec::<String>::new());
    app.get(&alice, "/users?search=%00").await.problem(400);
}

#[tokio::test]
async fn an_address_finds_its_owner_only_as_a_whole() {
    let app = App::start().await;
    let (alice, _) = (app.known("alice").await, app.known("bob").await);
    for query in ["search=bob@example.org", "search=%20BOB@Example.ORG", "search=bob%40example.org"]
    {
        let list = app.get(&alice, &format!("/users?{query}")).await.expect(200);
        assert_eq!(text(&list["data"][0]["username"]), "bob", "{query}");
        assert_eq!(list["meta"]["total"], 1);
        assert!(!list.to_string().contains("example"), "{list}");
    }
    for query in
        ["search=bob@", "search=@example.org", "search=ob@example.org", "search=example.org"]
    {
        assert_eq!(app.names(&alice, query).await, (vec![], 0), "{query}");
    }
    assert_eq!(app.names(&alice, "search=bob@example.org&isOnline=true").await.1, 0);
    assert_eq!(
        app.names(&alice, "search=bob@example.org&isOnline=false&offset=1").await,
        (vec![], 1)
    );
}

#[tokio::test]
async fn those_connected_can_be_told_from_the_others() {
    let app = App::start().await;
    let _running = app.run();
    let alice = app.known("alice").await;
    for name in ["bob", "barbara", "carol"] {
        let person = app.known(name).await;
        if name != "carol" {
            app.chat_says("presence.online", &person, json!({})).await;
        }
    }
    marquis_testkit::eventually(crate::harness::PATIENCE, || async {
        app.names(&alice, "isOnline=true").await == (strings(["barbara", "bob"]), 2)
    })
    .await;
    assert_eq!(app.names(&alice, "isOnline=false").await, (strings(["alice", "carol"]), 2));
    assert_eq!(app.names(&alice, "isOnline=true&limit=1&offset=1").await.0, ["bob"]);
    assert_eq!(app.names(&alice, "isOnline=true&search=bar").await, (strings(["barbara"]), 1));
    assert_eq!(app.names(&alice, "isOnline=true&search=arb").await, (strings(["barbara"]), 1));
    assert_eq!(app.names(&alice, "isOnline=false&search=car").await, (strings(["carol"]), 1));
    assert_eq!(app.names(&alice, "isOnline=false&search=bob").await, (vec![], 0));
    let list = app.get(&alice, "/users?search=bob").await.expect(200);
    assert_eq!(list["data"][0]["isOnline"], Value::Bool(true));
}

fn strings<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
