//! Login names and addresses: `POST /internal/identities` and what is below it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use marquis_contracts::identity::UserId;
use marquis_contracts::people::{Identities, IdentitiesUnavailable, Identity, RenameError};
use marquis_http::Problem;
use marquis_http::client::{ClientError, HttpClient};
use marquis_http::input::RawBody;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::{boxed, portions, question, read, too_many};

const BY_ID: &str = "/internal/identities";
const BY_USERNAME: &str = "/internal/identities/by-username";
const EMAIL: &str = "/internal/identities/email";
const RENAME: &str = "/internal/identities/rename";

/// Slugs of the problems that the client tells apart.
const TAKEN: &str = "username-taken";
const INVALID: &str = "username-invalid";
const UNKNOWN: &str = "unknown-person";

#[derive(Debug, Serialize, Deserialize)]
struct People {
    users: Vec<UserId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Found {
    data: Vec<Identity>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    username: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Person {
    user: UserId,
}

#[derive(Debug, Serialize, Deserialize)]
struct Address {
    email: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Wish {
    user: UserId,
    username: String,
}

/// The routes of the service that owns identities.
pub fn identity_routes(identities: Arc<dyn Identities>) -> OpenApiRouter {
    let routes = OpenApiRouter::new()
        .route(BY_ID, post(by_id))
        .route(BY_USERNAME, post(by_username))
        .route(EMAIL, post(email))
        .route(RENAME, post(rename))
        .with_state(identities);
    super::closed(routes)
}

type Owner = State<Arc<dyn Identities>>;

async fn by_id(State(owner): Owner, RawBody(body): RawBody) -> Result<Json<Found>, Problem> {
    let People { users } = read(&body)?;
    too_many(users.len())?;
    let data = owner.identities(&users).await.map_err(Problem::unavailable)?;
    Ok(Json(Found { data }))
}

async fn by_username(State(owner): Owner, RawBody(body): RawBody) -> Result<Json<Found>, Problem> {
    let Named { username } = read(&body)?;
    let found = owner.by_username(&username).await.map_err(Problem::unavailable)?;
    Ok(Json(Found { data: found.into_iter().collect() }))
}

async fn email(State(owner): Owner, RawBody(body): RawBody) -> Result<Json<Address>, Problem> {
    let Person { user } = read(&body)?;
    let email = owner.email(user).await.map_err(Problem::unavailable)?;
    Ok(Json(Address { email }))
}

async fn rename(State(owner): Owner, RawBody(body): RawBody) -> Result<Json<Identity>, Problem> {
    let Wish { user, username } = read(&body)?;
    let renamed = owner.rename(user, &username).await;
    renamed.map(Json).map_err(|error| match error {
        RenameError::Taken => Problem::conflict("The username is taken.").with_kind(TAKEN),
        RenameError::Invalid(rule) => Problem::bad_request(rule).with_kind(INVALID),
        RenameError::NotFound => Problem::not_found("No such person.").with_kind(UNKNOWN),
        RenameError::Unavailable(error) => Problem::unavailable(error),
    })
}

/// The owner of identities in another process.
#[derive(Debug)]
pub struct RemoteIdentities {
    client: HttpClient,
}

impl RemoteIdentities {
    /// The owner whose instances `client` calls.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self { client }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, IdentitiesUnavailable> {
        let call = question(path, body).map_err(away)?;
        self.client.call(&call).await.map_err(away)?.json().map_err(away)
    }
}

/// What tells the refusals of a rename apart.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    detail: String,
}

#[async_trait]
impl Identities for RemoteIdentities {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable> {
        let mut identities = Vec::with_capacity(users.len());
        for portion in portions(users) {
            let found: Found = self.ask(BY_ID, &People { users: portion.to_vec() }).await?;
            identities.extend(found.data);
        }
        Ok(identities)
    }

    async fn by_username(&self, username: &str) -> Result<Option<Identity>, IdentitiesUnavailable> {
        let wanted = Named { username: username.to_owned() };
        let found: Found = self.ask(BY_USERNAME, &wanted).await?;
        Ok(found.data.into_iter().next())
    }

    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        let address: Address = self.ask(EMAIL, &Person { user }).await?;
        Ok(address.email)
    }

    async fn rename(&self, user: UserId, username: &str) -> Result<Identity, RenameError> {
        let wish = Wish { user, username: username.to_owned() };
        let call = question(RENAME, &wish).map_err(away)?;
        let answer = self.client.call(&call).await.map_err(away)?;
        if answer.status.is_success() {
            return Ok(answer.json().map_err(away)?);
        }
        // Only a refusal that names itself is one: a proxy's 404 says nothing of people.
        let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
        let kind = refusal.as_ref().and_then(|refusal| refusal.kind.rsplit(':').next());
        Err(match (answer.status, kind) {
            (StatusCode::CONFLICT, Some(TAKEN)) => RenameError::Taken,
            (StatusCode::NOT_FOUND, Some(UNKNOWN)) => RenameError::NotFound,
            (StatusCode::BAD_REQUEST, Some(INVALID)) => {
                RenameError::Invalid(refusal.map(|refusal| refusal.detail).unwrap_or_default())
            }
            (status, _) => away(ClientError::Status(status)).into(),
        })
    }
}

fn away(error: ClientError) -> IdentitiesUnavailable {
    IdentitiesUnavailable(boxed(error))
}
