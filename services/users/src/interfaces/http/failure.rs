//! Which status means what.

use std::time::Duration;

use marquis_http::{FieldError, Problem};

use crate::application::UsersError;
use crate::application::picture::PictureError;
use crate::application::ports::StoreError;

pub(super) fn not_found() -> Problem {
    Problem::not_found("User not found")
}

pub(super) fn of(error: UsersError) -> Problem {
    match error {
        UsersError::NotFound => not_found(),
        UsersError::SomebodyElse => Problem::forbidden("Cannot update other users"),
        UsersError::UsernameTaken => {
            Problem::conflict("The username is taken.").with_kind("username-taken")
        }
        UsersError::UsernameInvalid(rule) => {
            Problem::invalid(vec![FieldError::new("username", rule)])
        }
        UsersError::Picture(error) => of_picture(&error),
        UsersError::Busy => Problem::unavailable(error)
            .with_detail("Too many pictures are being uploaded. Try again in a moment.")
            .with_retry_after(Duration::from_secs(2)),
        UsersError::TooManyExports { retry_after } => Problem::too_many_requests(retry_after),
        UsersError::ExportIncomplete { .. } | UsersError::Identities(_) => {
            Problem::unavailable(error)
        }
        UsersError::Store(StoreError::Unavailable(_)) => Problem::unavailable(error),
        UsersError::Store(StoreError::Failed(_)) => Problem::internal(error),
    }
}

fn of_picture(error: &PictureError) -> Problem {
    match error {
        PictureError::TooLarge { limit } => Problem::payload_too_large(*limit),
        PictureError::Kind => Problem::unsupported_media_type(
            "The upload is no PNG, JPEG, WebP or GIF picture. What it is, its content says.",
        ),
        PictureError::TooManyPixels { limit } => {
            Problem::bad_request(format!("The picture has more than {limit} pixels."))
                .with_kind("picture-dimensions")
        }
        PictureError::TooLong { limit } => {
            Problem::bad_request(format!("The picture is more than {limit} pixels wide or high."))
                .with_kind("picture-dimensions")
        }
        PictureError::TooMuchMemory => {
            Problem::bad_request("The picture takes too much memory when it is decoded.")
                .with_kind("picture-dimensions")
        }
        PictureError::Damaged(_) => {
            Problem::bad_request("The picture is damaged.").with_kind("picture-damaged")
        }
    }
}
