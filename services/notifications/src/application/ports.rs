//! What the use cases need from the world.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{
    Notification, NotificationId, PersonId, Place, Preferences, PushEndpoint, SubscriptionId,
};

/// Counts of unread notifications stop here.
pub const UNREAD_CEILING: i64 = 1_000;

/// The store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot serve now.
    #[error("notifications cannot be reached now")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It failed.
    #[error("the store of notifications failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Which notifications of a person are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub person: PersonId,
    /// Only those that were not read.
    pub unread_only: bool,
    /// Those after this place, the latest first; from the beginning without one.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: u32,
}

/// Stored notifications and preferences.
#[async_trait]
pub trait Inbox: Debug + Send + Sync {
    /// Some of a person's listed notifications, the latest first.
    async fn list(&self, wanted: Wanted) -> Result<Vec<Notification>, StoreError>;

    /// How many of the listed ones are unread, at most [`UNREAD_CEILING`].
    async fn unread(&self, person: PersonId) -> Result<i64, StoreError>;

    /// One of a person's listed notifications.
    async fn find(
        &self,
        person: PersonId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError>;

    /// Marks one as read; `false` when the person has no such notification.
    async fn mark_read(
        &self,
        person: PersonId,
        id: NotificationId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Marks everything last changed up to `until` as read; how many.
    async fn mark_all_read(
        &self,
        person: PersonId,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError>;

    /// What the person wants; the defaults when they did not say.
    async fn preferences(&self, person: PersonId) -> Result<Preferences, StoreError>;

    /// Stores what the person wants. Nothing is stored for a person who was erased.
    async fn put_preferences(
        &self,
        person: PersonId,
        preferences: &Preferences,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// All that is held about a person.
    async fn everything(&self, person: PersonId) -> Result<Everything, StoreError>;
}

/// All that is held about a person.
#[derive(Debug)]
pub struct Everything {
    /// Listed or not.
    pub notifications: Vec<Notification>,
    /// What they want.
    pub preferences: Preferences,
    /// Where their browsers listen.
    pub subscriptions: Vec<Subscription>,
}

/// A browser that listens.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name here.
    pub id: SubscriptionId,
    /// Whose browser it is.
    pub person: PersonId,
    /// Where its push service takes messages.
    pub endpoint: PushEndpoint,
    /// Its public key: an uncompressed point of P-256.
    pub public_key: [u8; 65],
    /// The secret it shares with us (RFC 8291, section 3.2).
    pub auth: [u8; 16],
    /// Since when.
    pub created_at: OffsetDateTime,
}

impl Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("person", &self.person)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Stored subscriptions.
#[async_trait]
pub trait Subscriptions: Debug + Send + Sync {
    /// Stores a subscription. An endpoint that is known keeps its id and gets the new owner
    /// and keys. The person's oldest beyond `most` are removed. Returns the id, since when,
    /// and whether it is new; `None` for a person who was erased.
    async fn put(
        &self,
        subscription: &Subscription,
        most: u32,
    ) -> Result<Option<Stored>, StoreError>;

    /// A person's subscriptions, the oldest first.
    async fn of(&self, person: PersonId) -> Result<Vec<Subscription>, StoreError>;

    /// Removes one of a person's; `false` when there is no such.
    async fn remove(&self, person: PersonId, id: SubscriptionId) -> Result<bool, StoreError>;
}

/// What became of a stored subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: SubscriptionId,
    /// Since when it is known.
    pub created_at: OffsetDateTime,
    /// Whether it is new.
    pub created: bool,
}

/// What jobs need from the store.
#[async_trait]
pub trait Deliveries: Debug + Send + Sync {
    /// A notification as it is now, after any transaction that is adding an event to it.
    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError>;

    /// What the person wants.
    async fn preferences(&self, person: PersonId) -> Result<Preferences, StoreError>;

    /// One subscription.
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError>;

    /// Forgets a subscription that its push service does not know any more.
    async fn forget_subscription(&self, gone: &Subscription) -> Result<(), StoreError>;
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The job.
    pub id: Uuid,
    /// Its kind: `notification.email`.
    pub kind: String,
    /// Which notification.
    pub notification: Option<Uuid>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was first due.
    pub created_at: OffsetDateTime,
    /// When it was given up.
    pub died_at: OffsetDateTime,
    /// Why.
    pub last_error: Option<String>,
}

/// Deliveries that were given up.
#[async_trait]
pub trait DeadLetters: Debug + Send + Sync {
    /// Some of them, the latest first, and how many there are.
    async fn list(&self, limit: u32, offset: i64) -> Result<(Vec<DeadLetter>, i64), StoreError>;

    /// Gives one all its attempts again; `false` when there is no such.
    async fn retry(&self, id: Uuid, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Gives one up for good; `false` when there is no such.
    async fn discard(&self, id: Uuid) -> Result<bool, StoreError>;
}

/// An e-mail to be sent.
pub struct Email {
    /// The notification's id, which makes the `Message-ID`: whoever gets it twice can tell.
    pub id: NotificationId,
    /// Whom it is for, for what is kept by person.
    pub person: PersonId,
    /// Distinguishes e-mails about one notification.
    pub version: i32,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text, lines ending in `\n`.
    pub body: String,
    /// Its date.
    pub date: OffsetDateTime,
}

/// Nothing of it belongs into a log.
impl Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why something did not leave. Neither text nor causes name a person, an address or an
/// endpoint: they are kept with the job and logged.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// May work later.
    #[error("{0}")]
    Later(String),
    /// Will never work.
    #[error("{0}")]
    Never(String),
    /// The receiver is not there any more.
    #[error("the receiver is gone")]
    Gone,
}

/// Sends e-mails.
#[async_trait]
pub trait Mailer: Debug + Send + Sync {
    /// Whether e-mails are made at all.
    fn is_on(&self) -> bool;

    /// Sends one.
    async fn send(&self, email: &Email) -> Result<(), SendError>;

    /// Removes what is kept of e-mails to a person.
    async fn forget(&self, person: PersonId) -> Result<(), SendError>;
}

/// How soon a push message should arrive (RFC 8030, section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// `normal`.
    Normal,
    /// `high`.
    High,
}

/// A push message.
#[derive(Debug)]
pub struct PushMessage {
    /// JSON for the service worker, not encrypted yet.
    pub payload: Value,
    /// How soon.
    pub urgency: Urgency,
    /// A later message with the same topic replaces one that waits (RFC 8030, section 5.4).
    pub topic: NotificationId,
}

/// Sends push messages.
#[async_trait]
pub trait Pusher: Debug + Send + Sync {
    /// Sends one to one browser.
    async fn push(&self, to: &Subscription, message: &PushMessage) -> Result<(), SendError>;
}

/// Pushes an event to a person's open sockets.
#[async_trait]
pub trait Announcer: Debug + Send + Sync {
    /// Best effort: whoever has no socket gets nothing.
    async fn announce(&self, person: PersonId, data: Value) -> Result<(), SendError>;
}

/// Names a written e-mail: whom it is for, and the rest of its file's name. Text form
/// `<person>.<notification>-<version>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterName {
    /// Whom it is for.
    pub person: Uuid,
    /// `<notification>-<version>`.
    pub letter: String,
}

