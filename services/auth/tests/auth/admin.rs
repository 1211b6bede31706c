//! What the operator does: the first administrator, roles, test accounts, lost passwords.

use axum::http::StatusCode;
use futures_util::future::join_all;
use marquis_auth::application::AuthError;
use marquis_auth::{Email, Seeded};
use marquis_config::Environment;
use marquis_contracts::identity::Role;
use serde_json::json;

use crate::app::{App, PASSWORD, Session, get, post, service};

fn email(name: &str) -> Email {
    format!("{name}@example.com").parse().expect("an e-mail")
}

#[tokio::test]
async fn the_first_admin_changes_the_one_time_password_before_anything_else() {
    let app = App::new().await;
    let admin = email("admin");
    let one_time = app.auth.ensure_first_admin(&admin).await.expect("works").expect("created");
    assert!(app.auth.ensure_first_admin(&admin).await.expect("works").is_none());
    assert!(app.auth.ensure_first_admin(&email("other")).await.expect("works").is_none());

    let answer = app.login("admin", one_time.reveal()).await.expect(StatusCode::OK);
    assert_eq!(answer.body["user"]["roles"], json!([]));
    assert_eq!(answer.body["user"]["passwordChangeRequired"], true);
    let restricted = Session::of(&answer);
    let me = app.me(&restricted.access).await.expect(StatusCode::OK);
    assert_eq!((&me.body["roles"], &me.body["passwordChangeRequired"]), (&json!([]), &json!(true)));
    for call in [get("/auth/sessions"), post("/auth/logout-all")] {
        app.send(call.bearer(&restricted.access)).await.expect(StatusCode::FORBIDDEN);
    }
    assert_eq!(app.audited("permission.denied").await, 2);

    let body = json!({ "currentPassword": one_time.reveal(), "newPassword": PASSWORD });
    let call = post("/auth/password").bearer(&restricted.access).json(body);
    app.send(call).await.expect(StatusCode::NO_CONTENT);
    // The session that began with the one-time password never gains roles.
    assert_eq!(app.me(&restricted.access).await.body["roles"], json!([]));
    let refreshed = Session::of(&app.refresh(&restricted.refresh).await.expect(StatusCode::OK));
    assert_eq!(app.me(&refreshed.access).await.body["roles"], json!([]));

    app.login("admin", one_time.reveal()).await.expect(StatusCode::UNAUTHORIZED);
    let full = app.login("admin", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(full.body["user"]["roles"], json!(["user", "admin"]));
    let full = Session::of(&full);
    assert_eq!(app.me(&full.access).await.body["roles"], json!(["user", "admin"]));
    app.send(get("/auth/sessions").bearer(&full.access)).await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_nodes_one_creates_the_first_admin() {
    let app = App::new().await;
    let nodes: Vec<App> = (0..4).map(|_| app.another(app.settings.clone())).collect();
    let admin = email("admin");
    let created = join_all(nodes.iter().map(|node| node.auth.ensure_first_admin(&admin))).await;
    let created = created.into_iter().filter(|one| matches!(one, Ok(Some(_)))).count();
    assert_eq!(created, 1);
}

#[tokio::test]
async fn nobody_becomes_admin_by_having_the_address() {
    let app = App::new().await;
    app.register("admin").await;
    let refused = app.auth.ensure_first_admin(&email("admin")).await;
    assert!(matches!(refused, Err(AuthError::EmailTaken)), "{refused:?}");
    // A taken username is no obstacle.
    let other: Email = "admin@other.example.com".parse().expect("an e-mail");
    assert!(app.auth.ensure_first_admin(&other).await.expect("works").is_some());
}

#[tokio::test]
async fn seeding_is_idempotent_and_refused_in_production() {
    let app = App::new().await;
    assert_eq!(app.auth.seed().await.expect("seeds"), Seeded { created: 2, existing: 0 });
    assert_eq!(app.auth.seed().await.expect("seeds"), Seeded { created: 0, existing: 2 });
    for name in ["alice", "bob"] {
        app.login(name, PASSWORD).await.expect(StatusCode::OK);
    }
    let production = service(
        &app.database.settings(),
        &app.clock,
        &app.cluster,
        &app.settings,
        Environment::Prod,
    );
    assert!(matches!(production.seed().await, Err(AuthError::SeedRefused)));
}

#[tokio::test]
async fn a_lost_password_is_replaced_by_a_one_time_one() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    for n in 0..10 {
        app.login_from("alice", "wrong", &format!("198.51.100.{n}")).await;
    }
    app.login_from("alice", PASSWORD, "203.0.113.1").await.expect(StatusCode::TOO_MANY_REQUESTS);
    let one_time = app.auth.reset_password(&email("alice")).await.expect("reset");
    app.me(&alice.access).await.expect(StatusCode::UNAUTHORIZED);
    app.login("alice", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    let answer = app.login("alice", one_time.reveal()).await.expect(StatusCode::OK);
    assert_eq!(answer.body["user"]["passwordChangeRequired"], true);
    let unknown = app.auth.reset_password(&email("nobody")).await;
    assert!(matches!(unknown, Err(AuthError::UnknownAccount)));
}

#[tokio::test]
async fn an_account_keeps_at_least_one_role() {
    let app = App::new().await;
    app.register("alice").await;
    let none = app.auth.set_roles(&email("alice"), &[]).await;
    assert!(matches!(none, Err(AuthError::NoRoles)));
    let unknown = app.auth.grant_role(&email("nobody"), Role::Admin).await;
    assert!(matches!(unknown, Err(AuthError::UnknownAccount)));
    app.auth.grant_role(&email("alice"), Role::User).await.expect("nothing to do");
    assert_eq!(app.audited("roles.changed").await, 0);
}
