//! Rows as domain values. A row that does not convert was not written by this program.

use std::collections::BTreeMap;

use marquis_notifications_queries::queries::notifications::Notification as NotificationRow;
use marquis_notifications_queries::queries::people::{
    Preferences as PreferencesRow, Subscription as SubscriptionRow,
};
use serde_json::{Map, Value, json};

use super::Failure;
use crate::application::ports::Subscription;
use crate::domain::{
    Choice, Kind, Minute, Notification, NotificationId, PersonId, Preferences, QuietHours,
    SubscriptionId,
};

pub(super) fn notification(row: NotificationRow) -> Result<Notification, Failure> {
    Ok(Notification {
        id: NotificationId::from_uuid(row.id),
        person: PersonId::from_uuid(row.user_id),
        kind: row.kind.parse().map_err(|_| Failure::Row { what: "kind" })?,
        event: row.event,
        data: row.data,
        count: row.count,
        created_at: row.created_at,
        updated_at: row.updated_at,
        read_at: row.read_at,
        seen_at: row.seen_at,
    })
}

pub(super) fn preferences(row: PreferencesRow) -> Result<Preferences, Failure> {
    let invalid = |what| Failure::Row { what };
    let Value::Object(channels) = row.channels else { return Err(invalid("choice of channels")) };
    let mut chosen = BTreeMap::new();
    for (kind, uses) in channels {
        let kind: Kind = kind.parse().map_err(|_| invalid("choice of channels"))?;
        let choice = Choice {
            in_app: uses["inApp"] != false,
            email: uses["email"] != false,
            push: uses["push"] != false,
        };
        chosen.insert(kind, choice);
    }
    let quiet_hours = match (row.quiet_from, row.quiet_to, row.time_zone) {
        (Some(from), Some(to), Some(zone)) => Some(QuietHours {
            from: minute(from).ok_or(invalid("quiet hour"))?,
            to: minute(to).ok_or(invalid("quiet hour"))?,
            zone: zone.parse().map_err(|_| invalid("time zone"))?,
        }),
        _ => None,
    };
    Ok(Preferences::new(chosen, quiet_hours))
}

fn minute(number: i16) -> Option<Minute> {
    u16::try_from(number).ok().and_then(Minute::new)
}

/// Choices as they are stored.
pub(super) fn channels(preferences: &Preferences) -> Value {
    let mut channels = Map::new();
    for kind in Kind::ALL {
        let Choice { in_app, email, push } = preferences.choice(kind);
        let uses = json!({"inApp": in_app, "email": email, "push": push});
        channels.insert(kind.as_str().to_owned(), uses);
    }
    Value::Object(channels)
}

pub(super) fn subscription(row: SubscriptionRow) -> Result<Subscription, Failure> {
    let invalid = |what| Failure::Row { what };
    Ok(Subscription {
        id: SubscriptionId::from_uuid(row.id),
        person: PersonId::from_uuid(row.user_id),
        endpoint: row.endpoint.parse().map_err(|_| invalid("endpoint"))?,
        public_key: row.p256dh.try_into().map_err(|_| invalid("public key"))?,
        auth: row.auth.try_into().map_err(|_| invalid("shared secret"))?,
        created_at: row.created_at,
    })
}
