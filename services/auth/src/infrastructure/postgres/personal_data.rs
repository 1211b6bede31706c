//! A person's own copy of what is held about them.

use async_trait::async_trait;
use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::people::{self, PersonalCopyParams};
use marquis_auth_queries::queries::users;
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use serde_json::{Value, json};

use super::{PostgresStore, accounts};

/// Most audit records in one copy, the latest ones: years of use, and bounded memory.
const MOST_RECORDS: i64 = 20_000;

#[async_trait]
impl PersonalData for PostgresStore {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        let copy = self.run("select", "user", async {
            let client = self.client().await?;
            let parameters = PersonalCopyParams { id: user.uuid(), most: MOST_RECORDS };
            let Some(mut copy) = people::personal_copy().params(&client, &parameters).opt().await?
            else {
                return Ok(json!({}));
            };
            let row = users::account_by_id().bind(&client, &user.uuid()).opt().await?;
            let account = row.map(|row| accounts::account(row, &self.addresses)).transpose()?;
            copy["account"]["email"] = json!(account.map(|account| account.email));
            Ok(copy)
        });
        copy.await.map_err(|error| PersonalDataUnavailable(Box::new(error)))
    }
}
