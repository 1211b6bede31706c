//! A service's log of events: `GET /internal/events?after=&limit=`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::routing::get;
use marquis_contracts::events::{Cursor, EventSource, Recorded, SourceUnavailable};
use marquis_http::Problem;
use marquis_http::client::HttpClient;
use marquis_http::input::{Fields, FromFields, Parsed, Query};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

/// Most events in one answer.
const MOST: u32 = 500;

#[derive(Debug, Serialize, Deserialize)]
struct Page {
    data: Vec<Recorded>,
}

struct After {
    after: Cursor,
    limit: u32,
}

impl FromFields for After {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let after = fields.required::<Parsed<Cursor>>("after");
        let limit = fields.required::<u32>("limit");
        Some(Self { after: after?.0, limit: limit?.min(MOST) })
    }
}

/// The route of a service with events.
pub fn event_routes(source: Arc<dyn EventSource>) -> OpenApiRouter {
    super::closed(OpenApiRouter::new().route("/internal/events", get(list)).with_state(source))
}

async fn list(
    State(source): State<Arc<dyn EventSource>>,
    Query(After { after, limit }): Query<After>,
) -> Result<Json<Page>, Problem> {
    let data = source.events_after(after, limit).await.map_err(Problem::unavailable)?;
    Ok(Json(Page { data }))
}

/// The log of a service in another process.
#[derive(Debug)]
pub struct RemoteEventSource {
    client: HttpClient,
}

impl RemoteEventSource {
    /// The log of the service whose instances `client` calls.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl EventSource for RemoteEventSource {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let path = format!("/internal/events?after={after}&limit={}", limit.min(MOST));
        let page: Page = self
            .client
            .get_json(&path)
            .await
            .map_err(|error| SourceUnavailable(super::boxed(error)))?;
        Ok(page.data)
    }
}
