//! The JSON interface: conversations and their histories, sending without a socket, and
//! blocks.

mod conversations;
mod failure;
mod people;
mod requests;
mod resources;

use std::sync::Arc;

use marquis_authz::Permission;
use marquis_contracts::identity::Principal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::socket::UseCases;
use crate::application::names::Names;
use crate::domain::PersonId;

/// Talk to others: everybody who can sign in.
#[derive(Debug)]
pub struct Talk;

impl Permission for Talk {
    const NAME: &'static str = "chat:talk";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// What the handlers stand on.
#[derive(Debug)]
pub struct HttpState {
    /// What can be done.
    pub use_cases: Arc<UseCases>,
    /// Names of people.
    pub names: Arc<Names>,
}

/// The routes with their documentation.
#[must_use]
pub fn routes(state: Arc<HttpState>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::history, conversations::send))
        .routes(routes!(conversations::read))
        .routes(routes!(conversations::edit, conversations::delete))
        .routes(routes!(people::blocked))
        .routes(routes!(people::block, people::unblock))
        .with_state(state)
}

fn person(principal: &Principal) -> PersonId {
    PersonId::from_uuid(principal.user_id.uuid())
}
