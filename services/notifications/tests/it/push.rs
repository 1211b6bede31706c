//! Web Push, to a service that keeps and refuses, and a browser that decrypts.

use marquis_contracts::identity::Role;
use marquis_testkit::eventually;
use serde_json::{Value, json};
use time::Duration;

use crate::harness::{App, NOON, PATIENCE, Person, TableClient as _, settings};
use crate::push_service::{Browser, PushService};

const PATH: &str = "/notifications/push/subscriptions";

async fn subscribe(app: &App, person: &Person, browser: &Browser) -> String {
    let made = app.post(person, PATH, Some(&browser.subscription())).await.expect(201);
    made["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_browser_gets_what_the_socket_gets_and_nobody_else_can_read_it() {
    let service = PushService::start().await;
    let app = App::with(service.settings()).await;
    let alice = app.person("alice");
    let key = app.get(&alice, "/notifications/push/key").await.expect(200);
    let browsers = [service.browser("/one?x=1"), service.browser("/two")];
    for browser in &browsers {
        subscribe(&app, &alice, browser).await;
    }
    let mut sockets = app.sockets().await;
    let _running = app.run();
    app.changes_password(&alice).await;
    let mut told = sockets.next().await.data;
    app.settles().await;
    let delivered = service.delivered();
    assert_eq!(delivered.len(), 2);
    told.as_object_mut().expect("an object").remove("silent");
    told["url"] = "https://app.example/notifications".into();
    for (browser, path) in browsers.iter().zip(["/one?x=1", "/two"]) {
        let request = delivered.iter().find(|request| request.path == path).expect("delivered");
        assert_eq!(browser.decrypt(&request.body), told);
        assert_eq!(request.header("content-encoding"), "aes128gcm");
        assert_eq!(request.header("ttl"), "86400");
        assert_eq!(request.header("urgency"), "high");
        assert_eq!(request.header("topic").len(), 22);
        let host = format!("localhost:{}", service.address.port());
        assert_eq!(request.header("host"), host);
        let (claims, public) = request.vapid();
        assert_eq!(public, key["publicKey"]);
        assert_eq!(claims["aud"], format!("https://{host}"));
        assert_eq!(claims["sub"], "mailto:postmaster@localhost");
        let lives = claims["exp"].as_i64().expect("a time") - NOON.unix_timestamp();
        assert!((1..=86_400).contains(&lives), "{lives}");
    }
    // Every message has a salt and a key of its own.
    assert_ne!(delivered[0].body[..86], delivered[1].body[..86]);
}

#[tokio::test]
async fn the_key_survives_a_restart() {
    let app = App::start().await;
    let alice = app.person("alice");
    let key = app.get(&alice, "/notifications/push/key").await.expect(200);
    let node = app.another_node();
    assert_eq!(node.get(&alice, "/notifications/push/key").await.expect(200), key);
}

#[tokio::test]
async fn messages_of_a_conversation_replace_each_other_and_come_slowly() {
    let service = PushService::start().await;
    let app = App::with(service.settings()).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let browser = service.browser("/alice");
    subscribe(&app, &alice, &browser).await;
    let _running = app.run();
    for _ in 0..10 {
        app.misses_message(&alice, &bob).await;
        app.settles().await;
        app.passes(Duration::SECOND).await;
    }
    assert_eq!(service.delivered().len(), 1);
    app.passes(Duration::seconds(30)).await;
    app.settles().await;
    let delivered = service.delivered();
    assert_eq!(delivered.len(), 2);
    assert_eq!(browser.decrypt(&delivered[0].body)["title"], "New message from bob");
    assert_eq!(browser.decrypt(&delivered[1].body)["title"], "10 new messages from bob");
    assert_eq!(delivered[0].header("topic"), delivered[1].header("topic"));
    assert_eq!(delivered[0].header("urgency"), "normal");
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten() {
    let service = PushService::start().await;
    let app = App::with(service.settings()).await;
    let alice = app.person("alice");
    let _running = app.run();
    for gone in [404, 410] {
        subscribe(&app, &alice, &service.browser("/gone")).await;
        service.will(&[gone]);
        app.changes_password(&alice).await;
        app.settles().await;
        assert_eq!(app.get(&alice, PATH).await.expect(200)["data"], json!([]), "{gone}");
    }
    assert_eq!(app.tables().await.number("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_busy_service_is_tried_again_and_a_refusal_is_a_dead_letter() {
    let service = PushService::start().await;
    let app = App::with(service.settings()).await;
    let (alice, admin) = (app.person("alice"), app.with_roles("root", &[Role::Admin]));
    let browser = service.browser("/secret-endpoint");
    subscribe(&app, &alice, &browser).await;
    let _running = app.run();
    service.will(&[503, 429, 201, 403]);
    app.changes_password(&alice).await;
    for requests in [1, 2] {
        eventually(PATIENCE, || async { service.delivered().len() == requests }).await;
        app.rests(1).await;
        app.passes(Duration::MINUTE).await;
    }
    app.settles().await;
    assert_eq!(service.delivered().len(), 3);
    app.changes_password(&alice).await;
    app.settles().await;
    let dead = app.get(&admin, "/notifications/dead-letters").await.expect(200);
    assert_eq!(dead["data"][0]["lastError"], "the push service answers 403");
    assert_eq!(dead["data"][0]["kind"], "notification.push");
    assert!(!dead.to_string().contains("secret-endpoint"));
    assert_eq!(app.get(&alice, PATH).await.expect(200)["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn subscriptions_are_listed_renewed_and_removed() {
    let service = PushService::start().await;
    let mut settings = service.settings();
    settings.web_push.most_subscriptions = 3;
    let app = App::with(settings).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let browser = service.browser("/shared");
    let answer = app.post(&alice, PATH, Some(&browser.subscription())).await;
    let location = answer.headers["location"].to_str().expect("ASCII").to_owned();
    let made = answer.expect(201);
    assert_eq!(made["host"], "localhost");
    assert_eq!(location, format!("subscriptions/{}", made["id"].as_str().expect("an id")));
    let again = app.post(&alice, PATH, Some(&browser.subscription())).await.expect(200);
    assert_eq!(again, made);
    let listed = app.get(&alice, PATH).await.expect(200);
    assert_eq!(listed, json!({"data": [made]}));
    assert!(!listed.to_string().contains("/shared"), "the endpoint is a secret");

    // Bob signs in with the same browser.
    app.post(&bob, PATH, Some(&browser.subscription())).await.expect(200);
    assert_eq!(app.get(&alice, PATH).await.expect(200), json!({"data": []}));
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    app.delete(&alice, &path).await.expect(404);
    app.delete(&bob, &path).await.expect(204);
    app.delete(&bob, &path).await.expect(404);

    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(subscribe(&app, &alice, &service.browser(&format!("/{number}"))).await);
    }
    let listed = app.get(&alice, PATH).await.expect(200);
    let kept: Vec<&str> = listed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|subscription| subscription["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(kept, ids[2..], "the oldest are gone");
}

#[tokio::test]
async fn a_browser_that_changed_hands_is_not_told_of_the_former_one() {
    let service = PushService::start().await;
    let app = App::with(service.settings()).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let browser = service.browser("/shared");
    subscribe(&app, &alice, &browser).await;
    let running = app.run();
    service.will(&[503]);
    app.changes_password(&alice).await;
    eventually(PATIENCE, || async { service.delivered().len() == 1 }).await;
    drop(running);
    app.post(&bob, PATH, Some(&browser.subscription())).await.expect(200);
    app.passes(Duration::MINUTE).await;
    let _running = app.run();
    app.settles().await;
    assert_eq!(service.delivered().len(), 1);
}

#[tokio::test]
async fn every_mistake_is_named() {
    let app = App::start().await;
    let alice = app.person("alice");
    let key = format!("B{}", "A".repeat(86));
    let auth = "A".repeat(22);
    let keys = json!({"p256dh": key, "auth": auth});
    let with = |endpoint: &str| json!({"endpoint": endpoint, "keys": keys});
    let cases: [(Value, &[&str]); 8] = [
        (json!({}), &["endpoint", "keys"]),
        (with("http://push.example/x"), &["endpoint"]),
        (with("https://user:password@push.example/x"), &["endpoint"]),
        (with("javascript:alert(1)"), &["endpoint"]),
        (with(&format!("https://push.example/{}", "x".repeat(1_100))), &["endpoint"]),
        (
            json!({"endpoint": "https://push.example/x", "keys": {"p256dh": "AAAA", "auth": "!"}}),
            &["keys.p256dh", "keys.auth"],
        ),
        (
            json!({"endpoint": "https://push.example/x", "keys": {"p256dh": "A".repeat(87), "auth": auth}}),
            &["keys.p256dh"],
        ),
        (json!({"endpoint": 5, "keys": [], "more": 1}), &["endpoint", "keys", "more"]),
    ];
    for (body, fields) in cases {
        assert_eq!(app.post(&alice, PATH, Some(&body)).await.wrong_fields(), fields, "{body}");
    }
    assert_eq!(app.get(&alice, PATH).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn nobody_makes_us_call_our_own_network() {
    let service = PushService::start().await;
    let mut public = service.settings();
    public.web_push.allow_private_addresses = false;
    let app = App::with(public).await;
    let (alice, admin) = (app.person("alice"), app.with_roles("root", &[Role::Admin]));
    let mut body = service.browser("/x").subscription();
    for host in [
        "localhost",
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "push.localhost",
        "push.example:8443",
        "push.example:22",
    ] {
        body["endpoint"] = format!("https://{host}/x").into();
        assert_eq!(
            app.post(&alice, PATH, Some(&body)).await.wrong_fields(),
            ["endpoint"],
            "{host}"
        );
    }
    // A name that leads here after all, as one under an attacker's control may at any time.
    body["endpoint"] = "https://push.example/x".into();
    app.post(&alice, PATH, Some(&body)).await.expect(201);
    let tables = app.tables().await;
    let _running = app.run();
    for (number, endpoint) in [
        "https://localhost/x".to_owned(),
        format!("https://localhost:{}/x", service.address.port()),
    ]
    .iter()
    .enumerate()
    {
        tables.run(&format!("UPDATE push_subscriptions SET endpoint = '{endpoint}'")).await;
        app.changes_password(&alice).await;
        app.settles().await;
        let dead = app.get(&admin, "/notifications/dead-letters").await.expect(200);
        assert_eq!(dead["meta"]["total"], number + 1);
        assert_eq!(dead["data"][0]["lastError"], "the push service is not on the public internet");
    }
    assert_eq!(service.connections(), 0);
}

#[tokio::test]
async fn a_service_is_believed_only_with_its_certificate() {
    let (service, other) = (PushService::start().await, PushService::start().await);
    let mut wrong = service.settings();
    wrong.tls.authorities = Some(other.authority.file.clone());
    let app = App::with(wrong).await;
    let alice = app.person("alice");
    subscribe(&app, &alice, &service.browser("/x")).await;
    let _running = app.run();
    app.changes_password(&alice).await;
    let tables = app.tables().await;
    let error = eventually(PATIENCE, || async {
        tables.text("SELECT last_error FROM jobs WHERE kind = 'notification.push'").await
    })
    .await;
    assert!(error.starts_with("TLS to the push service fails"), "{error}");
    assert_eq!(service.delivered().len(), 0);
}

#[tokio::test]
async fn push_messages_can_be_switched_off() {
    let mut off = settings();
    off.web_push.enabled = false;
    let app = App::with(off).await;
    let alice = app.person("alice");
    let service = PushService::start().await;
    app.get(&alice, "/notifications/push/key").await.expect(404);
    let body = service.browser("/x").subscription();
    app.post(&alice, PATH, Some(&body)).await.expect(404);
    assert!(!app.data_dir().join("notifications").exists(), "no key is made");
}
