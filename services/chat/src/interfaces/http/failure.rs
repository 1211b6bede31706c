//! Which status means what.

use marquis_http::Problem;

use crate::application::ChatError;
use crate::application::ports::StoreError;

pub(super) fn of(error: ChatError) -> Problem {
    match error {
        ChatError::NoSuchPerson | ChatError::Store(StoreError::Erased) => {
            Problem::not_found("There is no such person.")
        }
        ChatError::NoSuchMessage => Problem::not_found("There is no such message of yours."),
        ChatError::Blocked => Problem::forbidden("Messages between these two people are blocked.")
            .with_kind("blocked"),
        ChatError::NameTaken => Problem::conflict("This clientId was used for another message."),
        ChatError::Oneself => Problem::conflict("Nobody writes to themselves."),
        ChatError::TooMuch { retry_after } => Problem::too_many_requests(retry_after),
        ChatError::Store(StoreError::Failed(_)) => Problem::internal(error),
        ChatError::Store(StoreError::Unavailable(_)) | ChatError::Unavailable(_) => {
            Problem::unavailable(error)
        }
    }
}
