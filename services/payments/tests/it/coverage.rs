//! No operation forgot to ask who is calling.

use axum::body::Body;
use axum::http::Request;
use marquis_authz::coverage::unguarded;

use crate::harness::App;

#[tokio::test]
async fn every_operation_but_the_webhook_asks_who_is_calling() {
    let app = App::start().await;
    let document = app.payments.openapi();
    let findings = unguarded(&document, &app.router).await;
    assert!(findings.is_empty(), "{findings:#?}");
    let public: Vec<_> = document
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            marquis_http::service::operations(item).map(move |operation| (path, operation.1))
        })
        .filter(|(_, operation)| marquis_http::service::is_public(operation))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(public, ["/payments/webhook"]);
}

#[tokio::test]
async fn a_token_without_roles_may_do_nothing() {
    let app = App::start().await;
    let nobody = app.person(&[]);
    app.get(&nobody, "/payments").await.problem(403);
    app.create(&nobody, &crate::harness::euros(1)).await.problem(403);
}

#[tokio::test]
async fn health_and_documentation_answer() {
    let app = App::start().await;
    for path in ["/health", "/livez", "/readyz", "/metrics", "/openapi.json"] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(app.send(request).await.status, 200, "{path}");
    }
}
