//! [`Pictures`] on PostgreSQL and a [`PictureStorage`](crate::application::ports::PictureStorage).
//! The row of a picture is locked while its content is written or removed.

use async_trait::async_trait;
use bytes::Bytes;
use marquis_contracts::events::Event;
use marquis_database::outbox;
use marquis_users_queries::client::Params as _;
use marquis_users_queries::queries::avatars::{
    KeepAvatarParams, avatar, delete_unused_avatar, keep_avatar, lock_avatar, unused_avatars,
};
use marquis_users_queries::queries::people::{SetStoredAvatarParams, set_stored_avatar};
use time::OffsetDateTime;

use super::{Failure, PostgresPeople};
use crate::application::picture::NewPicture;
use crate::application::ports::{Pictures, StoreError};
use crate::domain::{PersonId, PictureHash, PictureName};

#[async_trait]
impl Pictures for PostgresPeople {
    async fn keep(
        &self,
        id: PersonId,
        picture: &NewPicture,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let work = async {
            let now = self.clock.now();
            let hash = &picture.name.hash.0[..];
            let mut client = self.database.client().await?;
            let tx = client.transaction().await?;
            let media_type = picture.name.media_type.as_str();
            let row = KeepAvatarParams {
                hash,
                media_type,
                size: i32::try_from(picture.content.len()).unwrap_or(i32::MAX),
                now,
            };
            keep_avatar().params(&tx, &row).await?;
            let given = SetStoredAvatarParams { hash, media_type, now, id: id.uuid() };
            if set_stored_avatar().params(&tx, &given).await? == 0 {
                return Ok(false);
            }
            self.storage.put(picture.name.hash, &picture.content).await?;
            outbox::append(&tx, event).await?;
            tx.commit().await?;
            Ok::<_, Failure>(true)
        };
        Ok(self.database.observe("insert", "avatar", work).await?)
    }

    async fn read(&self, name: PictureName) -> Result<Option<Bytes>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let stored = avatar().bind(&client, &&name.hash.0[..]).opt().await?;
            drop(client);
            if stored.as_deref() != Some(name.media_type.as_str()) {
                return Ok(None);
            }
            Ok::<_, Failure>(self.storage.get(name.hash).await?)
        };
        Ok(self.database.observe("select", "avatar", work).await?)
    }

    async fn remove_unused(&self, hash: PictureHash) -> Result<bool, StoreError> {
        let work = async {
            let mut client = self.database.client().await?;
            let tx = client.transaction().await?;
            let row = &hash.0[..];
            if lock_avatar().bind(&tx, &row).opt().await?.is_none()
                || delete_unused_avatar().bind(&tx, &row).await? == 0
            {
                return Ok(false);
            }
            self.storage.remove(hash).await?;
            tx.commit().await?;
            Ok::<_, Failure>(true)
        };
        Ok(self.database.observe("delete", "avatar", work).await?)
    }

    async fn unused(&self, before: OffsetDateTime) -> Result<Vec<PictureHash>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let found = unused_avatars().bind(&client, &before).all().await?;
            let hashes = found.iter().filter_map(|hash| hash.as_slice().try_into().ok());
            Ok::<_, Failure>(hashes.map(PictureHash).collect())
        };
        Ok(self.database.observe("list", "avatar", work).await?)
    }
}
