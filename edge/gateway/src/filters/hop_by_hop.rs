//! Fields that belong to one connection are not passed on (RFC 9110, section 7.6.1). The one
//! protocol change that is: WebSocket (RFC 6455).

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode, Version, header};

use crate::body::Body;

/// Always hop by hop, named in `Connection` or not.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
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
/// What servers tell about themselves.
const CHATTER: [HeaderName; 2] = [header::SERVER, HeaderName::from_static("x-powered-by")];

/// Cleans the request; returns whether it asks to become a WebSocket.
pub(super) fn clean_request(parts: &mut Parts) -> bool {
    let upgrade = is_websocket(parts);
    let headers = &mut parts.headers;
    remove_named(headers);
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove(header::PROXY_AUTHORIZATION);
    // Framing follows from the body, and 100 Continue was this gateway's to answer.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
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
    for name in &CHATTER {
        headers.remove(name);
    }
    if switching {
        return;
    }
    remove_named(headers);
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
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
