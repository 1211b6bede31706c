//! Why a use case did not do what it was asked.

use std::time::Duration;

use marquis_contracts::people::IdentitiesUnavailable;
use marquis_contracts::personal_data::PersonalDataUnavailable;

use super::picture::PictureError;
use super::ports::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// There is no such person.
    #[error("there is no such person")]
    NotFound,
    /// A profile is changed by its owner only.
    #[error("the profile is somebody else's")]
    SomebodyElse,
    /// Somebody else has the username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The username breaks a rule, which is told.
    #[error("the username {0}")]
    UsernameInvalid(String),
    /// The upload is no picture that can be taken.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// More pictures are uploaded than can be decoded.
    #[error("too many pictures are being decoded")]
    Busy,
    /// More copies were made than are allowed.
    #[error("too many copies of personal data")]
    TooManyExports {
        /// Until another one is.
        retry_after: Duration,
    },
    /// A service that holds personal data cannot be asked. There are no incomplete copies.
    #[error("the personal data of {service} cannot be collected")]
    ExportIncomplete {
        /// Which.
        service: &'static str,
        /// Why.
        #[source]
        source: PersonalDataUnavailable,
    },
    /// The owner of identities cannot be asked.
    #[error(transparent)]
    Identities(#[from] IdentitiesUnavailable),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
