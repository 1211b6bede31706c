//! E-mail addresses as they are stored and searched for.

use std::fmt;

/// An address in the form by which it is found: trimmed and in lower case, as accounts are
/// told apart. Printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Longest address (RFC 5321, section 4.5.3.1.3 with erratum 1690).
    pub const LONGEST: usize = 254;

    /// The normal form of an address.
    #[must_use]
    pub fn normalised(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    /// The address itself: personal data, never for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_print() {
        let email = EmailAddress::normalised(" Alice@Example.ORG\n");
        assert_eq!(email.as_str(), "alice@example.org");
        assert!(!format!("{email:?}").contains("alice"));
    }
}
