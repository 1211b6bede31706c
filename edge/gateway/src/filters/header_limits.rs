//! Bounds target and number of fields of HTTP/2 requests. Those of HTTP/1 were bounded while
//! they arrived, and the size of all fields is HTTP/2's own affair (`SETTINGS_MAX_HEADER_LIST_SIZE`).

use http::StatusCode;
use http::request::Parts;
use marquis_http::Problem;

use super::Refusal;
use crate::exchange::Exchange;

pub(super) fn check(exchange: &Exchange, parts: &Parts) -> Result<(), Refusal> {
    if !exchange.http2 {
        return Ok(());
    }
    let limits = &exchange.live.limits;
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.uri {
        return Err(Problem::new(StatusCode::URI_TOO_LONG)
            .with_detail("The request target is too long.")
            .into());
    }
    if parts.headers.len() > limits.header_count {
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .with_detail("The request has too many header fields.")
            .into());
    }
    Ok(())
}
