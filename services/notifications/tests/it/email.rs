//! E-mail, through a mail server that is not always friendly.

use std::sync::atomic::Ordering;

use marquis_config::sections::notifications::SmtpSecurity;
use marquis_contracts::identity::Role;
use marquis_kernel::Secret;
use marquis_testkit::eventually;
use serde_json::json;
use time::Duration;

use crate::harness::{App, PATIENCE, TableClient as _};
use crate::mail_server::{MailServer, Manner};
use crate::world::Authority;

#[tokio::test]
async fn an_email_is_written_as_it_should_be() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let alice = app.person("alice");
    let _running = app.run();
    app.pays(&alice, "payment.succeeded", 1_250).await;
    let shown = app.has(&alice, 1).await.remove(0);
    app.settles().await;
    let taken = mail.taken();
    assert_eq!(taken.len(), 1, "{taken:#?}");
    let letter = &taken[0];
    assert_eq!(letter.to, ["alice@people.example"]);
    assert_eq!(letter.header("To").as_deref(), Some("alice@people.example"));
    assert_eq!(letter.header("From").as_deref(), Some("Marquis <no-reply@localhost>"));
    assert_eq!(letter.header("Subject").as_deref(), Some("Payment succeeded"));
    assert_eq!(letter.header("Date").as_deref(), Some("Sat, 21 Nov 2026 12:00:00 +0000"));
    assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let id = format!("<{}.1@localhost>", shown["id"].as_str().expect("an id"));
    assert_eq!(letter.header("Message-ID"), Some(id));
    assert!(letter.body().contains("Your payment pay_01 of 12.50 EUR has succeeded."));
    assert!(letter.body().contains("https://app.example/notifications"));
}

#[tokio::test]
async fn nobody_can_write_headers_of_ours() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let (alice, mallory) =
        (app.person("alice"), app.person("m\r\nBcc: evil@evil.example\r\n\r\nx"));
    let _running = app.run();
    app.misses_message(&alice, &mallory).await;
    let device = "x\r\nBcc: evil@evil.example\r\n.\r\nRCPT TO:<evil@evil.example>";
    let data = json!({
        "userId": alice.id, "sessionId": alice.id, "device": device, "newDevice": true,
    });
    app.happens("session.started", &alice.id.to_string(), data).await;
    app.settles().await;
    app.passes(Duration::minutes(10)).await;
    app.settles().await;
    let taken = mail.taken();
    assert_eq!(taken.len(), 2);
    for letter in taken {
        assert_eq!(letter.to, ["alice@people.example"]);
        assert_eq!(letter.header("Bcc"), None, "{}", letter.text);
    }
    let told: Vec<_> = mail.heard().into_iter().filter(|line| line.contains("evil")).collect();
    assert!(told.is_empty(), "{told:?}");
    // An address that is more than one is never handed over.
    let bob = app.person("bob");
    app.directory.move_to(&bob, "bob@people.example>\r\nRCPT TO:<evil@evil.example");
    app.changes_password(&bob).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 2);
    let admin = app.with_roles("root", &[Role::Admin]);
    let dead = app.get(&admin, "/notifications/dead-letters").await.expect(200);
    assert_eq!(dead["data"][0]["lastError"], "the address is malformed");
}

#[tokio::test]
async fn a_message_is_mailed_when_it_stays_unread_and_its_receiver_away() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let (alice, bob, carol, dave) =
        (app.person("alice"), app.person("bob"), app.person("carol"), app.person("dave"));
    let _running = app.run();
    for _ in 0..3 {
        app.misses_message(&alice, &dave).await;
    }
    app.misses_message(&bob, &dave).await;
    app.misses_message(&carol, &dave).await;
    app.settles().await;
    app.passes(Duration::minutes(9)).await;
    app.post(&bob, "/notifications/read", None).await.expect(200);
    app.happens("presence.online", &carol.id.to_string(), json!({})).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 0);
    app.passes(Duration::minutes(1)).await;
    app.settles().await;
    let taken = mail.taken();
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert_eq!(taken[0].to, ["alice@people.example"]);
    assert_eq!(taken[0].header("Subject").as_deref(), Some("3 new messages from dave"));
    // Nothing more while she is away; once more when she was back and left again.
    app.misses_message(&alice, &dave).await;
    app.settles().await;
    app.passes(Duration::hours(1)).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 1);
    app.happens("presence.online", &alice.id.to_string(), json!({})).await;
    app.settles().await;
    app.misses_message(&alice, &dave).await;
    app.settles().await;
    app.passes(Duration::minutes(10)).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 2);
}

#[tokio::test]
async fn what_is_off_is_not_mailed_even_if_it_was_planned() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let (alice, bob) = (app.person("alice"), app.person("bob"));
    let _running = app.run();
    app.misses_message(&alice, &bob).await;
    app.settles().await;
    let off = json!({"channels": {"message": {"email": false}, "payment": {"email": false}}});
    app.put(&alice, "/notifications/preferences", &off).await.expect(200);
    app.passes(Duration::minutes(10)).await;
    app.pays(&alice, "payment.succeeded", 1).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 0);
}

