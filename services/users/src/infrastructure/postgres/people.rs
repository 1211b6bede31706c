//! [`People`] on PostgreSQL.

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_database::{Transaction, outbox};
use marquis_users_queries::client::Params as _;
use marquis_users_queries::queries::people::{
    InsertPersonParams, PersonRow, UpdateIdentityParams, UpdateNameParams,
    UpdatePresenceNameParams, UpdateProfileParams, delete_person, insert_person, lock_keys,
    lock_person, people_by_ids, remember_erasure, update_identity, update_name,
    update_presence_name, update_profile,
};
use uuid::Uuid;

use super::{EMAIL, Failure, PostgresPeople, column, rows};
use crate::application::ports::{Filter, Known, Listing, People, StoreError, Window};
use crate::domain::{
    DisplayName, Person, PersonId, PictureHash, PictureUrl, PrivatePerson, ProfileChange,
};

#[async_trait]
impl People for PostgresPeople {
    async fn list(&self, filter: &Filter, window: Window) -> Result<Listing, StoreError> {
        let work = self.list_people(filter, window);
        Ok(self.database.observe("list", "person", work).await?)
    }

    async fn find(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        let work = async {
            let row = self.row(id).await?;
            row.map(|row| rows::person(&self.keyring, row)).transpose()
        };
        Ok(self.database.observe("select", "person", work).await?)
    }

    async fn find_private(&self, id: PersonId) -> Result<Option<PrivatePerson>, StoreError> {
        let work = async {
            let row = self.row(id).await?;
            row.map(|row| rows::private_person(&self.keyring, row)).transpose()
        };
        Ok(self.database.observe("select", "person", work).await?)
    }

    async fn learn(&self, known: &Known) -> Result<(), StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let tx = client.transaction().await?;
            self.learn_in(&tx, known).await?;
            Ok::<_, Failure>(tx.commit().await?)
        };
        Ok(self.database.observe("insert", "person", work).await?)
    }

    async fn rename(&self, id: PersonId, username: &str) -> Result<(), StoreError> {
        let work = async {
            let (id, username_key) = (id.uuid(), key_of(username));
            let mut client = self.database.client().await?;
            let tx = client.transaction().await?;
            let now = self.clock.now();
            let username_key = username_key.as_str();
            update_name()
                .params(&tx, &UpdateNameParams { username, username_key, now, id })
                .await?;
            update_presence_name()
                .params(&tx, &UpdatePresenceNameParams { username_key, id })
                .await?;
            Ok::<_, Failure>(tx.commit().await?)
        };
        Ok(self.database.observe("update", "person", work).await?)
    }

    async fn change(
        &self,
        id: PersonId,
        change: &ProfileChange,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let work = self.change_profile(id.uuid(), change, event);
        Ok(self.database.observe("update", "person", work).await?)
    }

    async fn erase(&self, id: PersonId, event: &Event) -> Result<Option<PictureHash>, StoreError> {
        let work = self.erase_person(id.uuid(), event);
        Ok(self.database.observe("delete", "person", work).await?)
    }
}

impl PostgresPeople {
    async fn row(&self, id: PersonId) -> Result<Option<PersonRow>, Failure> {
        let client = self.database.client().await?;
        Ok(people_by_ids().bind(&client, &&[id.uuid()][..]).opt().await?)
    }

    /// [`People::learn`] in a transaction of the caller's.
    pub async fn learn_in(&self, tx: &Transaction<'_>, known: &Known) -> Result<(), Failure> {
        let id = known.id.uuid();
        let now = self.clock.now();
        let username = known.username.as_str();
        let username_key = key_of(username);
        let username_key = username_key.as_str();
        lock_person().bind(tx, &lock(id)).one().await?;
        let stored = lock_keys().bind(tx, &id).opt().await?;
        let (key, wrapped) = match &stored {
            Some(row) => (rows::unwrap(&self.keyring, &row.data_key, id)?, Vec::new()),
            None => self.keyring.new_data_key(id),
        };
        let email = known.email.as_ref().map(|email| rows::seal(&key, "email", id, email.as_str()));
        let email = email.as_deref();
        let index =
            known.email.as_ref().map(|email| self.keyring.blind_index(EMAIL, email.as_str()));
        let email_index = index.as_ref().map(|index| &index.digest[..]);
        let email_index_version = index.as_ref().map(|index| column(index.version));
        let Some(stored) = stored else {
            let person = InsertPersonParams {
                id,
                username,
                username_key,
                data_key: &wrapped[..],
                key_version: column(self.keyring.current_version()),
                email,
                email_index,
                email_index_version,
                created_at: known.since,
                now,
            };
            insert_person().params(tx, &person).await?;
            return Ok(());
        };
        let same_email = match (&known.email, &stored.email_index) {
            (None, None) => true,
            (Some(email), Some(stored)) => self
                .keyring
                .blind_indexes(EMAIL, email.as_str())
                .iter()
                .any(|index| index.digest[..] == stored[..]),
            _ => false,
        };
        if !same_email || stored.username != username {
            let identity = UpdateIdentityParams {
                username,
                username_key,
                email,
                email_index,
                email_index_version,
                now,
                id,
            };
            update_identity().params(tx, &identity).await?;
            update_presence_name()
                .params(tx, &UpdatePresenceNameParams { username_key, id })
                .await?;
        }
        Ok(())
    }

    async fn change_profile(
        &self,
        id: Uuid,
        change: &ProfileChange,
        event: &Event,
    ) -> Result<bool, Failure> {
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let Some(row) = lock_keys().bind(&tx, &id).opt().await? else { return Ok(false) };
        let display_name = match &change.display_name {
            Some(Some(name)) => {
                let key = rows::unwrap(&self.keyring, &row.data_key, id)?;
                Some(rows::seal(&key, "display_name", id, DisplayName::as_str(name)))
            }
            _ => None,
        };
        let picture = change.picture.as_ref().and_then(Option::as_ref);
        let profile = UpdateProfileParams {
            change_display_name: change.display_name.is_some(),
            display_name: display_name.as_deref(),
            change_avatar: change.picture.is_some(),
            avatar_url: picture.map(PictureUrl::as_str),
            now: self.clock.now(),
            id,
        };
        update_profile().params(&tx, &profile).await?;
        outbox::append(&tx, event).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn erase_person(&self, id: Uuid, event: &Event) -> Result<Option<PictureHash>, Failure> {
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        lock_person().bind(&tx, &lock(id)).one().await?;
        let erased = delete_person().bind(&tx, &id).opt().await?;
        if remember_erasure().bind(&tx, &id, &self.clock.now()).await? == 1 {
            outbox::append(&tx, event).await?;
        }
        tx.commit().await?;
        let hash = erased.and_then(|erased| erased.avatar_hash);
        Ok(hash.and_then(|hash| hash.as_slice().try_into().ok()).map(PictureHash))
    }
}

/// The advisory lock of a person: the random half of their id.
fn lock(id: Uuid) -> i64 {
    let (_, low) = id.as_u64_pair();
    low.cast_signed()
}

/// The form by which names are ordered and found.
pub(super) fn key_of(username: &str) -> String {
    username.to_lowercase()
}
