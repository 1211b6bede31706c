//! Uploading, showing and removing pictures.

use std::sync::Arc;

use bytes::Bytes;
use marquis_kernel::SharedClock;
use time::Duration;
use tokio::sync::Semaphore;

use super::find_people::FindPeople;
use super::picture::{self, PictureLimits};
use super::ports::{People, Pictures, StoreError};
use super::{UsersError, events};
use crate::domain::{PersonId, Picture, PictureName, PrivatePerson, ProfileChange};

/// Uploads that wait for their turn, for each that is being decoded.
const QUEUE: usize = 8;
/// Pictures that are nobody's are left alone for so long: somebody may be about to take one.
const GRACE: Duration = Duration::hours(1);

/// Changes pictures. No more than a few are decoded at once, because each needs memory for
/// all its pixels.
#[derive(Debug)]
pub struct ChangePicture {
    people: Arc<dyn People>,
    pictures: Arc<dyn Pictures>,
    find: Arc<FindPeople>,
    clock: SharedClock,
    limits: PictureLimits,
    turns: Arc<Semaphore>,
    queue: Semaphore,
}

impl ChangePicture {
    /// Changes pictures within limits, decoding `concurrency` at once.
    #[must_use]
    pub fn new(
        people: Arc<dyn People>,
        pictures: Arc<dyn Pictures>,
        find: Arc<FindPeople>,
        clock: SharedClock,
        limits: PictureLimits,
        concurrency: usize,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(concurrency));
        let queue = Semaphore::new(concurrency.saturating_mul(1 + QUEUE));
        Self { people, pictures, find, clock, limits, turns, queue }
    }

    /// Takes an upload as the person's picture and returns their profile.
    ///
    /// # Errors
    ///
    /// [`UsersError`].
    pub async fn upload(&self, id: PersonId, upload: Bytes) -> Result<PrivatePerson, UsersError> {
        let before = self.find.oneself(id).await?;
        picture::check(&upload, &self.limits)?;
        let new = {
            let _place = self.queue.try_acquire().map_err(|_| UsersError::Busy)?;
            let turn = Arc::clone(&self.turns).acquire_owned();
            let turn = turn.await.map_err(|_| UsersError::Busy)?;
            let limits = self.limits;
            let decoded = tokio::task::spawn_blocking(move || {
                // Whoever hangs up does not stop the decoder, so its turn ends when it does.
                let _turn = turn;
                picture::read(&upload, &limits)
            });
            decoded.await.map_err(|error| StoreError::Failed(error.into()))??
        };
        let event = events::profile_updated(id, &*self.clock);
        if !self.pictures.keep(id, &new, &event).await? {
            return Err(UsersError::NotFound);
        }
        let after = self.find.oneself(id).await?;
        self.forget_former(&before, &after).await?;
        Ok(after)
    }

    /// Leaves the person without a picture and returns their profile.
    ///
    /// # Errors
    ///
    /// [`UsersError`].
    pub async fn remove(&self, id: PersonId) -> Result<PrivatePerson, UsersError> {
        let before = self.find.oneself(id).await?;
        if before.person.picture.is_none() {
            return Ok(before);
        }
        let change = ProfileChange { picture: Some(None), ..ProfileChange::default() };
        let event = events::profile_updated(id, &*self.clock);
        if !self.people.change(id, &change, &event).await? {
            return Err(UsersError::NotFound);
        }
        let after = self.find.oneself(id).await?;
        self.forget_former(&before, &after).await?;
        Ok(after)
    }

    /// What is in a picture.
    ///
    /// # Errors
    ///
    /// [`UsersError::NotFound`] and [`UsersError::Store`].
    pub async fn show(&self, name: PictureName) -> Result<Bytes, UsersError> {
        self.pictures.read(name).await?.ok_or(UsersError::NotFound)
    }

    /// Removes pictures that nobody has any more; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the rest is removed next time.
    pub async fn remove_unused(&self) -> Result<usize, StoreError> {
        let mut removed = 0;
        loop {
            let unused = self.pictures.unused(self.clock.now() - GRACE).await?;
            let mut progressed = false;
            for hash in unused {
                if self.pictures.remove_unused(hash).await? {
                    removed += 1;
                    progressed = true;
                }
            }
            if !progressed {
                return Ok(removed);
            }
        }
    }

    async fn forget_former(
        &self,
        before: &PrivatePerson,
        after: &PrivatePerson,
    ) -> Result<(), StoreError> {
        match (&before.person.picture, &after.person.picture) {
            (Some(Picture::Kept(former)), now) if *now != Some(Picture::Kept(*former)) => {
                self.pictures.remove_unused(former.hash).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}
