//! The JSON interface. Handlers read, call one use case and write; they decide nothing.
//!
//! What always holds: a handler that is not documented as public (`security(())`) takes a
//! [`Caller`](marquis_authz::Caller) or an [`Allowed`](marquis_authz::Allowed) first; answers
//! with tokens are never cached.

mod accounts;
mod denied;
mod discovery;
mod origin;
mod password;
mod permissions;
mod problem;
mod sessions;
mod tokens;
mod wire;

use std::sync::Arc;

use axum::extract::Extension;
use axum::middleware::from_fn_with_state;
use marquis_authz::Authenticator;
use marquis_contracts::identity::TokenIssuer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::application::Identity;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    /// The use cases.
    pub identity: Arc<Identity>,
    /// Keys and revocations.
    pub issuer: Arc<dyn TokenIssuer>,
}

/// Every route of the service.
pub(crate) fn routes(api: Api, verifier: Extension<Authenticator>) -> OpenApiRouter {
    // Handlers with a permission: a refusal is an audit record.
    let guarded = OpenApiRouter::new()
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(tokens::logout_all))
        .route_layer(from_fn_with_state(api.clone(), denied::audit));
    OpenApiRouter::new()
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::me, accounts::me_by_post))
        .routes(routes!(accounts::users_me))
        .routes(routes!(tokens::refresh))
        .routes(routes!(tokens::logout))
        .routes(routes!(password::change))
        .routes(routes!(discovery::jwks))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::revocations))
        .merge(guarded)
        .layer(verifier)
        .with_state(api)
}
