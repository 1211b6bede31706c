//! What the use cases need from outside.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use marquis_contracts::events::Event;
use time::OffsetDateTime;

use super::picture::NewPicture;
use crate::domain::{
    EmailAddress, Person, PersonId, PictureHash, PictureName, PrivatePerson, ProfileChange, Search,
};

/// Totals are counted up to this.
pub const COUNT_CEILING: i64 = 1_000;
/// Searches find no more names that contain a text elsewhere than at the beginning, and none
/// when those that begin with it reach [`COUNT_CEILING`].
pub const MOST_PARTS: i64 = 200;

/// Something that is stored could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage cannot be reached now.
    #[error("the storage of people is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The storage refused, or holds what this program did not write.
    #[error("the storage of people failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Which people are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those found by it.
    pub search: Option<Search>,
    /// Only those connected, or only the others.
    pub is_online: Option<bool>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Most items.
    pub limit: u32,
    /// Items to skip.
    pub offset: i64,
}

/// A part of a list of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The people, in order.
    pub items: Vec<Person>,
    /// How many there are: counted up to [`COUNT_CEILING`]; beyond that estimated, for the
    /// list of everybody.
    pub total: i64,
}

/// What the owner of identities knows of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub id: PersonId,
    /// The unique login name.
    pub username: String,
    /// The address.
    pub email: Option<EmailAddress>,
    /// Since when.
    pub since: OffsetDateTime,
}

/// People.
#[async_trait]
pub trait People: Debug + Send + Sync + 'static {
    /// Those wanted: by name; in searches, names that begin with the text come first.
    async fn list(&self, filter: &Filter, window: Window) -> Result<Listing, StoreError>;

    /// One person as everybody sees them.
    async fn find(&self, id: PersonId) -> Result<Option<Person>, StoreError>;

    /// One person as they see themselves.
    async fn find_private(&self, id: PersonId) -> Result<Option<PrivatePerson>, StoreError>;

    /// Brings a person in, or up to date. Those who were erased stay away.
    async fn learn(&self, known: &Known) -> Result<(), StoreError>;

    /// Follows a renaming.
    async fn rename(&self, id: PersonId, username: &str) -> Result<(), StoreError>;

    /// Changes a profile and tells of it; `false` when there is no such person.
    async fn change(
        &self,
        id: PersonId,
        change: &ProfileChange,
        event: &Event,
    ) -> Result<bool, StoreError>;

    /// Forgets a person and tells of it, all or nothing. Doing it again does nothing. Returns
    /// the picture that was kept for them.
    async fn erase(&self, id: PersonId, event: &Event) -> Result<Option<PictureHash>, StoreError>;
}

/// Pictures and whose they are.
#[async_trait]
pub trait Pictures: Debug + Send + Sync + 'static {
    /// Keeps a picture as that of a person and tells of it; `false` when there is no such
    /// person.
    async fn keep(
        &self,
        id: PersonId,
        picture: &NewPicture,
        event: &Event,
    ) -> Result<bool, StoreError>;

    /// What is in a picture, if it is kept.
    async fn read(&self, name: PictureName) -> Result<Option<Bytes>, StoreError>;

    /// Removes a picture that is nobody's; whether it was.
    async fn remove_unused(&self, hash: PictureHash) -> Result<bool, StoreError>;

    /// Some pictures that are nobody's and were kept before `before`.
    async fn unused(&self, before: OffsetDateTime) -> Result<Vec<PictureHash>, StoreError>;
}

/// Where pictures are kept: a directory here, an object store elsewhere.
#[async_trait]
pub trait PictureStorage: Debug + Send + Sync + 'static {
    /// Keeps a picture under its hash. Once this returns it survives a crash. Repeating it
    /// is harmless.
    async fn put(&self, hash: PictureHash, content: &[u8]) -> std::io::Result<()>;

    /// The picture, if there is one.
    async fn get(&self, hash: PictureHash) -> std::io::Result<Option<Bytes>>;

    /// Removes the picture, if there is one.
    async fn remove(&self, hash: PictureHash) -> std::io::Result<()>;
}

/// Who is shown as connected.
#[async_trait]
pub trait ShownPresence: Debug + Send + Sync + 'static {
    /// Those shown as connected, after `after` in the order of ids, and when that was heard.
    async fn online_after(
        &self,
        after: PersonId,
        limit: u32,
    ) -> Result<Vec<(PersonId, OffsetDateTime)>, StoreError>;

    /// Shows a person as not connected, unless something was heard of them after `heard_at`;
    /// whether it did.
    async fn correct_to_offline(
        &self,
        id: PersonId,
        heard_at: OffsetDateTime,
    ) -> Result<bool, StoreError>;
}
