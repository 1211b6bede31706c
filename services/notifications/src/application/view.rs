//! Notifications as people see them: with names and words, which are made anew each time, so
//! that nobody is shown under a name they no longer have.

use std::collections::HashMap;
use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_contracts::people::Identities;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::texts::{DELETED, SOMEBODY, Text, text};
use crate::domain::{Kind, Notification};

/// A notification with its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What is stored.
    pub notification: Notification,
    /// What is read.
    pub text: Text,
    /// `data` with the names of those it mentions.
    pub data: Value,
}

/// Makes notifications readable.
#[derive(Debug, Clone)]
pub struct Presenter {
    /// Who knows names.
    pub identities: Arc<dyn Identities>,
}

/// Most identities asked for at once.
const MOST_NAMES: usize = 500;

impl Presenter {
    /// All of them, in their order. When nobody can be asked for names, somebody wrote.
    pub async fn show(&self, notifications: Vec<Notification>) -> Vec<Shown> {
        let names = self.names(&notifications).await;
        let name_of = |notification: &Notification| {
            let sender = sender(notification)?;
            Some(match &names {
                Some(names) => names.get(&sender).map_or(DELETED, String::as_str),
                None => SOMEBODY,
            })
        };
        notifications
            .into_iter()
            .map(|notification| {
                let name = name_of(&notification);
                let text = text(&notification, name);
                let mut data = notification.data.clone();
                if let Some(name) = name {
                    data["senderUsername"] = name.into();
                }
                Shown { notification, text, data }
            })
            .collect()
    }

    /// One of them.
    pub async fn show_one(&self, notification: Notification) -> Option<Shown> {
        self.show(vec![notification]).await.pop()
    }

    async fn names(&self, notifications: &[Notification]) -> Option<HashMap<UserId, String>> {
        let mut senders: Vec<UserId> = notifications.iter().filter_map(sender).collect();
        senders.sort_unstable();
        senders.dedup();
        let mut names = HashMap::new();
        for some in senders.chunks(MOST_NAMES) {
            match self.identities.identities(some).await {
                Ok(found) => {
                    names.extend(found.into_iter().map(|found| (found.user_id, found.username)));
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, "notifications are shown without names");
                    return None;
                }
            }
        }
        Some(names)
    }
}

fn sender(notification: &Notification) -> Option<UserId> {
    if notification.kind != Kind::Message {
        return None;
    }
    notification.data["senderId"].as_str()?.parse().ok()
}

impl Shown {
    /// The same object as in lists, for sockets and push messages.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let notification = &self.notification;
        json!({
            "id": notification.id,
            "kind": notification.kind.as_str(),
            "event": notification.event,
            "title": self.text.title,
            "body": self.text.body,
            "data": self.data,
            "count": notification.count,
            "createdAt": rfc3339(notification.created_at),
            "updatedAt": rfc3339(notification.updated_at),
            "readAt": notification.read_at.map(rfc3339),
        })
    }
}

/// RFC 3339; the years that it cannot express are not reached.
fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
