//! Bringing a stored notification to its person through one channel.
//!
//! Each of these runs as a job, at least once: it looks at everything anew, because the
//! person may have read it, changed their mind or gone since it was planned.

use std::error::Error;
use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_contracts::people::Identities;
use marquis_kernel::SharedClock;
use serde_json::Value;
use time::OffsetDateTime;

use super::ports::{
    Announcer, Deliveries, Email, Mailer, PushMessage, Pusher, SendError, StoreError, Urgency,
};
use super::texts;
use super::view::Presenter;
use crate::domain::{
    Channel, Importance, Notification, NotificationId, PersonId, Preferences, SubscriptionId,
};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It left.
    Sent,
    /// There was no reason for it any more.
    Dropped,
    /// These hours are quiet; not before then.
    Postponed(OffsetDateTime),
}

/// Why a delivery failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The person's address could not be asked for.
    #[error("the receiver's address cannot be asked for")]
    Address(#[source] Box<dyn Error + Send + Sync>),
    /// May work later.
    #[error("{0}")]
    Later(String),
    /// Will never work.
    #[error("{0}")]
    Never(String),
}

impl From<SendError> for DeliveryError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Never(_) | SendError::Gone => Self::Never(error.to_string()),
            SendError::Later(_) => Self::Later(error.to_string()),
        }
    }
}

/// Deliveries through every channel.
#[derive(Debug)]
pub struct Deliver {
    /// Where notifications are.
    pub store: Arc<dyn Deliveries>,
    /// Who knows addresses.
    pub identities: Arc<dyn Identities>,
    /// Gives notifications words.
    pub presenter: Presenter,
    /// To open sockets.
    pub announcer: Arc<dyn Announcer>,
    /// By e-mail.
    pub mailer: Arc<dyn Mailer>,
    /// To browsers, unless that is switched off.
    pub pusher: Option<Arc<dyn Pusher>>,
    /// Where people read notifications; empty for nowhere.
    pub link: String,
    /// The time.
    pub clock: SharedClock,
}

impl Deliver {
    /// To open sockets.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    pub async fn announce(
        &self,
        id: NotificationId,
        silent: bool,
    ) -> Result<Outcome, DeliveryError> {
        let Some(notification) = self.store.notification(id).await? else {
            return Ok(Outcome::Dropped);
        };
        if notification.read_at.is_some() {
            return Ok(Outcome::Dropped);
        }
        let person = notification.person;
        let Some(shown) = self.presenter.show_one(notification).await else {
            return Ok(Outcome::Dropped);
        };
        let mut data = shown.to_json();
        data["silent"] = silent.into();
        self.announcer.announce(person, data).await?;
        Ok(Outcome::Sent)
    }

    /// By e-mail.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    pub async fn email(&self, id: NotificationId) -> Result<Outcome, DeliveryError> {
        let Some((notification, preferences)) = self.due(id).await? else {
            return Ok(Outcome::Dropped);
        };
        let wanted = preferences.choice(notification.kind).uses(Channel::Email);
        if !self.mailer.is_on() || !wanted || !notification.needs_email() {
            return Ok(Outcome::Dropped);
        }
        if let Some(until) = self.quiet_until(&notification, &preferences) {
            return Ok(Outcome::Postponed(until));
        }
        let person = notification.person;
        let user = UserId::from_uuid(person.uuid());
        let address = self.identities.email(user).await;
        let address = address.map_err(|error| DeliveryError::Address(error.into()))?;
        let (Some(to), Some(shown)) = (address, self.presenter.show_one(notification).await) else {
            return Ok(Outcome::Dropped);
        };
        let body = texts::email(&shown.text, shown.notification.kind, &self.link);
        let email = Email {
            id,
            person,
            version: shown.notification.count,
            to,
            subject: shown.text.title,
            body,
            date: self.clock.now(),
        };
        match self.mailer.send(&email).await {
            Ok(()) => Ok(Outcome::Sent),
            Err(error) => Err(error.into()),
        }
    }

    /// To one browser.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    pub async fn push(
        &self,
        id: NotificationId,
        to: SubscriptionId,
    ) -> Result<Outcome, DeliveryError> {
        let (Some((notification, preferences)), Some(pusher)) = (self.due(id).await?, &self.pusher)
        else {
            return Ok(Outcome::Dropped);
        };
        let wanted = preferences.choice(notification.kind).uses(Channel::Push);
        if !wanted || !notification.needs_push() {
            return Ok(Outcome::Dropped);
        }
        if let Some(until) = self.quiet_until(&notification, &preferences) {
            return Ok(Outcome::Postponed(until));
        }
        // A browser whose next user signed in with it is not told of the former one.
        let subscription = self.store.subscription(to).await?;
        let Some(subscription) = subscription.filter(|to| to.person == notification.person) else {
            return Ok(Outcome::Dropped);
        };
        let urgent = notification.importance() == Importance::Urgent;
        let Some(shown) = self.presenter.show_one(notification).await else {
            return Ok(Outcome::Dropped);
        };
        let mut payload = shown.to_json();
        if !self.link.is_empty() {
            payload["url"] = Value::from(self.link.clone());
        }
        let message = PushMessage {
            payload,
            urgency: if urgent { Urgency::High } else { Urgency::Normal },
            topic: id,
        };
        match pusher.push(&subscription, &message).await {
            Ok(()) => Ok(Outcome::Sent),
            Err(SendError::Gone) => {
                self.store.forget_subscription(&subscription).await?;
                Ok(Outcome::Dropped)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is kept of e-mails to a person who was erased.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    pub async fn forget_emails(&self, person: PersonId) -> Result<Outcome, DeliveryError> {
        self.mailer.forget(person).await?;
        Ok(Outcome::Sent)
    }

    async fn due(
        &self,
        id: NotificationId,
    ) -> Result<Option<(Notification, Preferences)>, StoreError> {
        let Some(notification) = self.store.notification(id).await? else { return Ok(None) };
        let preferences = self.store.preferences(notification.person).await?;
        Ok(Some((notification, preferences)))
    }

    fn quiet_until(
        &self,
        notification: &Notification,
        preferences: &Preferences,
    ) -> Option<OffsetDateTime> {
        let now = self.clock.now();
        let quiet = preferences.quiet_hours.filter(|quiet| quiet.cover(now))?;
        (notification.importance() < Importance::Urgent).then(|| quiet.over(now))
    }
}
