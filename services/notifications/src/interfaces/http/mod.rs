//! The JSON interface: routes, what they read and what they answer.
//!
//! Everybody reaches their own notifications and nothing else; dead letters are for
//! administrators. The written e-mails are shown to everybody, but only when the
//! configuration says so.

mod dead_letters;
mod failure;
mod inbox;
mod mailbox;
mod permissions;
mod preferences;
mod push;
mod requests;
mod resources;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::application::choose::ChoosePreferences;
use crate::application::dead_letters::TendDeadLetters;
use crate::application::inbox::ReadInbox;
use crate::application::ports::Letters;
use crate::application::subscriptions::KeepSubscriptions;

/// The use cases behind the routes.
#[derive(Debug)]
pub struct UseCases {
    /// Looking at notifications.
    pub inbox: ReadInbox,
    /// Choosing how to be told.
    pub choose: ChoosePreferences,
    /// Browsers that listen.
    pub subscriptions: KeepSubscriptions,
    /// Deliveries that were given up.
    pub dead_letters: TendDeadLetters,
    /// Written e-mails, when they are shown.
    pub letters: Option<Arc<dyn Letters>>,
}

/// The routes with their documentation.
#[must_use]
pub fn routes(use_cases: Arc<UseCases>) -> OpenApiRouter {
    let mut router = OpenApiRouter::new()
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::read_all))
        .routes(routes!(inbox::one))
        .routes(routes!(inbox::read_one))
        .routes(routes!(preferences::show, preferences::replace))
        .routes(routes!(push::key))
        .routes(routes!(push::list, push::subscribe))
        .routes(routes!(push::unsubscribe))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(dead_letters::retry));
    if use_cases.letters.is_some() {
        router = router.routes(routes!(mailbox::page)).routes(routes!(mailbox::letter));
    }
    router.with_state(use_cases)
}
