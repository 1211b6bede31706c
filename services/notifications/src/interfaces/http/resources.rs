//! What is answered.

use marquis_http::page::List;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::application::inbox::Listing;
use crate::application::ports::{DeadLetter, Subscription};
use crate::application::view::Shown;
use crate::domain::{Channel, Choice, Kind, Preferences};

/// A notification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification)]
pub(super) struct NotificationResource {
    /// Names it.
    id: Uuid,
    /// What it is about: `message`, `payment`, `sign_in` or `security`.
    #[schema(example = "message")]
    kind: &'static str,
    /// The event it tells of.
    #[schema(example = "message.missed")]
    event: String,
    /// One line.
    title: String,
    /// A sentence or two.
    body: String,
    /// The ids, amounts and names it is made of; its fields depend on `event`.
    #[schema(value_type = Object)]
    data: Value,
    /// How many events it tells of.
    count: i32,
    /// When the first of them was told.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When the last of them was told: the list's order.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// When it was read; null when it was not.
    #[serde(with = "time::serde::rfc3339::option")]
    read_at: Option<OffsetDateTime>,
}

impl From<Shown> for NotificationResource {
    fn from(shown: Shown) -> Self {
        let Shown { notification, text, data } = shown;
        Self {
            id: notification.id.uuid(),
            kind: notification.kind.as_str(),
            event: notification.event,
            title: text.title,
            body: text.body,
            data,
            count: notification.count,
            created_at: notification.created_at,
            updated_at: notification.updated_at,
            read_at: notification.read_at,
        }
    }
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationList)]
pub(super) struct NotificationList {
    /// The latest first.
    data: Vec<NotificationResource>,
    /// Where it stands.
    meta: NotificationListMeta,
}

/// Where a part of the list stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationListMeta {
    /// How many are unread in the whole list; counted up to 1,000.
    unread: i64,
    /// The limit asked for.
    limit: u32,
    /// Goes on with `?cursor=`; null at the end.
    next: Option<String>,
}

impl NotificationList {
    pub(super) fn new(listing: Listing, limit: u32) -> Self {
        let next = listing.next.map(|place| place.to_string());
        Self {
            data: listing.items.into_iter().map(Into::into).collect(),
            meta: NotificationListMeta { unread: listing.unread, limit, next },
        }
    }
}

/// How many were marked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Marked {
    /// Those that had not been read before.
    pub(super) marked: u64,
}

/// How a person is told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationPreferences)]
pub(super) struct PreferencesResource {
    /// Channels by kind.
    channels: ChannelsResource,
    /// When not to disturb; null for never.
    quiet_hours: Option<QuietHoursResource>,
}

/// Channels by kind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelsResource {
    message: ChoiceResource,
    payment: ChoiceResource,
    sign_in: ChoiceResource,
    security: ChoiceResource,
}

/// Which channels are used.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChoiceResource {
    /// The list and open sockets.
    in_app: bool,
    /// E-mail.
    email: bool,
    /// Web Push.
    push: bool,
}

/// From one minute of the local day up to another, over midnight when it is the earlier one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuietHoursResource {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "07:00")]
    to: String,
    /// IANA name.
    #[schema(example = "Europe/Berlin")]
    time_zone: &'static str,
}

impl From<&Preferences> for PreferencesResource {
    fn from(preferences: &Preferences) -> Self {
        let choice = |kind| {
            let choice: Choice = preferences.choice(kind);
            ChoiceResource {
                in_app: choice.uses(Channel::InApp),
                email: choice.uses(Channel::Email),
                push: choice.uses(Channel::Push),
            }
        };
        Self {
            channels: ChannelsResource {
                message: choice(Kind::Message),
                payment: choice(Kind::Payment),
                sign_in: choice(Kind::SignIn),
                security: choice(Kind::Security),
            },
            quiet_hours: preferences.quiet_hours.map(|quiet| QuietHoursResource {
                from: quiet.from.to_string(),
                to: quiet.to.to_string(),
                time_zone: quiet.zone.name(),
            }),
        }
    }
}

/// The key to subscribe with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PushKey)]
pub(super) struct PushKeyResource {
    /// `applicationServerKey` of `PushManager.subscribe()`.
    pub(super) public_key: String,
}

/// A browser that listens. Its endpoint is a secret and not shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PushSubscription)]
pub(super) struct SubscriptionResource {
    /// Names it.
    pub(super) id: Uuid,
    /// Its push service.
    #[schema(example = "updates.push.services.mozilla.com")]
    pub(super) host: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
}

impl From<Subscription> for SubscriptionResource {
    fn from(subscription: Subscription) -> Self {
        Self {
            id: subscription.id.uuid(),
            host: subscription.endpoint.host().to_owned(),
            created_at: subscription.created_at,
        }
    }
}

/// All of a person's subscriptions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubscriptionList {
    /// The oldest first.
    pub(super) data: Vec<SubscriptionResource>,
}

/// A delivery that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub(super) struct DeadLetterResource {
    /// Names it.
    id: Uuid,
    /// What was to be done.
    #[schema(example = "notification.email")]
    kind: String,
    /// Which notification was to be delivered.
    notification_id: Option<Uuid>,
    /// How often it was tried.
    attempts: i32,
    /// Why it failed the last time.
    last_error: Option<String>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was given up.
    #[serde(with = "time::serde::rfc3339")]
    died_at: OffsetDateTime,
}

impl From<DeadLetter> for DeadLetterResource {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            kind: letter.kind,
            notification_id: letter.notification,
            attempts: letter.attempts,
            last_error: letter.last_error,
            created_at: letter.created_at,
            died_at: letter.died_at,
        }
    }
}

/// A page of dead letters.
pub(super) type DeadLetterList = List<DeadLetterResource>;
