//! A stored notification and its place in the list.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Importance, Kind, NotificationId, PersonId};

/// A stored notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// Its name.
    pub id: NotificationId,
    /// Whom it is for.
    pub person: PersonId,
    /// What it is about.
    pub kind: Kind,
    /// The kind of the (latest) event it tells of.
    pub event: String,
    /// What its text is made of.
    pub data: Value,
    /// How many events it tells of.
    pub count: i32,
    /// When its first event was told.
    pub created_at: OffsetDateTime,
    /// When its last event was told.
    pub updated_at: OffsetDateTime,
    /// When the person read it.
    pub read_at: Option<OffsetDateTime>,
    /// When the person was there after the last event, without reading it.
    pub seen_at: Option<OffsetDateTime>,
}

impl Notification {
    /// Its place in the list.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { at: self.updated_at, id: self.id }
    }

    /// How much it may disturb when it is delivered.
    #[must_use]
    pub const fn importance(&self) -> Importance {
        match self.kind {
            Kind::Message | Kind::Payment => Importance::Normal,
            Kind::SignIn | Kind::Security => Importance::Urgent,
        }
    }

    /// Whether there is still reason to write an e-mail about it. A message that was read,
    /// or whose receiver came back, tells itself; the rest is worth a record.
    #[must_use]
    pub const fn needs_email(&self) -> bool {
        !matches!(self.kind, Kind::Message) || (self.read_at.is_none() && self.seen_at.is_none())
    }

    /// Whether there is still reason to push it.
    #[must_use]
    pub const fn needs_push(&self) -> bool {
        self.read_at.is_none()
    }
}

/// A place in somebody's list, whose order is the latest first. Text form: microseconds since
/// 1970 and the notification's id, with a hyphen between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the notification was last changed.
    pub at: OffsetDateTime,
    /// Which one, among those of one instant.
    pub id: NotificationId,
}

/// The text is no place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor of this list")]
pub struct InvalidPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.unix_timestamp_nanos() / 1_000, self.id.uuid().simple())
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (micros, id) = text.split_once('-').ok_or(InvalidPlace)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(micros) || micros.len() > 16 || id.len() != 32 {
            return Err(InvalidPlace);
        }
        let micros: i128 = micros.parse().map_err(|_| InvalidPlace)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(micros * 1_000);
        let id: Uuid = id.parse().map_err(|_| InvalidPlace)?;
        Ok(Self { at: at.map_err(|_| InvalidPlace)?, id: NotificationId::from_uuid(id) })
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::{Clock as _, ManualClock};

    use super::*;

    #[test]
    fn places_survive_text_and_foreign_text_is_refused() {
        let clock = ManualClock::starting_now();
        let place = Place { at: clock.now(), id: NotificationId::new(&*clock) };
        assert_eq!(place.to_string().parse(), Ok(place));
        let id = place.id.uuid().simple().to_string();
        for wrong in
            ["", "-", "1", "1-2", &format!("-1-{id}"), &format!("99999999999999999-{id}"), &id]
        {
            assert_eq!(wrong.parse::<Place>(), Err(InvalidPlace), "{wrong}");
        }
    }
}
