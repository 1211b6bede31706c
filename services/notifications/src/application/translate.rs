//! What an event of another service means here.
//!
//! Events bring ids and amounts; whatever else they bring is left behind, so that nothing is
//! stored that was not asked for.

use marquis_contracts::events::Event;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Draft, Importance, Kind, PersonId};

/// What is done about an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Nothing.
    None,
    /// A person is told.
    Notify(Draft),
    /// A person is there: what only matters to somebody away need not be told.
    Seen {
        /// Who.
        person: PersonId,
        /// Since when.
        at: OffsetDateTime,
    },
    /// A person read what another one wrote, up to a time.
    ConversationRead {
        /// Who read.
        reader: PersonId,
        /// Who had written.
        peer: Uuid,
        /// Up to when.
        until: OffsetDateTime,
    },
    /// A person is erased.
    Erase(PersonId),
}

/// An event that lacks what its kind has.
#[derive(Debug, thiserror::Error)]
#[error("an event `{kind}` has no usable `{field}`")]
pub struct Malformed {
    kind: String,
    field: &'static str,
}

/// Longest description of a device that is kept.
const LONGEST_DEVICE: usize = 100;

/// What is done about this event.
///
/// # Errors
///
/// [`Malformed`] when the event is of a kind that is of interest but lacks a field.
pub fn reaction(event: &Event) -> Result<Reaction, Malformed> {
    Ok(match event.kind.as_str() {
        "message.missed" => Reaction::Notify(missed_message(event)?),
        "message.read" => Reaction::ConversationRead {
            reader: PersonId::from_uuid(id(event, "readerId")?),
            peer: id(event, "peerId")?,
            until: event.occurred_at,
        },
        "presence.online" => Reaction::Seen { person: person(event)?, at: event.occurred_at },
        "payment.processing" => Reaction::Notify(payment(event, Importance::Low)?),
        "payment.succeeded" | "payment.failed" | "payment.cancelled" | "payment.refunded" => {
            Reaction::Notify(payment(event, Importance::Normal)?)
        }
        "session.started" if event.data["newDevice"] == true => Reaction::Notify(sign_in(event)?),
        "user.password_changed"
        | "user.email_changed"
        | "user.sessions_revoked"
        | "user.roles_changed"
        | "account.locked" => Reaction::Notify(security(event)?),
        // A refresh token was used twice: somebody has a copy.
        "session.revoked" if event.data["because"] == "refresh_token_reused" => {
            Reaction::Notify(security(event)?)
        }
        "user.erased" => Reaction::Erase(person(event)?),
        _ => Reaction::None,
    })
}

/// The key under which one sender's messages are merged.
#[must_use]
pub fn conversation_key(peer: Uuid) -> String {
    format!("message:{peer}")
}

fn missed_message(event: &Event) -> Result<Draft, Malformed> {
    let sender = id(event, "senderId")?;
    let data = json!({"senderId": sender, "messageId": id(event, "messageId")?});
    let receiver = PersonId::from_uuid(id(event, "receiverId")?);
    let mut draft = draft(event, receiver, Kind::Message, data, Importance::Normal);
    draft.merge_key = Some(conversation_key(sender));
    Ok(draft)
}

fn payment(event: &Event, importance: Importance) -> Result<Draft, Malformed> {
    let person = PersonId::from_uuid(id(event, "userId")?);
    let mut data = Map::new();
    for name in ["reference", "status", "currency"] {
        let text = event.data[name].as_str().ok_or_else(|| malformed(event, name))?;
        data.insert(name.to_owned(), text.into());
    }
    let amount = event.data["amount"].as_i64().ok_or_else(|| malformed(event, "amount"))?;
    data.insert("amount".to_owned(), amount.into());
    if let Some(refunded) = event.data["refund"]["amount"].as_i64() {
        data.insert("refundedAmount".to_owned(), refunded.into());
    }
    Ok(draft(event, person, Kind::Payment, Value::Object(data), importance))
}

fn sign_in(event: &Event) -> Result<Draft, Malformed> {
    let mut data = json!({"sessionId": id(event, "sessionId")?});
    // Whoever signs in says what their device is.
    let device = event.data["device"].as_str().map(one_line).filter(|device| !device.is_empty());
    if let Some(device) = device {
        data["device"] = device.into();
    }
    Ok(draft(event, person(event)?, Kind::SignIn, data, Importance::Urgent))
}

