//! [`Deliveries`] and [`DeadLetters`] on PostgreSQL, and what keeps the tables small.

use async_trait::async_trait;
use marquis_database::jobs::{self, Job};
use marquis_notifications_queries::client::Params as _;
use marquis_notifications_queries::queries::delivery::{
    DeadDeliveriesParams, PostponeJobParams, count_dead_deliveries, dead_deliveries,
    drop_dead_delivery, postpone_job,
};
use marquis_notifications_queries::queries::notifications::{
    ForgetHandledEventsParams, ForgetNotificationsParams, forget_erased_people,
    forget_handled_events, forget_notifications, notification_for_delivery,
};
use marquis_notifications_queries::queries::people::{
    DeleteGoneSubscriptionParams, delete_gone_subscription, subscription_by_id,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Failure, PostgresNotifications, rows};
use crate::application::ports::{DeadLetter, DeadLetters, Deliveries, StoreError, Subscription};
use crate::domain::{Notification, NotificationId, PersonId, Preferences, SubscriptionId};

/// Rows deleted in one statement.
const STEP: i64 = 1_000;

#[async_trait]
impl Deliveries for PostgresNotifications {
    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = notification_for_delivery().bind(&client, &id.uuid()).opt().await?;
            row.map(rows::notification).transpose()
        };
        Ok(self.database.observe("select", "notification", work).await?)
    }

    async fn preferences(&self, person: PersonId) -> Result<Preferences, StoreError> {
        Ok(self.database.observe("select", "preferences", self.preferences_of(person)).await?)
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = subscription_by_id().bind(&client, &id.uuid()).opt().await?;
            row.map(rows::subscription).transpose()
        };
        Ok(self.database.observe("select", "push_subscription", work).await?)
    }

    async fn forget_subscription(&self, gone: &Subscription) -> Result<(), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let id = gone.id.uuid();
            let gone = DeleteGoneSubscriptionParams { id, endpoint: gone.endpoint.url() };
            delete_gone_subscription().params(&client, &gone).await?;
            Ok::<_, Failure>(())
        };
        Ok(self.database.observe("delete", "push_subscription", work).await?)
    }
}

#[async_trait]
impl DeadLetters for PostgresNotifications {
    async fn list(&self, limit: u32, offset: i64) -> Result<(Vec<DeadLetter>, i64), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = DeadDeliveriesParams { limit: i64::from(limit), offset };
            let found = dead_deliveries().params(&client, &wanted).all().await?;
            let total = count_dead_deliveries().bind(&client).one().await?;
            let letters = found.into_iter().map(|row| DeadLetter {
                id: row.id,
                kind: row.kind,
                notification: row.payload["notificationId"].as_str().and_then(|id| id.parse().ok()),
                attempts: row.attempts,
                created_at: row.created_at,
                died_at: row.died,
                last_error: row.last_error,
            });
            Ok::<_, Failure>((letters.collect(), total))
        };
        Ok(self.database.observe("list", "job", work).await?)
    }

    async fn retry(&self, id: Uuid, now: OffsetDateTime) -> Result<bool, StoreError> {
        let work = async { Ok::<_, Failure>(jobs::revive(&self.database, id, now).await?) };
        Ok(self.database.observe("update", "job", work).await?)
    }

    async fn discard(&self, id: Uuid) -> Result<bool, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(drop_dead_delivery().bind(&client, &id).await? == 1)
        };
        Ok(self.database.observe("delete", "job", work).await?)
    }
}

impl PostgresNotifications {
    /// Has a job done again, with all its attempts, not before `until`. The job that does it
    /// is called `id`; there is one however often this is done.
    pub(in crate::infrastructure) async fn postpone(
        &self,
        job: &Job,
        id: Uuid,
        until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = PostponeJobParams {
                id,
                kind: job.kind.as_str(),
                payload: &job.payload,
                run_at: until,
                max_attempts: job.max_attempts,
                now: self.clock.now(),
            };
            postpone_job().params(&client, &row).await?;
            Ok::<_, Failure>(())
        };
        Ok(self.database.observe("insert", "job", work).await?)
    }

    /// Deletes notifications last changed before `notifications`, and what is remembered of
    /// events and erased people from before `events`; how many rows.
    pub async fn sweep(
        &self,
        notifications: OffsetDateTime,
        events: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let mut swept = forget_erased_people().bind(&client, &events).await?;
            loop {
                let old = ForgetNotificationsParams { before: notifications, limit: STEP };
                let step = forget_notifications().params(&client, &old).await?;
                let old = ForgetHandledEventsParams { before: events, limit: STEP };
                let step = step + forget_handled_events().params(&client, &old).await?;
                if step == 0 {
                    return Ok::<_, Failure>(swept);
                }
                swept += step;
            }
        };
        Ok(self.database.observe("delete", "notification", work).await?)
    }
}
