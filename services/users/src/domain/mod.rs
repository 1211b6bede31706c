//! Who people are to each other: profiles, pictures, and what a search means.
//!
//! Pure: no I/O, no async, no knowledge of storage or transport.

pub mod email;
pub mod person;
pub mod picture;
pub mod search;
pub mod text;

pub use email::EmailAddress;
pub use person::{Person, Picture, PrivatePerson, ProfileChange};
pub use picture::{InvalidPictureName, MediaType, PictureHash, PictureName};
pub use search::{Search, SearchText};
pub use text::{DisplayName, PictureUrl, RequestedUsername};

marquis_kernel::typed_id!(
    /// A person: the user id of the identity.
    PersonId
);
