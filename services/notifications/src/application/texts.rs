//! The words of every notification and e-mail, in this one place.
//!
//! A title is one line. Names and devices come from other people: they have been, or are
//! here, reduced to one harmless line ([`one_line`]).

use marquis_kernel::{Currency, Money};

use super::translate::one_line;
use crate::domain::{Kind, Notification};

/// What a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// One line.
    pub title: String,
    /// A sentence or two.
    pub body: String,
}

/// Who is named when it is not known who it was.
pub const SOMEBODY: &str = "somebody";
/// Who is named when the person is gone.
pub const DELETED: &str = "deleted user";

/// The words of a notification. `sender` is the name of who wrote, for messages.
#[must_use]
pub fn text(notification: &Notification, sender: Option<&str>) -> Text {
    match notification.kind {
        Kind::Message => message(notification, sender),
        Kind::Payment => payment(notification),
        Kind::SignIn => sign_in(notification),
        Kind::Security => security(notification),
    }
}

fn message(notification: &Notification, sender: Option<&str>) -> Text {
    let sender = one_line(sender.unwrap_or(SOMEBODY));
    let many = notification.count;
    let (title, body) = if many == 1 {
        (
            format!("New message from {sender}"),
            format!("{sender} wrote to you while you were away."),
        )
    } else {
        (
            format!("{many} new messages from {sender}"),
            format!("{sender} sent you {many} messages while you were away."),
        )
    };
    Text { title, body }
}

fn payment(notification: &Notification) -> Text {
    let data = &notification.data;
    let field = |name: &str| one_line(data[name].as_str().unwrap_or_default());
    let money = |name: &str| {
        let currency: Option<Currency> =
            data["currency"].as_str().and_then(|code| code.parse().ok());
        match (data[name].as_i64(), currency) {
            (Some(amount), Some(currency)) => Money::new(amount, currency).to_string(),
            _ => String::new(),
        }
    };
    let (reference, amount) = (field("reference"), money("amount"));
    let (title, what) = match notification.event.as_str() {
        "payment.processing" => ("Payment in progress", "is being processed".to_owned()),
        "payment.succeeded" => ("Payment succeeded", "has succeeded".to_owned()),
        "payment.failed" => ("Payment failed", "has failed; no money was taken".to_owned()),
        "payment.cancelled" => ("Payment cancelled", "was cancelled".to_owned()),
        "payment.refunded" => {
            let refunded = money("refundedAmount");
            let what = if refunded.is_empty() || refunded == amount {
                "was refunded".to_owned()
            } else {
                format!("was refunded in part: {refunded}")
            };
            ("Payment refunded", what)
        }
        _ => ("Payment changed", "has changed".to_owned()),
    };
    Text { title: title.to_owned(), body: format!("Your payment {reference} of {amount} {what}.") }
}

fn sign_in(notification: &Notification) -> Text {
    let device = notification.data["device"].as_str().map(one_line);
    let device = device.filter(|device| !device.is_empty());
    let device = device.unwrap_or_else(|| "a device we have not seen before".to_owned());
    Text {
        title: "New sign-in to your account".to_owned(),
        body: format!(
            "Somebody signed in to your account from {device}. If it was not you, change your \
             password and sign out everywhere."
        ),
    }
}

fn security(notification: &Notification) -> Text {
    const NOT_YOU: &str = "If it was not you, ask for help at once.";
    let (title, body) = match notification.event.as_str() {
        "user.password_changed" => (
            "Your password was changed",
            format!("The password of your account was changed. {NOT_YOU}"),
        ),
        "user.email_changed" => (
            "Your e-mail address was changed",
            format!("This is now the e-mail address of your account. {NOT_YOU}"),
        ),
        "user.sessions_revoked" => (
            "You were signed out everywhere",
            format!("All sessions of your account were ended. {NOT_YOU}"),
        ),
        "session.revoked" => (
            "A session of yours was ended",
            "Somebody used an old key to one of your sessions, which may mean that it was stolen. \
             We ended that session; change your password if you do not know why."
                .to_owned(),
        ),
        "user.roles_changed" => (
            "Your permissions were changed",
            "What your account is allowed to do was changed by an administrator.".to_owned(),
        ),
        "account.locked" => (
            "Your account was locked for a while",
            "There were too many wrong passwords, so signing in is refused for some time. If it \
             was not you, somebody may be trying to guess your password."
                .to_owned(),
        ),
        _ => (
            "A change to your account",
            format!("Something about your account's safety has changed. {NOT_YOU}"),
        ),
    };
    Text { title: title.to_owned(), body }
}

/// The text of an e-mail, lines ending in `\n`.
#[must_use]
pub fn email(text: &Text, kind: Kind, link: &str) -> String {
    let Text { title, body } = text;
    let place = if link.is_empty() { String::new() } else { format!("{link}\n\n") };
    let why = if kind.can_be_off(crate::domain::Channel::Email) {
        "You can choose in your notification settings which e-mails you get."
    } else {
        "E-mails about your account's safety cannot be switched off."
    };
    format!("{title}\n\n{body}\n\n{place}-- \n{why}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{NotificationId, PersonId};

    fn notification(kind: Kind, event: &str, data: Value, count: i32) -> Notification {
        Notification {
            id: NotificationId::from_uuid(Uuid::nil()),
            person: PersonId::from_uuid(Uuid::nil()),
            kind,
            event: event.to_owned(),
            data,
            count,
            created_at: OffsetDateTime::UNIX_EPOCH,
            updated_at: OffsetDateTime::UNIX_EPOCH,
            read_at: None,
            seen_at: None,
        }
    }

    #[test]
    fn a_refund_in_part_says_how_much() {
        let data = json!({"reference": "pay_1", "status": "partially_refunded", "amount": 1_000,
            "currency": "EUR", "refundedAmount": 250});
        let text = text(&notification(Kind::Payment, "payment.refunded", data, 1), None);
        assert_eq!(text.title, "Payment refunded");
        assert_eq!(text.body, "Your payment pay_1 of 10.00 EUR was refunded in part: 2.50 EUR.");
    }

    #[test]
    fn messages_are_counted() {
        let one = notification(Kind::Message, "message.missed", json!({}), 1);
        assert_eq!(text(&one, Some("bob")).title, "New message from bob");
        let three = notification(Kind::Message, "message.missed", json!({}), 3);
        assert_eq!(text(&three, None).title, "3 new messages from somebody");
    }

    #[test]
    fn titles_are_one_line_whatever_they_are_made_of() {
        let nasty = "x\r\nBcc: a@b\u{2028}c";
        for (kind, data) in [
            (Kind::Message, json!({})),
            (Kind::SignIn, json!({"device": nasty})),
            (Kind::Payment, json!({"reference": nasty, "currency": nasty})),
            (Kind::Security, json!({})),
        ] {
            let text = text(&notification(kind, nasty, data, 1), Some(nasty));
            assert!(!text.title.contains(char::is_control), "{text:?}");
            assert!(!text.body.contains(char::is_control), "{text:?}");
        }
    }
}
