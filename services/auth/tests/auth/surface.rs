//! The whole surface: what is public, and what refuses strangers.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use marquis_http::service::{is_public, operations};

use crate::app::{App, get, post};

/// Every operation that answers without a token. A new one has to be added here on purpose.
const PUBLIC: [&str; 6] = [
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/auth/login",
    "/auth/refresh",
    "/auth/register",
    "/internal/revocations",
];

#[tokio::test]
async fn only_the_documented_routes_are_public() {
    let app = App::new().await;
    let document = app.auth.openapi();
    let public: BTreeSet<&str> = document
        .paths
        .paths
        .iter()
        .filter(|(_, item)| operations(item).any(|(_, operation)| is_public(operation)))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(public, BTreeSet::from(PUBLIC));
    assert_eq!(document.paths.paths.len(), 13, "a path was added: is it covered?");
}

#[tokio::test]
async fn everything_else_refuses_strangers() {
    let app = App::new().await;
    let findings = marquis_authz::coverage::unguarded(&app.auth.openapi(), &app.router).await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn the_service_documents_and_reports_itself() {
    let app = App::new().await;
    let document = app.send(get("/openapi.json")).await.expect(StatusCode::OK);
    assert!(document.body["paths"]["/auth/me"]["post"].is_object());
    app.send(get("/docs/")).await.expect(StatusCode::OK);
    let health = app.send(get("/health")).await.expect(StatusCode::OK);
    assert_eq!(health.body["service"], "auth");
    app.send(get("/livez")).await.expect(StatusCode::OK);
    app.send(post("/nowhere")).await.expect(StatusCode::NOT_FOUND);
    app.register("alice").await;
    let metrics = app.send(get("/metrics")).await.expect(StatusCode::OK);
    assert!(
        metrics
            .text
            .contains(r#"db_query_duration_seconds_count{model="user",operation="insert"}"#),
        "{}",
        metrics.text
    );
}
