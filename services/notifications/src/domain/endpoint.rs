//! Where a push service takes messages for one browser (RFC 8030, section 5).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An `https` URL without user, fragment, spaces or anything that URL readers disagree
/// about. It names a capability, so it is not shown: `Debug` prints the host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PushEndpoint {
    url: String,
    host: String,
    port: u16,
    path: usize,
}

/// Why a text is no endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Longer than the limit.
    #[error("must have at most 1024 characters")]
    TooLong,
    /// Another scheme.
    #[error("must be an https URL")]
    NotHttps,
    /// Not a URL that is understood by everybody in the same way.
    #[error("is not a well-formed URL")]
    Malformed,
}

const LONGEST: usize = 1_024;
const HTTPS_PORT: u16 = 443;

impl PushEndpoint {
    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host in lower case; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, usually 443.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is the port of the scheme.
    #[must_use]
    pub const fn has_usual_port(&self) -> bool {
        self.port == HTTPS_PORT
    }

    /// The address, when the host is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Path and query, at least `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.url[self.path..] {
            "" => "/",
            path => path,
        }
    }

    /// Host and port as in the `Host` header (RFC 9110, section 7.2).
    #[must_use]
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.has_usual_port() { host } else { format!("{host}:{}", self.port) }
    }

    /// The origin (RFC 6454, section 6.2), which a VAPID token is for.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://{}", self.authority())
    }
}

impl FromStr for PushEndpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST {
            return Err(InvalidEndpoint::TooLong);
        }
        let scheme = text.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
        let rest = &text[scheme.ok_or(InvalidEndpoint::NotHttps)?.len()..];
        let harmless = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
        if !text.bytes().all(harmless) {
            return Err(InvalidEndpoint::Malformed);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, port) = authority(&rest[..end]).ok_or(InvalidEndpoint::Malformed)?;
        // A query without a path would have to be rewritten.
        if rest[end..].starts_with('?') {
            return Err(InvalidEndpoint::Malformed);
        }
        Ok(Self { url: text.to_owned(), host, port, path: text.len() - rest.len() + end })
    }
}

fn authority(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = address.parse().ok()?;
            (address.to_string(), port)
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            (name(&text[..end])?, &text[end..])
        }
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => HTTPS_PORT,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    (port != 0).then_some((host, port))
}

/// A host name or an IPv4 address in its usual form. `2130706433` and `0x7f.1` are addresses
/// to some readers and names to others.
fn name(text: &str) -> Option<String> {
    let labels_are_sound = text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let last = text.rsplit('.').next()?;
    let looks_like_an_address = last.starts_with(|first: char| first.is_ascii_digit());
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    let sound = text.len() <= 253 && labels_are_sound && (!looks_like_an_address || is_address);
    sound.then(|| text.to_ascii_lowercase())
}

impl fmt::Debug for PushEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushEndpoint(https://{}/...)", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_taken_apart() {
        let endpoint: PushEndpoint =
            "https://Updates.Push.example/wpush/v2/gAAA?x=1".parse().expect("an endpoint");
        assert_eq!(endpoint.host(), "updates.push.example");
        assert_eq!(endpoint.path(), "/wpush/v2/gAAA?x=1");
        assert_eq!(endpoint.origin(), "https://updates.push.example");
        assert!(!format!("{endpoint:?}").contains("gAAA"));
        let endpoint: PushEndpoint = "https://[::1]:8443".parse().expect("an endpoint");
        assert_eq!(endpoint.path(), "/");
        assert_eq!(endpoint.origin(), "https://[::1]:8443");
        assert_eq!(endpoint.address(), Some("::1".parse().expect("an address")));
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        use InvalidEndpoint::{Malformed, NotHttps, TooLong};
        let long = format!("https://a.example/{}", "x".repeat(1_024));
        for (text, why) in [
            ("", NotHttps),
            ("http://a.example/", NotHttps),
            ("ftp://a.example/", NotHttps),
            ("https:/a.example", NotHttps),
            (long.as_str(), TooLong),
            ("https://", Malformed),
            ("https:///x", Malformed),
            ("https://a@b.example/", Malformed),
            ("https://a.example#x", Malformed),
            ("https://a.example\\@evil.example/", Malformed),
            ("https://a.example/x y", Malformed),
            ("https://a.example/\r\nHost: b", Malformed),
            ("https://a.example:0/", Malformed),
            ("https://a.example:99999/", Malformed),
            ("https://a.example:+443/", Malformed),
            ("https://a..example/", Malformed),
            ("https://2130706433/", Malformed),
            ("https://0x7f.1/", Malformed),
            ("https://127.1/", Malformed),
            ("https://[::1/", Malformed),
            ("https://[fe80::1%25eth0]/", Malformed),
            ("https://bücher.example/", Malformed),
            ("https://a.example?x", Malformed),
        ] {
            assert_eq!(text.parse::<PushEndpoint>(), Err(why), "{text}");
        }
    }
}
