//! A person.

use time::OffsetDateTime;

use super::{DisplayName, EmailAddress, PersonId, PictureName, PictureUrl};

/// A person as everybody may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// The unique login name.
    pub username: String,
    /// The name to show, when one was chosen.
    pub display_name: Option<DisplayName>,
    /// What they look like.
    pub picture: Option<Picture>,
    /// Whether they are connected.
    pub is_online: bool,
    /// When they last were, if that is known.
    pub last_seen_at: Option<OffsetDateTime>,
    /// When they registered.
    pub created_at: OffsetDateTime,
    /// When anything here but presence last changed.
    pub updated_at: OffsetDateTime,
}

/// Where a person's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// On another site.
    Elsewhere(PictureUrl),
    /// Uploaded and kept here.
    Kept(PictureName),
}

/// A person as only they may see themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivatePerson {
    /// What everybody sees.
    pub person: Person,
    /// Their address.
    pub email: Option<EmailAddress>,
}

/// What a person changes about their profile. The outer `None` leaves a field as it is, the
/// inner one clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The name to show.
    pub display_name: Option<Option<DisplayName>>,
    /// A picture elsewhere.
    pub picture: Option<Option<PictureUrl>>,
}

impl ProfileChange {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.display_name.is_none() && self.picture.is_none()
    }
}
