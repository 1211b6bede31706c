//! E-mails that are written instead of sent.

use std::os::unix::fs::PermissionsExt as _;

use axum::body::Body;
use axum::http::Request;
use marquis_config::sections::notifications::MailTransport;
use serde_json::json;
use time::Duration;

use crate::harness::{Answer, App, settings};

fn files(page: bool) -> marquis_config::Notifications {
    let mut settings = settings();
    settings.mail.transport = MailTransport::Files;
    settings.mail.page = page;
    settings
}

async fn look(app: &App, path: &str) -> Answer {
    app.send(Request::get(path).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn written_mails_are_shown_harmlessly() {
    let app = App::with(files(true)).await;
    let alice = app.person("alice");
    let page = look(&app, "/notifications/mailbox").await;
    assert!(page.text.contains("There are none yet"), "{}", page.text);
    let _running = app.run();
    app.misses_message(&alice, &app.person("<script>alert(1)</script>")).await;
    app.settles().await;
    app.passes(Duration::minutes(10)).await;
    app.settles().await;
    let page = look(&app, "/notifications/mailbox").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("New message from &lt;script&gt;"), "{}", page.text);
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .expect("ASCII")
            .starts_with("default-src 'none'")
    );
    let (_, rest) = page.text.split_once("href=\"").expect("a link");
    let link = rest.split('"').next().expect("its end");
    let letter = look(&app, &format!("/notifications/{link}")).await;
    assert_eq!(letter.status, 200);
    assert!(letter.headers["content-type"].to_str().expect("ASCII").starts_with("text/plain"));
    assert_eq!(letter.headers["x-content-type-options"], "nosniff");
    assert!(
        letter.text.contains("Subject: New message from <script>alert(1)</script>\r\n"),
        "{}",
        letter.text
    );

    let person = app.data_dir().join("mail").join(alice.id.to_string());
    let file = std::fs::read_dir(&person).expect("written").next().expect("one").expect("read");
    assert_eq!(file.metadata().expect("is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&person).expect("is there").permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn nothing_else_is_shown() {
    let app = App::with(files(true)).await;
    std::fs::write(app.data_dir().join("secret.eml"), "classified").expect("written");
    let id = "01997c3e-0000-7000-8000-000000000001";
    for name in [
        "x",
        "..%2fsecret",
        "..",
        &format!("{id}..%2f..%2fsecret"),
        &format!("{id}.{id}-1"),
        &format!("{id}.{id}-+1"),
        &format!("{id}.{id}-1%00"),
        &format!("%2e%2e.{id}-1"),
    ] {
        let answer = look(&app, &format!("/notifications/mailbox/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
        assert!(!answer.text.contains("classified"));
    }
}

#[tokio::test]
async fn the_page_exists_only_where_it_is_wanted() {
    let app = App::with(files(false)).await;
    assert_eq!(look(&app, "/notifications/mailbox").await.status, 401);
    let document = serde_json::to_value(app.service.openapi()).expect("serializes");
    assert_eq!(document["paths"]["/notifications/mailbox"], json!(null));
}
