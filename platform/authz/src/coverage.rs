//! A test for services: no handler forgot its permission.
//!
//! ```text
//! #[tokio::test]
//! async fn every_operation_asks_who_is_calling() {
//!     let service = service_under_test();
//!     let document = service.openapi();
//!     let findings = marquis_authz::coverage::unguarded(&document, &service.build()).await;
//!     assert!(findings.is_empty(), "{findings:#?}");
//! }
//! ```

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::{Method, StatusCode, header};
use marquis_http::service::{is_public, operations};
use tower::ServiceExt as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::HttpMethod;

/// Calls every documented operation that is not public (`security(())`), once without a
/// token and once with a token that nobody issued. Returns a line for each answer that is
/// not 401, and one if the document has no operation at all.
///
/// Path parameters are filled with a UUID and bodies with `{}`: an operation that judges
/// them before the caller is a finding.
pub async fn unguarded(document: &OpenApi, router: &Router) -> Vec<String> {
    let mut findings = Vec::new();
    let mut operations_seen = 0;
    for (template, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            operations_seen += 1;
            if is_public(operation) {
                continue;
            }
            for token in [None, Some("Bearer e30.e30.e30")] {
                let status = answer(router, method_of(&method), template, token).await;
                if status != StatusCode::UNAUTHORIZED {
                    let whose = token.map_or("without a token", |_| "with a forged token");
                    let method = method_of(&method);
                    findings.push(format!("{method} {template} answered {status} {whose}"));
                }
            }
        }
    }
    if operations_seen == 0 {
        findings.push("the document has no operation".to_owned());
    }
    findings
}

async fn answer(
    router: &Router,
    method: Method,
    template: &str,
    token: Option<&str>,
) -> StatusCode {
    let mut request = Request::builder()
        .method(method)
        .uri(filled(template))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    match request.body(Body::from("{}")) {
        Ok(request) => match router.clone().oneshot(request).await {
            Ok(response) => response.status(),
            Err(never) => match never {},
        },
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

fn filled(template: &str) -> String {
    let segments = template.split('/').map(|segment| {
        if segment.contains('{') { "0190a0b0-0000-7000-8000-000000000000" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

#[cfg(test)]
mod tests;
