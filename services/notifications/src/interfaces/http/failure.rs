//! Which status means what.

use marquis_http::{FieldError, Problem};

use crate::application::ports::StoreError;
use crate::application::subscriptions::SubscribeError;

pub(super) fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => Problem::unavailable(error),
        StoreError::Failed(_) => Problem::internal(error),
    }
}

pub(super) fn of_subscription(error: SubscribeError) -> Problem {
    match error {
        SubscribeError::Off => push_is_off(),
        SubscribeError::NotPublic => {
            Problem::invalid(vec![FieldError::new("endpoint", error.to_string())])
        }
        SubscribeError::Erased => Problem::not_found("There is no such person any more."),
        SubscribeError::Store(error) => of_store(error),
    }
}

pub(super) fn push_is_off() -> Problem {
    Problem::not_found("Push messages are switched off here.").with_kind("push-off")
}

pub(super) fn no_such_notification() -> Problem {
    Problem::not_found("There is no such notification.")
}
