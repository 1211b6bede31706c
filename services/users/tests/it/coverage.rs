//! No operation forgot to ask who is calling.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use marquis_authz::coverage::unguarded;
use marquis_users::MIGRATIONS;

use crate::harness::App;

#[tokio::test]
async fn every_operation_but_showing_a_picture_asks_who_is_calling() {
    let app = App::start().await;
    let document = app.users.openapi();
    let findings = unguarded(&document, &app.router).await;
    assert!(findings.is_empty(), "{findings:#?}");
    let (mut public, mut ids) = (Vec::new(), BTreeSet::new());
    for (path, item) in &document.paths.paths {
        for (_, operation) in marquis_http::service::operations(item) {
            let id = operation.operation_id.clone().expect("has an id");
            assert!(ids.insert(id.clone()), "{id} is not the only one");
            if marquis_http::service::is_public(operation) {
                public.push(path.as_str());
            }
        }
    }
    assert_eq!(public, ["/users/avatars/{name}"]);
    assert_eq!(ids.len(), 11, "{ids:?}");
}

#[tokio::test]
async fn a_token_without_roles_may_do_nothing() {
    let app = App::start().await;
    let nobody = app.named(app.person("nobody").id, &[]);
    for (method, path) in [
        (Method::GET, "/users"),
        (Method::GET, "/users/me"),
        (Method::GET, "/users/me/export"),
        (Method::DELETE, "/users/me"),
        (Method::PUT, "/users/me/avatar"),
    ] {
        app.call(&nobody, method, path, None, Body::empty()).await.problem(403);
    }
}

#[tokio::test]
async fn health_and_documentation_answer() {
    let app = App::start().await;
    for path in ["/health", "/livez", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(app.get_as_stranger(path).await.status, 200, "{path}");
    }
}

#[test]
fn every_migration_is_listed() {
    marquis_testkit::assert_all_listed(env!("CARGO_MANIFEST_DIR"), MIGRATIONS);
}