fn security(event: &Event) -> Result<Draft, Malformed> {
    let mut draft = draft(event, person(event)?, Kind::Security, json!({}), Importance::Urgent);
    // Anybody can have an account locked, as often as they like.
    if event.kind == "account.locked" {
        draft.merge_key = Some(format!("security:{}", event.kind));
    }
    Ok(draft)
}

fn draft(
    event: &Event,
    person: PersonId,
    kind: Kind,
    data: Value,
    importance: Importance,
) -> Draft {
    Draft {
        person,
        kind,
        event: event.kind.clone(),
        data,
        merge_key: None,
        importance,
        occurred_at: event.occurred_at,
    }
}

/// Whom the event is about: its `userId`, or its subject.
fn person(event: &Event) -> Result<PersonId, Malformed> {
    let named = event.data["userId"].as_str().unwrap_or(&event.subject);
    let id = named.parse().map_err(|_| malformed(event, "userId"))?;
    Ok(PersonId::from_uuid(id))
}

fn id(event: &Event, field: &'static str) -> Result<Uuid, Malformed> {
    let id = event.data[field].as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| malformed(event, field))
}

fn malformed(event: &Event, field: &'static str) -> Malformed {
    Malformed { kind: event.kind.clone(), field }
}

/// A text that others chose, as part of a line of ours: no control characters, not long.
#[must_use]
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace() || is_invisible(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(LONGEST_DEVICE).collect()
}

/// Separators of lines and marks that reorder text, which could make a line say something
/// else than it does (Unicode TR 36, section 2.5).
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const ID: &str = "01997c3e-0000-7000-8000-000000000001";

    fn event(kind: &str, subject: &str, data: Value) -> Event {
        Event {
            id: Uuid::nil(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            occurred_at: datetime!(2026-11-21 07:00 UTC),
            data,
            traceparent: None,
        }
    }

    #[test]
    fn strange_devices_become_one_harmless_line() {
        let device = "Firefox\r\nBcc: everybody@example.org\u{202e}\u{0} on   Linux";
        assert_eq!(one_line(device), "Firefox Bcc: everybody@example.org on Linux");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), LONGEST_DEVICE);
        let signed_in = event(
            "session.started",
            ID,
            json!({"sessionId": ID, "device": device, "newDevice": true}),
        );
        let Ok(Reaction::Notify(draft)) = reaction(&signed_in) else { panic!("not told") };
        assert!(!draft.data.to_string().contains("\\n"), "{}", draft.data);
    }

    #[test]
    fn only_new_devices_are_told() {
        let known = event("session.started", ID, json!({"sessionId": ID, "newDevice": false}));
        assert_eq!(reaction(&known).expect("understood"), Reaction::None);
    }

    #[test]
    fn events_that_lack_something_are_named_without_their_content() {
        for (kind, data) in [
            ("message.missed", json!({"messageId": ID, "senderId": ID})),
            ("message.missed", json!({"messageId": ID, "senderId": "secret", "receiverId": ID})),
            (
                "payment.succeeded",
                json!({"userId": ID, "reference": "pay_1", "status": "succeeded"}),
            ),
            ("user.erased", json!({"userId": "secret"})),
        ] {
            let error = reaction(&event(kind, "nobody", data)).expect_err(kind).to_string();
            assert!(error.contains(kind) && !error.contains("secret"), "{error}");
        }
        assert_eq!(
            reaction(&event("user.registered", "x", json!({}))).expect("ok"),
            Reaction::None
        );
    }

    #[test]
    fn nothing_is_kept_that_was_not_asked_for() {
        let data = json!({
            "userId": ID, "reference": "pay_1", "status": "refunded", "amount": 5, "currency": "EUR",
            "amountRefunded": 5, "refund": {"reference": "ref_1", "amount": 5}, "description": "x",
        });
        let Ok(Reaction::Notify(draft)) = reaction(&event("payment.refunded", "pay_1", data))
        else {
            panic!("not told")
        };
        let kept = json!({"reference": "pay_1", "status": "refunded", "amount": 5,
            "currency": "EUR", "refundedAmount": 5});
        assert_eq!(draft.data, kept);
    }
}
