//! Who is shown as connected.

use async_trait::async_trait;
use marquis_database::Transaction;
use marquis_users_queries::client::Params as _;
use marquis_users_queries::queries::presence::{
    CorrectToOfflineParams, OnlineAfterParams, SetOfflineParams, SetOnlineParams,
    correct_to_offline, online_after, set_offline, set_online,
};
use time::OffsetDateTime;

use super::{Failure, PostgresPeople};
use crate::application::ports::{ShownPresence, StoreError};
use crate::domain::PersonId;

impl PostgresPeople {
    /// Shows a person as connected, or as last seen at a time; `false` when there is no such
    /// person.
    pub async fn show_presence(
        &self,
        tx: &Transaction<'_>,
        id: PersonId,
        last_seen_at: Option<OffsetDateTime>,
    ) -> Result<bool, Failure> {
        let (id, now) = (id.uuid(), self.clock.now());
        let shown = match last_seen_at {
            None => set_online().params(tx, &SetOnlineParams { now, id }).await?,
            Some(last_seen_at) => {
                set_offline().params(tx, &SetOfflineParams { last_seen_at, now, id }).await?
            }
        };
        Ok(shown == 1)
    }
}

#[async_trait]
impl ShownPresence for PostgresPeople {
    async fn online_after(
        &self,
        after: PersonId,
        limit: u32,
    ) -> Result<Vec<(PersonId, OffsetDateTime)>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let wanted = OnlineAfterParams { after: after.uuid(), limit: i64::from(limit) };
            let shown = online_after().params(&client, &wanted).all().await?;
            let shown = shown.into_iter();
            Ok::<_, Failure>(
                shown.map(|row| (PersonId::from_uuid(row.user_id), row.changed_at)).collect(),
            )
        };
        Ok(self.database.observe("list", "presence", work).await?)
    }

    async fn correct_to_offline(
        &self,
        id: PersonId,
        heard_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let correction =
                CorrectToOfflineParams { now: self.clock.now(), id: id.uuid(), read_at: heard_at };
            Ok::<_, Failure>(correct_to_offline().params(&client, &correction).await? == 1)
        };
        Ok(self.database.observe("update", "presence", work).await?)
    }
}
