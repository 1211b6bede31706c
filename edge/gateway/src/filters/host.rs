//! Which host the request is for: one, whether it stands in the request line, in `:authority`
//! or in the Host field, and one that this gateway answers to.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use marquis_http::Problem;

use super::Refusal;
use crate::exchange::Exchange;

/// The host's name without port, lower case not guaranteed.
pub(super) fn check(exchange: &Exchange, parts: &mut Parts) -> Result<String, Refusal> {
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        // A gateway is no tunnel, and TRACE would show fields added on the way. No 501: a
        // stranger's wish is no failure of ours and must not look like one in the metrics.
        const ALLOW: HeaderValue =
            HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED)
            .with_detail("The method is not supported.")
            .with_header(header::ALLOW, ALLOW)
            .into());
    }
    // The request's own target outranks the field (RFC 9112, section 3.2.2; RFC 9113, section 8.3.1).
    if let Some(authority) = parts.uri.authority() {
        if authority.as_str().contains('@') {
            return Err(Problem::bad_request("The request target has user information.").into());
        }
        let value =
            HeaderValue::from_maybe_shared(Bytes::copy_from_slice(authority.as_str().as_bytes()))
                .map_err(|_| Problem::bad_request("The host is malformed."))?;
        parts.headers.insert(header::HOST, value);
    }
    let host = match parts.headers.get(header::HOST) {
        Some(value) => {
            value.to_str().map_err(|_| Problem::bad_request("The Host field is malformed."))?
        }
        None => "",
    };
    let name = without_port(host);
    let hosts = &exchange.live.hosts;
    if !hosts.is_empty() && !hosts.iter().any(|one| one.eq_ignore_ascii_case(name)) {
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST)
            .with_detail("This host is not served here.")
            .into());
    }
    Ok(name.to_owned())
}

/// `example.org` of `example.org:8443`, `[::1]` of `[::1]:8443`.
fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon + 1..].bytes().all(|byte| byte.is_ascii_digit()) => {
            &host[..colon]
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_not_part_of_the_name() {
        for (host, name) in [
            ("a.org", "a.org"),
            ("a.org:8443", "a.org"),
            ("[::1]:8443", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(without_port(host), name);
        }
    }
}
