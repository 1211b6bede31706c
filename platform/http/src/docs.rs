//! OpenAPI documents and the pages that show them.
//!
//! Every address in the pages is relative, so they work behind any path prefix.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, License, OpenApi, Ref, RefOr, Server,
};
use utoipa_swagger_ui::Config;

use crate::{FieldError, Problem, ProblemDocument};

/// The name of the bearer scheme in documents.
pub const BEARER: &str = "bearer";

/// Where the gateway offers the operations of every service.
const BEHIND_THE_GATEWAY: &str = "/api/v1";

/// Every operation of a path with its method.
pub fn operations(item: &PathItem) -> impl Iterator<Item = (HttpMethod, &Operation)> {
    [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Delete, &item.delete),
        (HttpMethod::Options, &item.options),
        (HttpMethod::Head, &item.head),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Trace, &item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

/// Whether an operation of a completed document may be called without a token.
#[must_use]
pub fn is_public(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|alternatives| {
        alternatives.is_empty() || alternatives.contains(&SecurityRequirement::default())
    })
}

/// Completes the document of a service: its name, the bearer scheme, who may call what,
/// and the problem that any operation may answer.
///
/// An operation is public only when its handler says so with `security(())`.
#[must_use]
pub fn completed(mut document: OpenApi, service: &str) -> OpenApi {
    // Whole, because what a router starts from describes the crate that made it.
    document.info = InfoBuilder::new()
        .title(format!("Marquis {service}"))
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Wrong requests are answered with a problem document (RFC 9457)."))
        .license(Some(License::builder().name("MIT").identifier(Some("MIT")).build()))
        .build();
    document.servers = Some(vec![gateway()]);
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert("Problem".to_owned(), ProblemDocument::schema());
    components.schemas.insert("FieldError".to_owned(), FieldError::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token: EdDSA-signed JWT (RFC 9068)."))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    for item in document.paths.paths.values_mut() {
        for operation in operations_mut(item) {
            complete_operation(operation);
        }
    }
    document
}

fn gateway() -> Server {
    ServerBuilder::new().url(BEHIND_THE_GATEWAY).description(Some("Through the gateway")).build()
}

fn complete_operation(operation: &mut Operation) {
    let required = SecurityRequirement::new(BEARER, Vec::<String>::new());
    operation.security.get_or_insert_with(|| vec![required]);
    let problem = || {
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        ContentBuilder::new().schema(Some(schema)).build()
    };
    let mut implied = vec![("default", "What went wrong.")];
    if !is_public(operation) {
        implied.push(("401", "No valid access token."));
        implied.push(("403", "The caller may not do this."));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in implied {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(ResponseBuilder::new().description(description).build()));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && response.content.is_empty()
            && (status == "default" || status.starts_with(['4', '5']))
        {
            response.content.insert("application/problem+json".to_owned(), RefOr::T(problem()));
        }
    }
}

/// `/openapi.json` and the Swagger UI under `/docs/`.
pub(crate) fn routes(document: &OpenApi) -> Router {
    // Relative to the document (OpenAPI 3.1, section 4.8.5).
    let at_root = rendered(document, ".");
    let at_docs = rendered(document, "..");
    let config = Arc::new(Config::new(["openapi.json"]));
    let index_config = Arc::clone(&config);
    Router::new()
        .route("/openapi.json", get(async move || json(at_root)))
        .route("/docs/openapi.json", get(async move || json(at_docs)))
        .route("/docs", get(async || redirect_into_docs()))
        .route("/docs/", get(async move || asset("index.html", index_config)))
        .route("/docs/{*file}", get(async move |Path(file): Path<String>| asset(&file, config)))
}

fn rendered(document: &OpenApi, server: &str) -> Bytes {
    let mut document = document.clone();
    let directly = ServerBuilder::new().url(server).description(Some("The service itself")).build();
    document.servers = Some(vec![gateway(), directly]);
    document.to_json().unwrap_or_default().into()
}

fn json(document: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

/// A relative reference, which keeps whatever prefix the client came through.
fn redirect_into_docs() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "docs/")]).into_response()
}

fn asset(file: &str, config: Arc<Config<'static>>) -> Response {
    // The pages are static and load nothing from elsewhere; their own styles are inline.
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    );
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(found)) => {
            let compressed = found.gzpipped;
            let mut response = found.bytes.into_owned().into_response();
            let headers = response.headers_mut();
            if let Ok(media_type) = HeaderValue::from_str(&found.content_type) {
                headers.insert(header::CONTENT_TYPE, media_type);
            }
            if compressed {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Ok(None) => Problem::not_found("No such page.").into_response(),
        Err(error) => Problem::internal(error.to_string()).into_response(),
    }
}
