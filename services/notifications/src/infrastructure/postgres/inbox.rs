//! [`Inbox`] on PostgreSQL.

use async_trait::async_trait;
use marquis_notifications_queries::client::Params as _;
use marquis_notifications_queries::queries::notifications::{
    CountUnreadParams, ListNotificationsParams, ListUnreadNotificationsParams, MarkAllReadParams,
    MarkReadParams, OneNotificationParams, count_unread, export_notifications, list_notifications,
    list_unread_notifications, mark_all_read, mark_read, one_notification,
};
use marquis_notifications_queries::queries::people::{
    PutPreferencesParams, preferences_of, put_preferences, subscriptions_of,
};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::{Failure, PostgresNotifications, hold, rows};
use crate::application::ports::{Everything, Inbox, StoreError, UNREAD_CEILING, Wanted};
use crate::domain::{Notification, NotificationId, PersonId, Place, Preferences};

/// Before everything in a list whose order is the latest first.
const BEGINNING: Place =
    Place { at: datetime!(9999-01-01 0:00 UTC), id: NotificationId::from_uuid(Uuid::max()) };

#[async_trait]
impl Inbox for PostgresNotifications {
    async fn list(&self, wanted: Wanted) -> Result<Vec<Notification>, StoreError> {
        let work = async {
            let Place { at: before_at, id } = wanted.after.unwrap_or(BEGINNING);
            let (user_id, before_id) = (wanted.person.uuid(), id.uuid());
            let limit = i64::from(wanted.limit);
            let client = self.database.client().await?;
            let found = if wanted.unread_only {
                let wanted = ListUnreadNotificationsParams { user_id, before_at, before_id, limit };
                list_unread_notifications().params(&client, &wanted).all().await?
            } else {
                let wanted = ListNotificationsParams { user_id, before_at, before_id, limit };
                list_notifications().params(&client, &wanted).all().await?
            };
            found.into_iter().map(rows::notification).collect::<Result<_, Failure>>()
        };
        Ok(self.database.observe("list", "notification", work).await?)
    }

    async fn unread(&self, person: PersonId) -> Result<i64, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = CountUnreadParams { user_id: person.uuid(), ceiling: UNREAD_CEILING };
            Ok::<_, Failure>(count_unread().params(&client, &wanted).one().await?)
        };
        Ok(self.database.observe("count", "notification", work).await?)
    }

    async fn find(
        &self,
        person: PersonId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = OneNotificationParams { id: id.uuid(), user_id: person.uuid() };
            let row = one_notification().params(&client, &wanted).opt().await?;
            row.map(rows::notification).transpose()
        };
        Ok(self.database.observe("select", "notification", work).await?)
    }

    async fn mark_read(
        &self,
        person: PersonId,
        id: NotificationId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let read = MarkReadParams { now, id: id.uuid(), user_id: person.uuid() };
            Ok::<_, Failure>(mark_read().params(&client, &read).await? == 1)
        };
        Ok(self.database.observe("update", "notification", work).await?)
    }

    async fn mark_all_read(
        &self,
        person: PersonId,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let read = MarkAllReadParams { now, user_id: person.uuid(), until };
            Ok::<_, Failure>(mark_all_read().params(&client, &read).await?)
        };
        Ok(self.database.observe("update", "notification", work).await?)
    }

    async fn preferences(&self, person: PersonId) -> Result<Preferences, StoreError> {
        Ok(self.database.observe("select", "preferences", self.preferences_of(person)).await?)
    }

    async fn put_preferences(
        &self,
        person: PersonId,
        preferences: &Preferences,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            if !hold(&transaction, person).await? {
                return Ok::<_, Failure>(());
            }
            let quiet = preferences.quiet_hours;
            let number = |minute: u16| i16::try_from(minute).unwrap_or_default();
            let row = PutPreferencesParams {
                user_id: person.uuid(),
                channels: rows::channels(preferences),
                quiet_from: quiet.map(|quiet| number(quiet.from.number())),
                quiet_to: quiet.map(|quiet| number(quiet.to.number())),
                time_zone: quiet.map(|quiet| quiet.zone.name()),
                now,
            };
            put_preferences().params(&transaction, &row).await?;
            Ok(transaction.commit().await?)
        };
        Ok(self.database.observe("upsert", "preferences", work).await?)
    }

    async fn everything(&self, person: PersonId) -> Result<Everything, StoreError> {
        let work = async {
            let preferences = self.preferences_of(person).await?;
            let client = self.database.client().await?;
            let id = person.uuid();
            let notifications = export_notifications().bind(&client, &id).all().await?;
            let subscriptions = subscriptions_of().bind(&client, &id).all().await?;
            Ok::<_, Failure>(Everything {
                notifications: notifications
                    .into_iter()
                    .map(rows::notification)
                    .collect::<Result<_, _>>()?,
                preferences,
                subscriptions: subscriptions
                    .into_iter()
                    .map(rows::subscription)
                    .collect::<Result<_, _>>()?,
            })
        };
        Ok(self.database.observe("list", "notification", work).await?)
    }
}

impl PostgresNotifications {
    pub(super) async fn preferences_of(&self, person: PersonId) -> Result<Preferences, Failure> {
        let client = self.database.client().await?;
        let row = preferences_of().bind(&client, &person.uuid()).opt().await?;
        row.map_or_else(|| Ok(Preferences::default()), rows::preferences)
    }
}