/// The text names no e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of an e-mail")]
pub struct InvalidLetterName;

impl LetterName {
    /// A name made of its parts, which are nothing but ids and a number.
    ///
    /// # Errors
    ///
    /// [`InvalidLetterName`].
    pub fn new(person: Uuid, letter: &str) -> Result<Self, InvalidLetterName> {
        let sound = letter.rsplit_once('-').is_some_and(|(id, version)| {
            id.len() == 36 && id.parse::<Uuid>().is_ok() && version.parse::<u32>().is_ok()
        });
        if !sound || letter.contains('+') {
            return Err(InvalidLetterName);
        }
        Ok(Self { person, letter: letter.to_owned() })
    }
}

impl std::fmt::Display for LetterName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.person, self.letter)
    }
}

impl std::str::FromStr for LetterName {
    type Err = InvalidLetterName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (person, letter) = text.split_once('.').ok_or(InvalidLetterName)?;
        let person = if person.len() == 36 { person.parse().ok() } else { None };
        Self::new(person.ok_or(InvalidLetterName)?, letter)
    }
}

/// What is seen of a written e-mail in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its name.
    pub name: LetterName,
    /// Its header field `To`.
    pub to: String,
    /// Its header field `Subject`.
    pub subject: String,
    /// Its header field `Date`.
    pub date: String,
}

/// E-mails that were written instead of sent.
#[async_trait]
pub trait Letters: Debug + Send + Sync {
    /// The latest.
    async fn latest(&self, limit: usize) -> Result<Vec<Letter>, StoreError>;

    /// The whole of one.
    async fn read(&self, name: LetterName) -> Result<Option<String>, StoreError>;
}
