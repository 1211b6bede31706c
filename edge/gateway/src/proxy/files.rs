//! Static files: validators, ranges and precompressed variants come from tower-http.

use std::path::Path;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use marquis_http::Problem;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::body::Body;
use crate::exchange::Exchange;
use crate::filters::Refusal;

/// The files of a directory.
#[derive(Debug, Clone)]
pub(crate) struct Files(ServeDir);

impl Files {
    pub(crate) fn new(root: &Path) -> Self {
        Self(ServeDir::new(root).precompressed_br().precompressed_zstd().precompressed_gzip())
    }
}

pub(super) async fn serve(exchange: &Exchange, parts: Parts) -> Result<Response<Body>, Refusal> {
    let Some(Files(files)) = &exchange.live.files else {
        return Err(Problem::not_found("There is nothing here.").into());
    };
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED)
            .with_detail("The method is not allowed here.")
            .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
            .into());
    }
    // Files beginning with a dot are nobody's business.
    if parts.uri.path().split('/').any(|segment| segment.starts_with('.')) {
        return Err(Problem::not_found("There is nothing here.").into());
    }
    let answered = files.clone().oneshot(Request::from_parts(parts, Body::Empty)).await;
    let response = match answered {
        Ok(response) => response,
        Err(never) => match never {},
    };
    match response.status() {
        StatusCode::NOT_FOUND => Err(Problem::not_found("There is nothing here.").into()),
        StatusCode::INTERNAL_SERVER_ERROR => {
            Err(Problem::internal("a file could not be read").into())
        }
        _ => Ok(response.map(|body| Body::Rewritten(body.map_err(Into::into).boxed_unsync()))),
    }
}
