//! `[notifications]`: retention, e-mail and Web Push. Its manual is
//! `defaults/notifications.toml`.

use std::path::PathBuf;

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};
use crate::url;

/// Settings of `[notifications]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// How long a notification is kept after its last change.
    pub retention: Span,
    /// How long a message waits unread before an e-mail tells of it.
    pub message_email_delay: Span,
    /// Least time between two push messages about one conversation.
    pub message_push_pause: Span,
    /// Where people read their notifications; empty for no link.
    pub link: String,
    /// E-mail.
    pub mail: NotificationMail,
    /// Web Push.
    pub web_push: WebPush,
    /// Whom to trust on the way out.
    pub tls: NotificationTls,
}

/// What becomes of e-mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Written under the data directory.
    Files,
    /// Sent through a mail server.
    Smtp,
    /// Not made.
    Off,
}

/// How e-mails leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationMail {
    /// What becomes of them.
    pub transport: MailTransport,
    /// Whether written e-mails are shown over HTTP.
    pub page: bool,
    /// The sender: `address` or `Name <address>`.
    pub from: String,
    /// The mail server.
    pub smtp: Smtp,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// Upgraded by STARTTLS (RFC 3207), or refused.
    Starttls,
    /// Encrypted from the first byte (RFC 8314).
    Tls,
    /// Plain text.
    None,
}

/// The mail server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Empty for no authentication.
    pub username: String,
    /// The password of `username`.
    pub password: Secret,
    /// Longest time for connecting, and for each answer.
    pub timeout: Span,
}

/// Web Push.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebPush {
    /// Whether push messages are sent.
    pub enabled: bool,
    /// How push services reach the operator: `mailto:` or `https:`.
    pub contact: String,
    /// The VAPID key, PKCS #8 in base64; empty for one of our own making.
    pub private_key: Secret,
    /// Longest time for one request.
    pub timeout: Span,
    /// Most subscriptions of one person.
    pub most_subscriptions: u32,
    /// Whether push services may be anywhere; for tests.
    pub allow_private_addresses: bool,
}

/// Whom to trust on the way out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationTls {
    /// A PEM file; `None` trusts the system's authorities.
    #[serde(with = "crate::unset")]
    pub authorities: Option<PathBuf>,
}

impl Notifications {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.retention >= Span::from_secs(86_400),
            "notifications.retention",
            "must be at least 1d",
            "the default is \"90d\"",
        );
        for (name, span) in [
            ("message_email_delay", self.message_email_delay),
            ("message_push_pause", self.message_push_pause),
        ] {
            problems.require(
                span <= Span::from_secs(86_400),
                &format!("notifications.{name}"),
                "must be at most 1d",
                "for example \"10m\"",
            );
        }
        problems.require(
            self.link.is_empty() || is_web_url(&self.link),
            "notifications.link",
            "is not a web address",
            "write https://app.example/notifications",
        );
        self.validate_mail(problems);
        self.validate_web_push(problems);
    }

    fn validate_mail(&self, problems: &mut Problems) {
        let mail = &self.mail;
        problems.require(
            is_sender(&mail.from),
            "notifications.mail.from",
            "is not an e-mail address",
            "write \"Marquis <no-reply@example.org>\"",
        );
        problems.require(
            mail.transport != MailTransport::Smtp || !mail.smtp.host.is_empty(),
            "notifications.mail.smtp.host",
            "is not set, so no e-mail can be sent",
            "name the mail server",
        );
        problems.require(
            mail.smtp.username.is_empty() == mail.smtp.password.is_empty(),
            "notifications.mail.smtp.password",
            "goes with the username: both are set, or neither",
            "set both",
        );
        problems.require(
            mail.smtp.port != 0,
            "notifications.mail.smtp.port",
            "must not be 0",
            "the default is 587",
        );
        problems.require(
            !mail.smtp.timeout.is_zero(),
            "notifications.mail.smtp.timeout",
            "must not be zero",
            "the default is \"20s\"",
        );
    }

    fn validate_web_push(&self, problems: &mut Problems) {
        let push = &self.web_push;
        problems.require(
            push.contact.strip_prefix("mailto:").is_some_and(|address| address.contains('@'))
                || push.contact.starts_with("https://"),
            "notifications.web_push.contact",
            "is neither a mailto: nor an https: URL",
            "write \"mailto:postmaster@example.org\"",
        );
        problems.require(
            !push.timeout.is_zero(),
            "notifications.web_push.timeout",
            "must not be zero",
            "the default is \"10s\"",
        );
        problems.require(
            (1..=100).contains(&push.most_subscriptions),
            "notifications.web_push.most_subscriptions",
            "must be between 1 and 100",
            "the default is 20",
        );
        if let Some(file) = &self.tls.authorities {
            problems.require(
                file.is_file(),
                "notifications.tls.authorities",
                "is not a file",
                "name a PEM file, or nothing for the system's authorities",
            );
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        let mail = &self.mail;
        if mail.page {
            findings.push(Finding::new(
                "notifications.mail.page",
                "everybody can read the e-mails that were written for people",
                "set it to false",
            ));
        }
        if mail.transport == MailTransport::Files {
            findings.push(Finding::new(
                "notifications.mail.transport",
                "e-mails are written to files and reach nobody",
                "set it to \"smtp\" or \"off\"",
            ));
        }
        let plain = mail.transport == MailTransport::Smtp
            && mail.smtp.security == SmtpSecurity::None
            && !url::is_local(&mail.smtp.host);
        if plain {
            findings.push(Finding::new(
                "notifications.mail.smtp.security",
                "e-mails and the password cross the network in plain text",
                "set it to \"starttls\" or \"tls\"",
            ));
        }
        if self.web_push.allow_private_addresses {
            findings.push(Finding::new(
                "notifications.web_push.allow_private_addresses",
                "people can make this service send requests into its own network",
                "set it to false",
            ));
        }
    }
}

/// `http://` or `https://` and a host, without white space or control characters.
fn is_web_url(text: &str) -> bool {
    url::UrlParts::parse(text).is_some_and(|parts| {
        matches!(parts.scheme, "http" | "https")
            && !parts.host.is_empty()
            && !text.contains(char::is_control)
    })
}

/// A first look; the mail library reads it again.
fn is_sender(text: &str) -> bool {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let parts = address.split_once('@');
    !text.contains(char::is_control)
        && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !address.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_links_have_a_form() {
        for good in ["a@b", "Marquis <no-reply@localhost>", "\"A, B\" <x@y.example>"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b", "A <a@b", "A <a b@c>", "A <a@b>\r\nBcc: x@y"] {
            assert!(!is_sender(bad), "{bad}");
        }
        assert!(is_web_url("https://app.example/notifications"));
        for bad in ["app.example", "javascript:alert(1)", "https://", "https://a b"] {
            assert!(!is_web_url(bad), "{bad}");
        }
    }
}
