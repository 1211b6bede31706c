//! Choosing how to be told.

use serde_json::{Value, json};

use crate::harness::App;

const PATH: &str = "/notifications/preferences";

#[tokio::test]
async fn everything_is_on_until_somebody_says_otherwise() {
    let app = App::start().await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let all = json!({"inApp": true, "email": true, "push": true});
    let defaults = json!({
        "channels": {"message": all, "payment": all, "sign_in": all, "security": all},
        "quietHours": null,
    });
    assert_eq!(app.get(&alice, PATH).await.expect(200), defaults);
    let wanted = json!({
        "channels": {"message": {"email": false}, "payment": {"inApp": false, "push": false}},
        "quietHours": {"from": "22:00", "to": "07:00", "timeZone": "europe/berlin"},
    });
    let mut expected = defaults.clone();
    expected["channels"]["message"]["email"] = false.into();
    expected["channels"]["payment"] = json!({"inApp": false, "email": true, "push": false});
    expected["quietHours"] = json!({"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"});
    assert_eq!(app.put(&alice, PATH, &wanted).await.expect(200), expected);
    assert_eq!(app.get(&alice, PATH).await.expect(200), expected);
    assert_eq!(app.get(&bob, PATH).await.expect(200), defaults, "they are alice's alone");
    // What was answered can be sent back, and nothing at all means the defaults.
    assert_eq!(app.put(&alice, PATH, &expected).await.expect(200), expected);
    assert_eq!(app.put(&alice, PATH, &json!({})).await.expect(200), defaults);
    let nulls = json!({"channels": null, "quietHours": null});
    assert_eq!(app.put(&alice, PATH, &nulls).await.expect(200), defaults);
}

#[tokio::test]
async fn every_mistake_is_named() {
    let app = App::start().await;
    let alice = app.person("alice");
    let cases: [(Value, &[&str]); 8] = [
        (json!({"channels": {"security": {"email": false}}}), &["channels.security.email"]),
        (
            json!({"channels": {"sign_in": {"inApp": false}, "security": {"inApp": false}}}),
            &["channels.sign_in.inApp", "channels.security.inApp"],
        ),
        (json!({"channels": {"message": {"email": "no"}}}), &["channels.message.email"]),
        (json!({"channels": {"message": {"sms": true}}}), &["channels.message.sms"]),
        (json!({"channels": {"gossip": {}}}), &["channels.gossip"]),
        (json!({"channels": []}), &["channels"]),
        (
            json!({"quietHours": {"from": "25:00", "to": "7", "timeZone": "Mars/Olympus"}}),
            &["quietHours.from", "quietHours.to", "quietHours.timeZone"],
        ),
        (
            json!({"quietHours": {"from": "22:00"}, "x": 1}),
            &["quietHours.to", "quietHours.timeZone", "x"],
        ),
    ];
    for (body, fields) in cases {
        assert_eq!(app.put(&alice, PATH, &body).await.wrong_fields(), fields, "{body}");
    }
    assert_eq!(app.get(&alice, PATH).await.expect(200)["quietHours"], Value::Null);
}

#[tokio::test]
async fn what_is_off_in_the_app_is_neither_listed_nor_pushed() {
    let app = App::start().await;
    let alice = app.person("alice");
    let wanted = json!({"channels": {"payment": {"inApp": false}}});
    app.put(&alice, PATH, &wanted).await.expect(200);
    let mut sockets = app.sockets().await;
    let _running = app.run();
    app.pays(&alice, "payment.succeeded", 5).await;
    app.settles().await;
    app.changes_password(&alice).await;
    let inbox = app.has(&alice, 1).await;
    assert_eq!(inbox[0]["kind"], "security");
    assert_eq!(sockets.next().await.data["kind"], "security", "and nothing before it");
    let page = app.get(&alice, "/notifications").await.expect(200);
    assert_eq!(page["meta"]["unread"], 1);
}
