//! Who is connected: `POST /internal/presence`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use marquis_contracts::identity::UserId;
use marquis_contracts::presence::{Presence, PresenceUnavailable};
use marquis_http::Problem;
use marquis_http::client::{ClientError, HttpClient};
use marquis_http::input::RawBody;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::{boxed, portions, question, read, too_many};

const PATH: &str = "/internal/presence";

#[derive(Debug, Serialize, Deserialize)]
struct People {
    users: Vec<UserId>,
}

/// The route of the service that holds the sockets.
pub fn presence_routes(presence: Arc<dyn Presence>) -> OpenApiRouter {
    super::closed(OpenApiRouter::new().route(PATH, post(online)).with_state(presence))
}

async fn online(
    State(presence): State<Arc<dyn Presence>>,
    RawBody(body): RawBody,
) -> Result<Json<People>, Problem> {
    let People { users } = read(&body)?;
    too_many(users.len())?;
    let users = presence.online(&users).await.map_err(Problem::unavailable)?;
    Ok(Json(People { users }))
}

/// The holder of the sockets in another process.
#[derive(Debug)]
pub struct RemotePresence {
    client: HttpClient,
}

impl RemotePresence {
    /// The holder whose instances `client` calls.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Presence for RemotePresence {
    async fn online(&self, users: &[UserId]) -> Result<Vec<UserId>, PresenceUnavailable> {
        let mut online = Vec::new();
        for portion in portions(users) {
            let call = question(PATH, &People { users: portion.to_vec() }).map_err(away)?;
            let answer = self.client.call(&call).await.map_err(away)?;
            online.extend(answer.json::<People>().map_err(away)?.users);
        }
        Ok(online)
    }
}

fn away(error: ClientError) -> PresenceUnavailable {
    PresenceUnavailable(boxed(error))
}
