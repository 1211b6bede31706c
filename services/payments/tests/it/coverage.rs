//! No operation forgot to ask who is calling.

use std::collections::BTreeSet;

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

/// What a reader of the documentation needs in order to pay.
#[tokio::test]
async fn the_document_describes_what_is_read_and_answered() {
    let app = App::start().await;
    let document = serde_json::to_value(app.payments.openapi()).expect("serializes");
    let mut ids = BTreeSet::new();
    for (path, item) in &app.payments.openapi().paths.paths {
        for (_, operation) in marquis_http::service::operations(item) {
            let id = operation.operation_id.clone().expect("has an id");
            assert!(ids.insert(id.clone()), "{id} at {path} is not the only one");
        }
    }
    let post = &document["paths"]["/payments"]["post"];
    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["required"], serde_json::json!(["amount", "currency"]), "{body:#}");
    let names: Vec<_> = body["properties"].as_object().expect("properties").keys().collect();
    assert_eq!(names, ["amount", "currency", "description", "metadata"]);
    assert_eq!(body["properties"]["amount"]["type"], "integer");
    assert_eq!(body["properties"]["currency"]["type"], "string");
    let parameters: Vec<_> = document["paths"]["/payments"]["get"]["parameters"]
        .as_array()
        .expect("parameters")
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(parameters, ["status", "userId", "limit", "offset"]);
    for status in ["201", "400", "401", "409", "422"] {
        assert!(post["responses"].get(status).is_some(), "{status}");
    }
}
