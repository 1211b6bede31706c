//! Rows as domain values, and back.

use marquis_envelope::{DataKey, Keyring, Place};
use marquis_users_queries::queries::people::PersonRow;
use uuid::Uuid;

use super::{Failure, PEOPLE};
use crate::domain::{
    DisplayName, EmailAddress, MediaType, Person, PersonId, Picture, PictureHash, PictureName,
    PictureUrl, PrivatePerson,
};

pub(super) fn place(column: &'static str, id: Uuid) -> Place<'static> {
    Place::new(PEOPLE, column, id)
}

pub(super) fn unwrap(keyring: &Keyring, wrapped: &[u8], id: Uuid) -> Result<DataKey, Failure> {
    keyring.unwrap(wrapped, id).map_err(|source| Failure::Sealed { id, source })
}

pub(super) fn open(
    key: &DataKey,
    column: &'static str,
    id: Uuid,
    sealed: &[u8],
) -> Result<String, Failure> {
    key.open_text(&place(column, id), sealed).map_err(|source| Failure::Sealed { id, source })
}

pub(super) fn seal(key: &DataKey, column: &'static str, id: Uuid, text: &str) -> Vec<u8> {
    key.seal(&place(column, id), text.as_bytes())
}

/// What everybody may see. A key is unwrapped only for those who chose a name to show.
pub(super) fn person(keyring: &Keyring, row: PersonRow) -> Result<Person, Failure> {
    let id = row.id;
    let display_name = match &row.display_name {
        None => None,
        Some(sealed) => {
            let key = unwrap(keyring, &row.data_key, id)?;
            Some(DisplayName::from_stored(open(&key, "display_name", id, sealed)?))
        }
    };
    let picture = match (row.avatar_url, row.avatar_hash) {
        (Some(url), _) => Some(Picture::Elsewhere(PictureUrl::from_stored(url))),
        (None, None) => None,
        (None, Some(hash)) => {
            let invalid = || Failure::Row { what: "avatar", id };
            let hash = PictureHash(hash.as_slice().try_into().map_err(|_| invalid())?);
            let media_type = row.avatar_media_type.as_deref().and_then(MediaType::of);
            Some(Picture::Kept(PictureName { hash, media_type: media_type.ok_or_else(invalid)? }))
        }
    };
    Ok(Person {
        id: PersonId::from_uuid(id),
        username: row.username,
        display_name,
        picture,
        is_online: row.is_online.unwrap_or(false),
        last_seen_at: row.last_seen_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

pub(super) fn private_person(keyring: &Keyring, row: PersonRow) -> Result<PrivatePerson, Failure> {
    let id = row.id;
    let email = match &row.email {
        None => None,
        Some(sealed) => {
            let key = unwrap(keyring, &row.data_key, id)?;
            Some(EmailAddress::normalised(&open(&key, "email", id, sealed)?))
        }
    };
    Ok(PrivatePerson { person: person(keyring, row)?, email })
}
