//! [`Subscriptions`] on PostgreSQL.

use async_trait::async_trait;
use marquis_notifications_queries::client::Params as _;
use marquis_notifications_queries::queries::people::{
    DeleteSubscriptionParams, DropOldSubscriptionsParams, PutSubscriptionParams,
    delete_subscription, drop_old_subscriptions, put_subscription, subscriptions_of,
};

use super::{Failure, PostgresNotifications, hold, rows};
use crate::application::ports::{StoreError, Stored, Subscription, Subscriptions};
use crate::domain::{PersonId, SubscriptionId};

#[async_trait]
impl Subscriptions for PostgresNotifications {
    async fn put(
        &self,
        subscription: &Subscription,
        most: u32,
    ) -> Result<Option<Stored>, StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let transaction = client.transaction().await?;
            if !hold(&transaction, subscription.person).await? {
                return Ok::<_, Failure>(None);
            }
            let row = PutSubscriptionParams {
                id: subscription.id.uuid(),
                user_id: subscription.person.uuid(),
                endpoint: subscription.endpoint.url(),
                p256dh: subscription.public_key.as_slice(),
                auth: subscription.auth.as_slice(),
                now: subscription.created_at,
            };
            let stored = put_subscription().params(&transaction, &row).one().await?;
            let others = DropOldSubscriptionsParams {
                user_id: subscription.person.uuid(),
                keep: stored.id,
                others: i64::from(most) - 1,
            };
            drop_old_subscriptions().params(&transaction, &others).await?;
            transaction.commit().await?;
            Ok(Some(Stored {
                id: SubscriptionId::from_uuid(stored.id),
                created_at: stored.created_at,
                created: stored.created,
            }))
        };
        Ok(self.database.observe("upsert", "push_subscription", work).await?)
    }

    async fn of(&self, person: PersonId) -> Result<Vec<Subscription>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let found = subscriptions_of().bind(&client, &person.uuid()).all().await?;
            found.into_iter().map(rows::subscription).collect::<Result<_, Failure>>()
        };
        Ok(self.database.observe("list", "push_subscription", work).await?)
    }

    async fn remove(&self, person: PersonId, id: SubscriptionId) -> Result<bool, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let gone = DeleteSubscriptionParams { id: id.uuid(), user_id: person.uuid() };
            Ok::<_, Failure>(delete_subscription().params(&client, &gone).await? == 1)
        };
        Ok(self.database.observe("delete", "push_subscription", work).await?)
    }
}
