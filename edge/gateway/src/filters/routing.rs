//! Finds the request's route, and refuses what has none.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri, header};
use marquis_http::Problem;

use super::{Refusal, cors};
use crate::exchange::Exchange;
use crate::route::{self, Action, Found, Route};

/// The path in canonical form; the request has it too from here on.
pub(super) fn canonical_path(parts: &mut Parts) -> Result<String, Refusal> {
    let path = parts.uri.path();
    let canonical =
        route::path::canonical(path).map_err(|_| Problem::bad_request("The path is malformed."))?;
    let canonical = match canonical {
        Cow::Borrowed(path) => return Ok(path.to_owned()),
        Cow::Owned(path) => path,
    };
    set_path(&mut parts.uri, &canonical)?;
    Ok(canonical)
}

/// Replaces the path and keeps the query.
pub(crate) fn set_path(uri: &mut Uri, path: &str) -> Result<(), Refusal> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let bad = |_| Problem::bad_request("The path is malformed.");
    let target = PathAndQuery::from_maybe_shared(bytes::Bytes::from(text)).map_err(bad)?;
    *uri = Uri::from(target);
    Ok(())
}

/// The route of the request. The request's path becomes the one the service sees.
pub(super) fn find(
    exchange: &mut Exchange,
    parts: &mut Parts,
    path: &str,
    host: &str,
) -> Result<Arc<Route>, Refusal> {
    if route::is_admin(path) {
        return Err(Problem::forbidden("The administration is not reachable from here.").into());
    }
    // A preflight asks about the method it announces.
    let method = match cors::announced_method(parts) {
        Some(method) if parts.method == Method::OPTIONS => method,
        _ => parts.method.clone(),
    };
    let live = Arc::clone(&exchange.live);
    let route = match live.routes.find(path, host, &method) {
        Found::Route(route) => Arc::clone(route),
        Found::WrongMethod(route) => {
            exchange.route = Some(Arc::clone(route));
            let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED)
                .with_detail("The method is not allowed here.");
            if let Some(allow) = &route.allow {
                problem = problem.with_header(header::ALLOW, allow.clone());
            }
            return Err(problem.into());
        }
    };
    exchange.route = Some(Arc::clone(&route));
    match &route.action {
        Action::Forbidden => {
            return Err(Problem::forbidden("This is not reachable from here.").into());
        }
        Action::NotFound => return Err(Problem::not_found("There is nothing here.").into()),
        Action::Forward(_) => {
            let rewritten = route.rewrite(path);
            if route.replace.is_empty() {
                let inner = rewritten.as_deref().unwrap_or(path);
                if route::is_admin(inner) {
                    return Err(Problem::forbidden("This is not reachable from here.").into());
                }
                if route::is_private(inner) {
                    return Err(Problem::not_found("There is nothing here.").into());
                }
            }
            if let Some(rewritten) = rewritten {
                set_path(&mut parts.uri, &rewritten)?;
            }
        }
        Action::Health | Action::Static | Action::Moved(_) => {}
    }
    Ok(route)
}