#[tokio::test]
async fn a_busy_server_is_tried_again_until_it_takes_the_mail() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let alice = app.person("alice");
    mail.will(&[Manner::Refuse(451), Manner::HangUp, Manner::Refuse(421)]);
    let _running = app.run();
    app.changes_password(&alice).await;
    for left in [2, 1, 0] {
        eventually(PATIENCE, || async { mail.patience() == left }).await;
        app.rests(1).await;
        app.passes(Duration::minutes(1)).await;
    }
    app.settles().await;
    assert_eq!(mail.taken().len(), 1);
    // Its errors named no address.
    app.directory.away.store(true, Ordering::SeqCst);
    app.changes_password(&alice).await;
    let tables = app.tables().await;
    let error = eventually(PATIENCE, || async {
        tables.text("SELECT last_error FROM jobs WHERE kind = 'notification.email'").await
    })
    .await;
    assert_eq!(
        error,
        "the receiver's address cannot be asked for: identities cannot be asked for now: away"
    );
    app.directory.away.store(false, Ordering::SeqCst);
    app.passes(Duration::minutes(1)).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 2);
}

#[tokio::test]
async fn a_refused_mail_is_a_dead_letter_that_an_admin_sends_again() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let (alice, admin) = (app.person("alice"), app.with_roles("root", &[Role::User, Role::Admin]));
    mail.will(&[Manner::Refuse(550), Manner::Refuse(552)]);
    let _running = app.run();
    app.changes_password(&alice).await;
    app.settles().await;
    app.changes_password(&alice).await;
    app.settles().await;
    let path = "/notifications/dead-letters";
    app.get(&alice, path).await.expect(403);
    let dead = app.get(&admin, path).await.expect(200);
    assert_eq!(dead["meta"]["total"], 2);
    let letter = dead["data"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|letter| letter["lastError"] == "the mail server answers 550");
    let letter = letter.expect("the refusal, without the address");
    assert_eq!((&letter["kind"], &letter["attempts"]), (&json!("notification.email"), &json!(1)));
    assert!(!dead.to_string().contains("alice"), "{dead}");
    let one = format!("{path}/{}", letter["id"].as_str().expect("an id"));
    app.post(&alice, &format!("{one}/retry"), None).await.expect(403);
    app.post(&admin, &format!("{one}/retry"), None).await.expect(202);
    app.post(&admin, &format!("{one}/retry"), None).await.expect(404);
    eventually(PATIENCE, || async { mail.taken().len() == 1 }).await;
    let dead = app.get(&admin, path).await.expect(200);
    let one = format!("{path}/{}", dead["data"][0]["id"].as_str().expect("an id"));
    app.delete(&alice, &one).await.expect(403);
    app.delete(&admin, &one).await.expect(204);
    app.delete(&admin, &one).await.expect(404);
    assert_eq!(app.get(&admin, path).await.expect(200)["meta"]["total"], 0);
    assert_eq!(
        app.get(&admin, &format!("{path}?limit=0&offset=-1")).await.wrong_fields(),
        ["limit", "offset"]
    );
}

#[tokio::test]
async fn nothing_is_sent_in_plain_text_that_should_be_encrypted() {
    let mail = MailServer::start().await;
    let mut settings = mail.settings();
    settings.mail.smtp.security = SmtpSecurity::Starttls;
    settings.mail.smtp.username = "marquis".to_owned();
    settings.mail.smtp.password = Secret::new("not-for-everybody");
    let app = App::with(settings).await;
    let alice = app.person("alice");
    let _running = app.run();
    app.changes_password(&alice).await;
    let tables = app.tables().await;
    let error = eventually(PATIENCE, || async {
        tables.text("SELECT last_error FROM jobs WHERE kind = 'notification.email'").await
    })
    .await;
    assert_eq!(error, "the mail server does not offer what is configured");
    assert_eq!(mail.taken().len(), 0);
    let heard = mail.heard().join("\n");
    assert!(
        heard.contains("EHLO") && !heard.contains("AUTH") && !heard.contains("MAIL"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_server_is_believed_only_with_its_certificate() {
    let (ours, other) = (Authority::new(), Authority::new());
    let mail = MailServer::encrypted(ours.acceptor.clone()).await;
    let mut settings = mail.settings();
    settings.mail.smtp.security = SmtpSecurity::Tls;
    settings.tls.authorities = Some(other.file.clone());
    let deceived = App::with(settings.clone()).await;
    let alice = deceived.person("alice");
    let running = deceived.run();
    deceived.changes_password(&alice).await;
    let tables = deceived.tables().await;
    eventually(PATIENCE, || async {
        tables.text("SELECT last_error FROM jobs WHERE kind = 'notification.email'").await
    })
    .await;
    assert_eq!(mail.taken().len(), 0);
    drop(running);

    settings.tls.authorities = Some(ours.file.clone());
    let app = deceived.node(settings);
    let _running = app.run();
    app.passes(Duration::minutes(1)).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 1);
}

#[tokio::test]
async fn who_does_not_exist_gets_no_mail() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let alice = app.person("alice");
    app.directory.forget(&alice);
    let _running = app.run();
    app.changes_password(&alice).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 0);
    assert_eq!(app.tables().await.number("SELECT count(*) FROM jobs").await, 0);
}
