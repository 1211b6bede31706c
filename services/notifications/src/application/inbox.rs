//! Looking at one's notifications and marking them as read.

use std::sync::Arc;

use marquis_kernel::SharedClock;
use time::OffsetDateTime;

use super::ports::{Inbox, StoreError, Wanted};
use super::view::{Presenter, Shown};
use crate::domain::{NotificationId, PersonId, Place};

/// Looking at one's notifications.
#[derive(Debug)]
pub struct ReadInbox {
    /// Where they are.
    pub inbox: Arc<dyn Inbox>,
    /// Gives them words.
    pub presenter: Presenter,
    /// The time.
    pub clock: SharedClock,
}

/// A part of the list.
#[derive(Debug)]
pub struct Listing {
    /// The latest first.
    pub items: Vec<Shown>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
    /// How many are unread, up to a ceiling.
    pub unread: i64,
}

impl ReadInbox {
    /// Some of a person's notifications.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn list(&self, wanted: Wanted) -> Result<Listing, StoreError> {
        // One more than wanted tells whether there are more.
        let more = Wanted { limit: wanted.limit + 1, ..wanted };
        let mut found = self.inbox.list(more).await?;
        let unread = self.inbox.unread(wanted.person).await?;
        let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        let next = (found.len() > limit).then(|| found[limit - 1].place());
        found.truncate(limit);
        Ok(Listing { items: self.presenter.show(found).await, next, unread })
    }

    /// One of a person's notifications.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn one(
        &self,
        person: PersonId,
        id: NotificationId,
    ) -> Result<Option<Shown>, StoreError> {
        match self.inbox.find(person, id).await? {
            Some(found) => Ok(self.presenter.show_one(found).await),
            None => Ok(None),
        }
    }

    /// Marks one as read; `false` when the person has no such notification. Repeating it
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn mark_read(
        &self,
        person: PersonId,
        id: NotificationId,
    ) -> Result<bool, StoreError> {
        self.inbox.mark_read(person, id, self.clock.now()).await
    }

    /// Marks everything last changed up to `until` (now, when not given) as read; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn mark_all_read(
        &self,
        person: PersonId,
        until: Option<OffsetDateTime>,
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        self.inbox.mark_all_read(person, until.unwrap_or(now), now).await
    }
}
