//! Erased people leave nothing behind, whatever is under way; a person's own copy.

use serde_json::{Value, json};
use time::Duration;

use crate::harness::{App, TableClient as _, settings};
use crate::mail_server::{MailServer, Manner};
use crate::push_service::PushService;

#[tokio::test]
async fn nothing_is_left_of_an_erased_person() {
    let (mail, push) = (MailServer::start().await, PushService::start().await);
    let mut both = mail.settings();
    both.tls.authorities = Some(push.authority.file.clone());
    let app = App::with(both).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let wanted = json!({"quietHours": {"from": "01:00", "to": "02:00", "timeZone": "UTC"}});
    for person in [&alice, &bob] {
        app.put(person, "/notifications/preferences", &wanted).await.expect(200);
        let browser = push.browser(&format!("/{}", person.id));
        app.post(person, "/notifications/push/subscriptions", Some(&browser.subscription()))
            .await
            .expect(201);
    }
    let running = app.run();
    // One letter waits for its time, one is dead, one is about to be tried again.
    mail.will(&[Manner::Refuse(550)]);
    app.changes_password(&alice).await;
    app.settles().await;
    app.misses_message(&alice, &bob).await;
    app.misses_message(&bob, &alice).await;
    app.settles().await;
    let tables = app.tables().await;
    let about = format!(
        "SELECT (SELECT count(*) FROM notifications WHERE user_id = '{0}')
              + (SELECT count(*) FROM preferences WHERE user_id = '{0}')
              + (SELECT count(*) FROM push_subscriptions WHERE user_id = '{0}')
              + (SELECT count(*) FROM jobs WHERE payload::text LIKE '%{0}%')",
        alice.id
    );
    assert_eq!(tables.number(&about).await, 2 + 1 + 1 + 2);
    app.is_erased(&alice).await;
    app.settles().await;
    assert_eq!(tables.number(&about).await, 0);
    assert_eq!(app.inbox(&bob).await.len(), 1, "the other side keeps its own");
    drop(running);

    // What is told of the person later, and what their last requests ask for, is forgotten.
    let _running = app.run();
    app.changes_password(&alice).await;
    app.pays(&alice, "payment.succeeded", 1).await;
    app.is_erased(&alice).await;
    app.put(&alice, "/notifications/preferences", &wanted).await.expect(200);
    let browser = push.browser("/late");
    app.post(&alice, "/notifications/push/subscriptions", Some(&browser.subscription()))
        .await
        .expect(404);
    app.settles().await;
    app.passes(Duration::hours(1)).await;
    app.settles().await;
    assert_eq!(tables.number(&about).await, 0);
    assert!(mail.taken().iter().all(|letter| letter.to == ["bob@people.example"]));
    let export = app.service.personal_data().export(alice.id).await.expect("exported");
    assert_eq!(export, json!({}));
}

#[tokio::test]
async fn written_mails_go_too() {
    let mut files = settings();
    files.mail.transport = marquis_config::sections::notifications::MailTransport::Files;
    let app = App::with(files).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let _running = app.run();
    app.changes_password(&alice).await;
    app.changes_password(&bob).await;
    app.settles().await;
    let of =
        |person: &crate::harness::Person| app.data_dir().join("mail").join(person.id.to_string());
    assert!(of(&alice).exists() && of(&bob).exists());
    app.is_erased(&alice).await;
    app.settles().await;
    assert!(!of(&alice).exists() && of(&bob).exists());
}

#[tokio::test]
async fn a_person_gets_a_copy_of_what_is_held() {
    let push = PushService::start().await;
    let app = App::with(push.settings()).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let wanted = json!({
        "channels": {"message": {"email": false}, "payment": {"inApp": false}},
        "quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Asia/Tokyo"},
    });
    let preferences = app.put(&alice, "/notifications/preferences", &wanted).await.expect(200);
    let browser = push.browser("/alice");
    app.post(&alice, "/notifications/push/subscriptions", Some(&browser.subscription()))
        .await
        .expect(201);
    let _running = app.run();
    app.misses_message(&alice, &bob).await;
    app.pays(&alice, "payment.succeeded", 1_250).await;
    app.settles().await;
    let export = app.service.personal_data().export(alice.id).await.expect("exported");
    assert_eq!(export["preferences"], preferences);
    assert_eq!(export["pushSubscriptions"][0]["endpoint"], browser.endpoint);
    let mut titles: Vec<&Value> = export["notifications"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["title"])
        .collect();
    titles.sort_by_key(|title| title.to_string());
    // What is not listed is held as well.
    assert_eq!(titles, [&json!("New message from bob"), &json!("Payment succeeded")]);
    let of_bob = app.service.personal_data().export(bob.id).await.expect("exported");
    assert_eq!(of_bob, json!({}));
}
