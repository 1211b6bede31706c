//! No operation forgot to ask who is calling.

use axum::body::Body;
use axum::http::Request;
use marquis_authz::coverage::unguarded;
use marquis_config::DatabaseServer;
use marquis_contracts::identity::Role;
use marquis_kernel::Secret;
use marquis_notifications::MIGRATIONS;

use crate::harness::{App, Parts, settings};

#[tokio::test]
async fn every_operation_asks_who_is_calling() {
    let app = App::start().await;
    let findings = unguarded(&app.service.openapi(), &app.router).await;
    assert!(findings.is_empty(), "{findings:#?}");
    let public = app
        .service
        .openapi()
        .paths
        .paths
        .values()
        .flat_map(marquis_http::service::operations)
        .filter(|(_, operation)| marquis_http::service::is_public(operation))
        .count();
    assert_eq!(public, 0);
}

#[tokio::test]
async fn a_token_without_roles_may_do_nothing() {
    let app = App::start().await;
    let nobody = app.with_roles("nobody", &[]);
    for path in ["/notifications", "/notifications/preferences", "/notifications/push/key"] {
        app.get(&nobody, path).await.expect(403);
    }
    let finance = app.with_roles("finance", &[Role::User, Role::Finance]);
    app.get(&finance, "/notifications/dead-letters").await.expect(403);
}

#[tokio::test]
async fn health_and_documentation_answer() {
    let app = App::start().await;
    for path in ["/health", "/livez", "/readyz", "/metrics", "/openapi.json"] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(app.send(request).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_a_database_the_answer_is_to_come_back_later() {
    let url = format!("postgres://nobody@127.0.0.1:{}/none", marquis_testkit::free_port());
    let app = Parts::on(settings(), &DatabaseServer::with_url(Secret::new(url)));
    let alice = app.person("alice");
    for path in
        ["/notifications", "/notifications/preferences", "/notifications/push/subscriptions"]
    {
        let answer = app.get(&alice, path).await;
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
        answer.expect(503);
    }
}

#[test]
fn every_migration_is_listed() {
    marquis_testkit::assert_all_listed(env!("CARGO_MANIFEST_DIR"), MIGRATIONS);
}
