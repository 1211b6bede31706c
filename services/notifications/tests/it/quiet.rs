//! Quiet hours, by the clock on the person's wall.

use serde_json::json;
use time::Duration;

use crate::harness::App;
use crate::mail_server::{MailServer, Manner};

/// Ten at night to seven in the morning in Berlin, which is 21:00 to 06:00 UTC in November.
async fn sleeps(app: &App, name: &str) -> crate::harness::Person {
    let person = app.person(name);
    let wanted =
        json!({"quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"}});
    app.put(&person, "/notifications/preferences", &wanted).await.expect(200);
    person
}

#[tokio::test]
async fn the_night_is_quiet_except_for_what_is_urgent() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let alice = sleeps(&app, "alice").await;
    let mut sockets = app.sockets().await;
    let _running = app.run();
    // 23:30 in Berlin.
    app.passes(Duration::minutes(10 * 60 + 30)).await;
    app.pays(&alice, "payment.succeeded", 1_250).await;
    let push = sockets.next().await;
    assert_eq!((&push.data["kind"], &push.data["silent"]), (&json!("payment"), &json!(true)));
    app.settles().await;
    assert_eq!(mail.taken().len(), 0);

    app.changes_password(&alice).await;
    let push = sockets.next().await;
    assert_eq!((&push.data["kind"], &push.data["silent"]), (&json!("security"), &json!(false)));
    app.settles().await;
    let taken = mail.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].header("Subject").as_deref(), Some("Your password was changed"));

    // 06:59:59 in Berlin, then 07:00.
    app.passes(Duration::minutes(7 * 60 + 30) - Duration::SECOND).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 1);
    app.passes(Duration::SECOND).await;
    app.settles().await;
    let taken = mail.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[1].header("Subject").as_deref(), Some("Payment succeeded"));
    let date = taken[1].header("Date").expect("a date");
    assert_eq!(date, "Sun, 22 Nov 2026 06:00:00 +0000");
}

#[tokio::test]
async fn a_delivery_that_failed_into_the_night_waits_for_the_morning() {
    let mail = MailServer::start().await;
    let app = App::with(mail.settings()).await;
    let alice = sleeps(&app, "alice").await;
    mail.will(&[Manner::Refuse(451)]);
    let _running = app.run();
    // 21:59:59 in Berlin.
    app.passes(Duration::hours(9) - Duration::SECOND).await;
    app.pays(&alice, "payment.failed", 1_250).await;
    marquis_testkit::eventually(crate::harness::PATIENCE, || async { mail.patience() == 0 }).await;
    app.rests(1).await;
    // The next attempt falls into the night and is put off, without being counted.
    app.passes(Duration::hours(1)).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 0);
    app.passes(Duration::hours(8) + Duration::SECOND).await;
    app.settles().await;
    assert_eq!(mail.taken().len(), 1);
}
