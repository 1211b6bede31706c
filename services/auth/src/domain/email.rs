//! E-mail addresses as account names. An [`Email`] is always normalised, so equality is
//! identity of the account.

use std::fmt;
use std::str::FromStr;

/// A mailbox in normal form: trimmed, lower case, within the lengths of RFC 5321 (local
/// part 64 octets, whole path 254), with a dot-atom local part and a domain of LDH labels.
///
/// Quoted local parts and address literals are refused; internationalised domains are
/// written in their ASCII form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address that can be an account name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 254 characters")]
pub struct InvalidEmail;

impl Email {
    /// The normalised address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // RFC 5321, section 4.5.3.1.3 with erratum 1690.
        if text.len() > 254 {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let local_fits = local.len() <= 64 && local.split('.').all(is_atom);
        // A single label is a host of the own network; of those only localhost is known.
        let domain_fits = domain.split('.').all(is_label)
            && (domain.contains('.') || domain.eq_ignore_ascii_case("localhost"));
        if local_fits && domain_fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmail)
        }
    }
}

/// RFC 5322, section 3.2.3.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

/// RFC 1123, section 2.1.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is personal data: a `Debug` print, which may reach a log, shows none of it.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (text, normal) in [
            ("alice@example.com", "alice@example.com"),
            ("  Alice@Example.COM\t", "alice@example.com"),
            ("o'brien+tag@mail.example.co.uk", "o'brien+tag@mail.example.co.uk"),
            ("admin@localhost", "admin@localhost"),
            ("x@xn--80ak6aa92e.com", "x@xn--80ak6aa92e.com"),
        ] {
            assert_eq!(text.parse::<Email>().map(|email| email.0), Ok(normal.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_mailbox_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_whole = format!("a@{}.com", ["b".repeat(60).as_str(); 5].join("."));
        for text in [
            "",
            "@",
            "a@",
            "@b.com",
            "a.b.com",
            "a@b@c.com",
            "a b@c.com",
            "a@b c.com",
            ".a@b.com",
            "a.@b.com",
            "a..b@c.com",
            "a@b",
            "a@-b.com",
            "a@b-.com",
            "a@b..com",
            "a@b.com.",
            "a@[127.0.0.1]",
            "\"a b\"@c.com",
            "a\u{0}@b.com",
            "a@b.com\r\nBcc: c@d.com",
            "ü@example.com",
            "a@exämple.com",
            &long_local,
            &long_whole,
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn normal_form_is_stable_and_within_limits(text in "\\PC{0,300}|[a-zA-Z0-9.+-]{1,70}@[a-zA-Z0-9.-]{1,70}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(email.as_str().len() <= 254);
                prop_assert!(email.as_str().is_ascii());
                prop_assert!(!email.as_str().bytes().any(|byte| byte <= b' ' || byte == 0x7f));
                prop_assert!(!email.local_part().is_empty());
                prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email.clone()));
                prop_assert_eq!(email.as_str().to_ascii_uppercase().parse::<Email>(), Ok(email));
            }
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let email: Email = "alice@example.com".parse().expect("valid");
        assert!(!format!("{email:?}").contains("alice"));
    }
}
