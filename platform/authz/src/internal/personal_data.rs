//! What a service holds about a person: `GET /internal/personal-data/{userId}`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::header::{self, HeaderName};
use axum::routing::get;
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use marquis_http::Problem;
use marquis_http::client::HttpClient;
use marquis_http::input::PathId;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

/// The route of a service that holds personal data.
pub fn personal_data_routes(holder: Arc<dyn PersonalData>) -> OpenApiRouter {
    super::closed(
        OpenApiRouter::new()
            .route("/internal/personal-data/{userId}", get(export))
            .with_state(holder),
    )
}

async fn export(
    State(holder): State<Arc<dyn PersonalData>>,
    PathId(user): PathId<UserId>,
) -> Result<([(HeaderName, &'static str); 1], Json<Value>), Problem> {
    let copy = holder.export(user).await.map_err(Problem::unavailable)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(copy)))
}

/// A holder of personal data in another process. Its client should admit large answers.
#[derive(Debug)]
pub struct RemotePersonalData {
    client: HttpClient,
}

impl RemotePersonalData {
    /// The holder whose instances `client` calls.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl PersonalData for RemotePersonalData {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        self.client
            .get_json(&format!("/internal/personal-data/{user}"))
            .await
            .map_err(|error| PersonalDataUnavailable(super::boxed(error)))
    }
}
