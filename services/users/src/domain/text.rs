//! What people write about themselves.

use std::str::FromStr;

/// A name to show: 1 to 100 characters, none of them for control, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

/// The text cannot be a display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most 100 characters and no control characters")]
pub struct InvalidDisplayName;

impl DisplayName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that was accepted before.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for DisplayName {
    type Err = InvalidDisplayName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // Marks that turn the direction of writing make one name look like another.
        let deceptive = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if text.is_empty() || text.chars().count() > 100 || text.chars().any(deceptive) {
            return Err(InvalidDisplayName);
        }
        Ok(Self(text.to_owned()))
    }
}

/// The address of a picture on another site: absolute, `https` or `http`, without a user
/// name, at most 2,048 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureUrl(String);

/// The text cannot be the address of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http or https URL of at most 2048 characters")]
pub struct InvalidPictureUrl;

impl PictureUrl {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address that was accepted before.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for PictureUrl {
    type Err = InvalidPictureUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidPictureUrl)?;
        let known = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_fits = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && !host.contains(['@', '%']);
        // RFC 3986, section 2: what may not stand in a URL unescaped.
        let unsafe_character = |c: char| {
            !c.is_ascii_graphic()
                || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        if !known || !host_fits || text.len() > 2_048 || text.chars().any(unsafe_character) {
            return Err(InvalidPictureUrl);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A login name that somebody asks for: not empty, at most 50 characters. Whether it may be
/// one, the owner of login names decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedUsername(String);

/// The text cannot be a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 50 characters")]
pub struct InvalidRequestedUsername;

impl RequestedUsername {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestedUsername {
    type Err = InvalidRequestedUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (1..=50).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRequestedUsername)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_pictures_are_web_addresses() {
        for good in [
            "https://cdn.example.org/a.png?x=1#y",
            "http://localhost:8080/a",
            "HTTPS://[::1]/a.webp",
        ] {
            assert!(good.parse::<PictureUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "avatar.png",
            "/etc/passwd",
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "data:image/png;base64,AAAA",
            "ftp://example.org/a.png",
            "https://",
            "https:///a",
            "https://user:pass@example.org/",
            "https://example.org/\"><script>",
            "https://example.org/a b",
            "https://exämple.org/",
            "https://example.org\\@evil.example/",
            &format!("https://example.org/{}", "a".repeat(2_048)),
        ] {
            assert_eq!(bad.parse::<PictureUrl>(), Err(InvalidPictureUrl), "{bad}");
        }
    }

    #[test]
    fn names_to_show_are_of_any_script_and_do_not_deceive() {
        for good in ["Alice", "  Łukasz Żółć ", "Мария", "山田太郎", "O'Neil-Smith 🎉"]
        {
            assert_eq!(good.parse::<DisplayName>().expect(good).as_str(), good.trim());
        }
        for bad in ["", "   ", "a\u{202e}b", "a\nb", "a\u{7}", &"x".repeat(101)] {
            assert_eq!(bad.parse::<DisplayName>(), Err(InvalidDisplayName), "{bad:?}");
        }
    }
}
