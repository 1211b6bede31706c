//! The check finds what it is for.

use std::sync::Arc;

use marquis_contracts::identity::TokenIssuer;
use marquis_http::input::{Fields, FromFields, JsonBody, PathId};
use marquis_http::service::Service;
use marquis_kernel::SystemClock;
use marquis_telemetry::metrics::Metrics;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::*;
use crate::testing::{TestIssuer, rules};
use crate::{Caller, LocalVerifier, layer};

struct Name;

impl FromFields for Name {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required::<String>("name").map(|_| Self)
    }
}

#[utoipa::path(get, path = "/guarded/{id}")]
async fn guarded(_: Caller, _: PathId<Uuid>) {}

#[utoipa::path(post, path = "/guarded/{id}")]
async fn guarded_body(_: Caller, _: JsonBody<Name>) {}

#[utoipa::path(post, path = "/login", security(()))]
async fn public(_: JsonBody<Name>) {}

#[utoipa::path(get, path = "/forgotten")]
async fn forgotten() {}

#[utoipa::path(post, path = "/curious")]
async fn curious(_: JsonBody<Name>) {}

async fn findings(routes: OpenApiRouter) -> Vec<String> {
    let issuer = TestIssuer::new();
    let clock = issuer.clock.clone();
    let verifier = LocalVerifier::new(issuer as Arc<dyn TokenIssuer>, rules(), clock);
    let service = Service::new("test", Metrics::new(), SystemClock::shared());
    let service = service.routes(routes.layer(layer(verifier)));
    let document = service.openapi();
    unguarded(&document, &service.build()).await
}

#[tokio::test]
async fn a_guarded_service_has_no_findings() {
    let routes =
        OpenApiRouter::new().routes(routes!(guarded, guarded_body)).routes(routes!(public));
    assert_eq!(findings(routes).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_handler_that_forgot_is_found() {
    let routes = OpenApiRouter::new().routes(routes!(forgotten)).routes(routes!(curious));
    assert_eq!(
        findings(routes).await,
        [
            "POST /curious answered 400 Bad Request without a token",
            "POST /curious answered 400 Bad Request with a forged token",
            "GET /forgotten answered 200 OK without a token",
            "GET /forgotten answered 200 OK with a forged token",
        ],
    );
    assert_eq!(findings(OpenApiRouter::new()).await, ["the document has no operation"]);
}
