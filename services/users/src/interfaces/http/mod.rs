//! The JSON interface: routes, what they read and what they answer.
//!
//! Every handler names its permission in its signature, but for the one that shows a
//! picture to whoever knows its name, which no list of pictures tells.

mod directory;
mod failure;
mod form;
mod oneself;
mod permissions;
mod pictures;
mod requests;
mod resources;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::application::change_picture::ChangePicture;
use crate::application::change_profile::ChangeProfile;
use crate::application::erase::Erase;
use crate::application::export::Export;
use crate::application::find_people::FindPeople;

/// The use cases behind the routes.
#[derive(Debug)]
pub struct UseCases {
    /// Looking at people.
    pub find: Arc<FindPeople>,
    /// Changing one's profile.
    pub change: ChangeProfile,
    /// Changing and showing pictures.
    pub pictures: ChangePicture,
    /// Copies of personal data.
    pub export: Export,
    /// Being forgotten.
    pub erase: Erase,
    /// The path under which the browser finds pictures.
    pub public_path: String,
}

/// The routes with their documentation.
#[must_use]
pub fn routes(use_cases: Arc<UseCases>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(directory::list))
        .routes(routes!(oneself::show, oneself::change, oneself::erase))
        .routes(routes!(oneself::export))
        .routes(routes!(pictures::upload, pictures::upload_form, pictures::remove))
        .routes(routes!(pictures::show))
        .routes(routes!(directory::one, directory::change))
        .with_state(use_cases)
}
