//! Fields that belong to one connection are not passed on (RFC 9110, section 7.6.1). The one
//! protocol change that is: WebSocket (RFC 6455).

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode, Version, header};

use crate::body::Body;

/// Always hop by hop, named in `Connection` or not.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What a request does not carry on: fields of the connection, framing (it follows from the
/// body), and `Expect`, which was this gateway's to answer.
fn ends_with_request(name: &str) -> bool {
    is_hop_by_hop(name) || matches!(name, "proxy-authorization" | "content-length" | "expect")
}

/// What an answer does not carry on: fields of the connection, and what servers tell about
/// themselves.
fn ends_with_answer(name: &str) -> bool {
    is_hop_by_hop(name) || is_chatter(name)
}

fn is_chatter(name: &str) -> bool {
    matches!(name, "server" | "x-powered-by")
}

/// Removes the fields that the predicate names. Comparing the few names that are there is
/// cheaper than looking up each one that might be.
fn remove_all(headers: &mut HeaderMap, gone: fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| gone(name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// Fields that must survive being named in `Connection`: dropping them would let a client undo
/// what this gateway says about it.
const KEPT: [HeaderName; 6] = [
    header::HOST,
    header::AUTHORIZATION,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
];
/// Cleans the request; returns whether it asks to become a WebSocket.
pub(super) fn clean_request(parts: &mut Parts) -> bool {
    let upgrade = is_websocket(parts);
    let headers = &mut parts.headers;
    remove_named(headers);
    remove_all(headers, ends_with_request);
    // HTTP/2 allows a cookie to come in pieces (RFC 9113, section 8.2.3).
    if parts.version == Version::HTTP_2 {
        join_cookies(headers);
    }
    upgrade
}

/// Cleans the answer, except that a 101 keeps its protocol.
pub(super) fn clean_answer(response: &mut Response<Body>) {
    let switching = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    if switching {
        remove_all(headers, is_chatter);
        return;
    }
    remove_named(headers);
    remove_all(headers, ends_with_answer);
}

fn is_websocket(parts: &Parts) -> bool {
    parts.version == Version::HTTP_11
        && parts.method == Method::GET
        && has_token(&parts.headers, &header::CONNECTION, b"upgrade")
        && has_token(&parts.headers, &header::UPGRADE, b"websocket")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &[u8]) -> bool {
    headers.get_all(name).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(token))
    })
}

/// Removes the fields that `Connection` names.
fn remove_named(headers: &mut HeaderMap) {
    let Some(value) = headers.get(header::CONNECTION) else { return };
    // The usual values name nothing that exists.
    let usual = [&b"keep-alive"[..], b"close", b"upgrade"];
    if usual.iter().any(|one| value.as_bytes().eq_ignore_ascii_case(one))
        && headers.get_all(header::CONNECTION).iter().count() == 1
    {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !KEPT.contains(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(http::HeaderValue::as_bytes).collect();
    if cookies.len() < 2 {
        return;
    }
    if let Ok(joined) = http::HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(fields: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder();
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).expect("request").into_parts().0
    }

    #[test]
    fn fields_of_the_connection_end_here() {
        let mut parts = parts(&[
            ("connection", "close, X-Mine, x-real-ip"),
            ("x-mine", "1"),
            ("x-real-ip", "1.2.3.4"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "h2c"),
            ("content-length", "3"),
            ("expect", "100-continue"),
            ("accept", "*/*"),
        ]);
        assert!(!clean_request(&mut parts));
        let mut names: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "x-real-ip"]);
    }

    #[test]
    fn only_websockets_upgrade() {
        let asks = |connection, upgrade| {
            clean_request(&mut parts(&[("connection", connection), ("upgrade", upgrade)]))
        };
        assert!(asks("Upgrade", "websocket"));
        assert!(asks("keep-alive, Upgrade", "WebSocket"));
        assert!(!asks("Upgrade", "h2c"));
        assert!(!asks("keep-alive", "websocket"));
    }

    #[test]
    fn pieces_of_a_cookie_are_joined() {
        let mut parts = parts(&[("cookie", "a=1"), ("cookie", "b=2")]);
        parts.version = Version::HTTP_2;
        clean_request(&mut parts);
        assert_eq!(parts.headers[header::COOKIE], "a=1; b=2");
    }
}
