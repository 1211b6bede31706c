//! Use-case errors as problem details; the one place that picks statuses.

use marquis_http::{FieldError, Problem};

use crate::application::AuthError;

/// The problem that answers an error.
pub(super) fn problem(error: AuthError) -> Problem {
    match error {
        AuthError::InvalidCredentials => {
            Problem::unauthorized("Invalid credentials").with_kind("invalid-credentials")
        }
        AuthError::TooManyFailures { retry_after } => Problem::too_many_requests(retry_after)
            .with_kind("too-many-failed-logins")
            .with_detail("Too many failed attempts. Try again later."),
        AuthError::EmailTaken => {
            Problem::conflict("The e-mail address is registered already.").with_kind("email-taken")
        }
        AuthError::UsernameTaken => {
            Problem::conflict("The username is taken.").with_kind("username-taken")
        }
        AuthError::WrongPassword => field("currentPassword", "is not the current password"),
        AuthError::SamePassword => field("newPassword", "must differ from the current password"),
        // At registration the input is judged before there is a use case.
        AuthError::WeakPassword(reason) => field("newPassword", reason.to_string()),
        AuthError::InvalidRefreshToken => {
            Problem::unauthorized("The refresh token is invalid or expired.")
                .with_kind("invalid-refresh-token")
        }
        AuthError::AccountGone => Problem::unauthorized("The access token is invalid or expired."),
        AuthError::UnknownSession => Problem::not_found("Session not found"),
        AuthError::Busy { retry_after } => {
            Problem::unavailable("too many passwords wait to be hashed")
                .with_retry_after(retry_after)
        }
        AuthError::Unavailable(source) => Problem::unavailable(source),
        AuthError::Internal(source) => Problem::internal(source),
        // Commands of the operator; no route leads to them.
        error @ (AuthError::UnknownAccount | AuthError::NoRoles | AuthError::SeedRefused) => {
            Problem::internal(error)
        }
    }
}

fn field(name: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::invalid(vec![FieldError::new(name, message)])
}
