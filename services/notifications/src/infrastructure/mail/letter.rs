//! An e-mail as bytes.
//!
//! No value can become a header of its own: the library refuses or encodes line breaks, the
//! subject is made of one line, and addresses are parsed.

use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use crate::application::ports::{Email, SendError};

/// The configured sender is no address.
#[derive(Debug, thiserror::Error)]
#[error("the sender of e-mails is not an address")]
pub struct InvalidSender(#[source] lettre::address::AddressError);

/// Reads `Name <address>` or an address.
pub(super) fn sender(text: &str) -> Result<Mailbox, InvalidSender> {
    text.parse().map_err(InvalidSender)
}

/// Writes an e-mail.
pub(super) fn write(email: &Email, sender: &Mailbox) -> Result<Message, SendError> {
    // An address may be wrong, and it must not be told which.
    let to: Address =
        email.to.parse().map_err(|_| SendError::Never("the address is malformed".to_owned()))?;
    let unique = format!("<{}.{}@{}>", email.id, email.version, sender.email.domain());
    Message::builder()
        .from(sender.clone())
        .to(Mailbox::new(None, to))
        .subject(email.subject.replace(char::is_control, " "))
        .date(SystemTime::from(email.date))
        .message_id(Some(unique))
        .raw_header(automatic())
        .header(ContentType::TEXT_PLAIN)
        .body(email.body.clone())
        .map_err(|_| SendError::Never("the e-mail cannot be written".to_owned()))
}

/// Asks other programs not to answer (RFC 3834, section 5).
fn automatic() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".to_owned())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{NotificationId, PersonId};

    fn email(to: &str, subject: &str) -> Email {
        Email {
            id: NotificationId::from_uuid(Uuid::nil()),
            person: PersonId::from_uuid(Uuid::nil()),
            version: 2,
            to: to.to_owned(),
            subject: subject.to_owned(),
            body: "One\n\nGrüße\n.\nTwo\n".to_owned(),
            date: datetime!(2026-11-21 07:08:09 UTC),
        }
    }

    fn headers(message: &Message) -> Vec<String> {
        let text = String::from_utf8(message.formatted()).expect("UTF-8");
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        // Folded lines belong to the line before (RFC 5322, section 2.2.3).
        head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn headers_are_ours_whatever_the_subject_is() {
        let sender = sender("Marquis <no-reply@marquis.example>").expect("a sender");
        for subject in [
            "New message from bob",
            "x\r\nBcc: everybody@example.org",
            "x\nSubject: y",
            "x\u{0}\u{b}y",
            "Überraschung =?utf-8?q?=0D=0ABcc:_a@b?= 日本",
            &"long ".repeat(200),
        ] {
            let message = write(&email("alice@example.org", subject), &sender).expect("a letter");
            let headers = headers(&message);
            let names: Vec<&str> =
                headers.iter().map(|line| line.split(':').next().unwrap_or_default()).collect();
            let mut sorted = names.clone();
            sorted.sort_unstable();
            let expected = [
                "Auto-Submitted",
                "Content-Transfer-Encoding",
                "Content-Type",
                "Date",
                "From",
                "MIME-Version",
                "Message-ID",
                "Subject",
                "To",
            ];
            let mut expected: Vec<&str> = expected.to_vec();
            if !names.contains(&"MIME-Version") {
                expected.retain(|name| *name != "MIME-Version");
            }
            assert_eq!(sorted, expected, "{subject:?}: {headers:#?}");
            assert!(headers.contains(&"To: alice@example.org".to_owned()), "{headers:#?}");
            assert!(headers.contains(&"Date: Sat, 21 Nov 2026 07:08:09 +0000".to_owned()));
            let id = format!("Message-ID: <{}.2@marquis.example>", Uuid::nil());
            assert!(headers.contains(&id), "{headers:#?}");
        }
    }

    #[test]
    fn addresses_are_one_address() {
        let sender = sender("no-reply@marquis.example").expect("a sender");
        for to in
            ["", "alice", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "a@b\n", "a b@c", "a@b>\r\nX: y"]
        {
            let error = write(&email(to, "x"), &sender).expect_err(to);
            assert!(matches!(error, SendError::Never(_)));
            assert!(to.is_empty() || !error.to_string().contains(to));
        }
    }
}
