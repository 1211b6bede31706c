//! Just enough of URLs to check connection strings without a URL library. Nothing here
//! prints a URL: it may hold a password.

/// The parts of `scheme://user:password@host:port/path?query` (RFC 3986, section 3).
#[derive(Clone, Copy)]
pub(crate) struct UrlParts<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) password: Option<&'a str>,
    pub(crate) host: &'a str,
    pub(crate) query: &'a str,
}

impl<'a> UrlParts<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme_is_valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !scheme_is_valid || rest.contains(char::is_whitespace) {
            return None;
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = rest.split('/').next().unwrap_or("");
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let password = user.split_once(':').map(|(_, password)| password).filter(|p| !p.is_empty());
        let host = if let Some(v6) = host.strip_prefix('[') {
            v6.split_once(']')?.0
        } else {
            let (name, port) = host.split_once(':').unwrap_or((host, ""));
            // Several hosts, `a:1,b:2`, are PostgreSQL's own extension.
            if !port.contains(',') && !port.is_empty() && port.parse::<u16>().is_err() {
                return None;
            }
            name
        };
        Some(Self { scheme, password, host, query })
    }

    /// Whether the connection cannot fall back to plain text: `rediss`, `https`, or
    /// PostgreSQL's `sslmode` from `require` up.
    pub(crate) fn demands_tls(&self) -> bool {
        matches!(self.scheme, "rediss" | "https")
            || self.query.split('&').any(|pair| {
                matches!(pair, "sslmode=require" | "sslmode=verify-ca" | "sslmode=verify-full")
            })
    }

    /// Whether plain text was asked for in so many words.
    pub(crate) fn declines_tls(&self) -> bool {
        self.query.split('&').any(|pair| pair == "sslmode=disable")
    }

    /// Whether the host is a directory of Unix sockets, `%2Frun%2Fpostgresql` or `host=/run/...`.
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with("%2F")
            || self.host.starts_with("%2f")
            || self.query.split('&').any(|pair| {
                pair.strip_prefix("host=").is_some_and(|host| {
                    host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f")
                })
            })
    }
}

/// Whether traffic to the host stays on this machine.
pub(crate) fn is_local(host: &str) -> bool {
    host.is_empty()
        || host == "localhost"
        || host.starts_with("%2F")
        || host.starts_with("%2f")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_are_taken_apart() {
        let url =
            UrlParts::parse("postgres://u:p@db.example:5432/app?sslmode=require").expect("url");
        assert_eq!((url.scheme, url.password, url.host), ("postgres", Some("p"), "db.example"));
        assert!(url.demands_tls() && !url.is_socket());
        let url = UrlParts::parse("postgres://u@%2Frun%2Fpg/app").expect("url");
        assert!(url.is_socket() && is_local(url.host) && url.password.is_none());
        let url = UrlParts::parse("redis://[::1]:6379").expect("url");
        assert!(is_local(url.host));
        assert!(UrlParts::parse("rediss://cache:6379/0").expect("url").demands_tls());
        assert!(UrlParts::parse("postgres://h/d?x=1&sslmode=disable").expect("url").declines_tls());
    }

    #[test]
    fn what_is_not_a_url_is_refused() {
        for text in
            ["", "localhost", "://x", "postgres//x", "redis://a b", "redis://h:port", "1x://h"]
        {
            assert!(UrlParts::parse(text).is_none(), "{text}");
        }
    }
}
