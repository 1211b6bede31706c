//! What verifiers need: the keys, the revocations, and where they are.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use marquis_http::Problem;
use marquis_http::input::Query;

use super::Api;
use super::wire::{KeySet, ProviderMetadata, Revocations, RevokedSession, Since};

/// Signing keys
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "discovery", security(()),
    responses((status = 200, description = "The public keys.", body = KeySet)),
)]
pub(super) async fn jwks(State(api): State<Api>) -> Result<Response, Problem> {
    let set = api.issuer.key_set().await.map_err(Problem::unavailable)?;
    let headers = [(header::CACHE_CONTROL, "public, max-age=60")];
    Ok((headers, Json(KeySet { keys: set.keys })).into_response())
}

/// Provider metadata
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "discovery", security(()),
    responses((status = 200, description = "What is offered today.", body = ProviderMetadata)),
)]
pub(super) async fn openid_configuration(State(api): State<Api>) -> Response {
    let issuer = api.identity.issuer.clone();
    let claims = ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "roles", "amr"];
    let metadata = ProviderMetadata {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer,
        response_types_supported: Vec::new(),
        grant_types_supported: Vec::new(),
        subject_types_supported: vec!["public".to_owned()],
        claims_supported: claims.map(str::to_owned).to_vec(),
    };
    ([(header::CACHE_CONTROL, "public, max-age=60")], Json(metadata)).into_response()
}

/// Revoked sessions
///
/// For the platform's own processes; the gateway does not route it.
#[utoipa::path(
    get, path = "/internal/revocations", tag = "internal", security(()),
    params(("since" = String, Query, description = "RFC 3339; later revocations are listed.")),
    responses((status = 200, description = "Revoked sessions.", body = Revocations)),
)]
pub(super) async fn revocations(
    State(api): State<Api>,
    Query(Since { since }): Query<Since>,
) -> Result<Response, Problem> {
    let revoked = api.issuer.revocations_since(since).await.map_err(Problem::unavailable)?;
    let data = revoked
        .into_iter()
        .map(|one| RevokedSession { session_id: one.session_id, revoked_at: one.revoked_at })
        .collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Revocations { data })).into_response())
}
