//! Takes fields off a request by which a service, or something behind it, might believe to
//! learn who the user is. Identity comes from the token alone.

use http::HeaderName;
use http::request::Parts;

const NAMES: [&str; 9] = [
    "remote-user",
    "x-remote-user",
    "x-user",
    "x-user-id",
    "x-user-roles",
    "x-authenticated-user",
    "x-authenticated-userid",
    "x-client-ip",
    "x-cluster-client-ip",
];
const PREFIXES: [&str; 3] = ["x-marquis-", "x-consumer-", "x-internal-"];

pub(super) fn strip(parts: &mut Parts) {
    // Nearly no request has one; looking first avoids any allocation.
    while let Some(name) = parts.headers.keys().find(|name| is_claim(name)).cloned() {
        parts.headers.remove(name);
    }
}

fn is_claim(name: &HeaderName) -> bool {
    let name = name.as_str();
    if name.as_bytes().contains(&b'_') {
        // `X_Real_IP` and `X-Real-IP` are one variable for CGI-like interfaces.
        return true;
    }
    (name.starts_with("x-") || name.starts_with("remote-"))
        && (NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_go_and_the_rest_stays() {
        let (mut parts, ()) = http::Request::builder()
            .header("X-User-Id", "1")
            .header("x-user-id", "2")
            .header("X_Real_IP", "1.2.3.4")
            .header("X-Marquis-Roles", "admin")
            .header("Remote-User", "root")
            .header("X-Request-Id", "7")
            .header("Authorization", "Bearer t")
            .body(())
            .expect("request")
            .into_parts();
        strip(&mut parts);
        let mut names: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "x-request-id"]);
    }
}
