//! What clients get.

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::domain::{DisplayName, EmailAddress, Person, Picture, PrivatePerson};

/// A person as everybody sees them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonResource {
    /// Who.
    #[schema(format = Uuid)]
    id: String,
    /// The unique login name.
    #[schema(example = "alice")]
    username: String,
    /// The name to show.
    #[schema(example = "Alice")]
    display_name: Option<String>,
    /// A picture.
    avatar_url: Option<String>,
    /// Whether they are connected.
    is_online: bool,
    /// When they last were.
    #[serde(with = "time::serde::rfc3339::option")]
    last_seen_at: Option<OffsetDateTime>,
    /// When they registered.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl PersonResource {
    pub(super) fn new(person: &Person, public_path: &str) -> Self {
        Self {
            id: person.id.to_string(),
            username: person.username.clone(),
            display_name: person.display_name.as_ref().map(DisplayName::as_str).map(str::to_owned),
            avatar_url: picture_address(person, public_path),
            is_online: person.is_online,
            last_seen_at: person.last_seen_at,
            created_at: person.created_at,
        }
    }
}

/// A person as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnUser)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnResource {
    #[serde(flatten)]
    person: PersonResource,
    /// The address; nobody else is shown it.
    #[schema(example = "alice@example.org")]
    email: Option<String>,
    /// When anything here but presence last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl OwnResource {
    pub(super) fn new(own: &PrivatePerson, public_path: &str) -> Self {
        Self {
            person: PersonResource::new(&own.person, public_path),
            email: own.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            updated_at: own.person.updated_at,
        }
    }
}

/// Where the browser finds a person's picture.
pub(super) fn picture_address(person: &Person, public_path: &str) -> Option<String> {
    person.picture.as_ref().map(|picture| match picture {
        Picture::Elsewhere(url) => url.as_str().to_owned(),
        Picture::Kept(name) => format!("{public_path}/{name}"),
    })
}
