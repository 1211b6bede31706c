//! A person's own copy of what is held about them.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use serde_json::{Value, json};

use super::ports::{Everything, Inbox};
use super::view::Presenter;
use crate::domain::{Channel, Kind, PersonId, Preferences};

/// Answers for this service.
#[derive(Debug)]
pub struct ExportPersonalData {
    /// Where it is held.
    pub inbox: Arc<dyn Inbox>,
    /// Gives notifications words.
    pub presenter: Presenter,
}

#[async_trait]
impl PersonalData for ExportPersonalData {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        let person = PersonId::from_uuid(user.uuid());
        let everything = self.inbox.everything(person).await;
        let everything = everything.map_err(|error| PersonalDataUnavailable(error.into()))?;
        let Everything { notifications, preferences, subscriptions } = everything;
        if notifications.is_empty()
            && subscriptions.is_empty()
            && preferences == Preferences::default()
        {
            return Ok(json!({}));
        }
        let notifications = self.presenter.show(notifications).await;
        Ok(json!({
            "notifications": notifications.iter().map(|shown| shown.to_json()).collect::<Vec<_>>(),
            "preferences": preferences_json(&preferences),
            "pushSubscriptions": subscriptions.iter().map(|subscription| json!({
                "id": subscription.id,
                "endpoint": subscription.endpoint.url(),
                "createdAt": subscription.created_at.unix_timestamp(),
            })).collect::<Vec<_>>(),
        }))
    }
}

/// The same object as `GET /notifications/preferences`.
#[must_use]
pub fn preferences_json(preferences: &Preferences) -> Value {
    let mut channels = serde_json::Map::new();
    for kind in Kind::ALL {
        let choice = preferences.choice(kind);
        let uses: serde_json::Map<String, Value> = Channel::ALL
            .into_iter()
            .map(|channel| (channel.as_str().to_owned(), choice.uses(channel).into()))
            .collect();
        channels.insert(kind.as_str().to_owned(), Value::Object(uses));
    }
    let quiet_hours = preferences.quiet_hours.map(|quiet| {
        json!({
            "from": quiet.from.to_string(),
            "to": quiet.to.to_string(),
            "timeZone": quiet.zone.name(),
        })
    });
    json!({"channels": channels, "quietHours": quiet_hours})
}
