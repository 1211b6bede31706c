//! What the platform's own processes ask each other: the contracts' traits over HTTP, each
//! as routes for the side that answers and a client for the side that asks.
//!
//! In one process the traits are handed over in memory and none of this is used. The gateway
//! never routes `/internal/*`. Beyond that, the routes of this module answer only those whom
//! [`guard`] lets in, who hold the installation's master key: the answers hold names,
//! addresses and whole copies of personal data. Without a guard they answer nobody. Personal
//! data is never in a URL, because URLs are logged.

mod events;
mod identities;
mod personal_data;
mod presence;

use std::error::Error;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use marquis_http::Problem;
use marquis_http::client::{Call, ClientError};
use marquis_kernel::Secret;
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;

pub use events::{RemoteEventSource, event_routes};
pub use identities::{RemoteIdentities, identity_routes};
pub use personal_data::{RemotePersonalData, personal_data_routes};
pub use presence::{RemotePresence, presence_routes};

use crate::extract::bearer_token;

/// Most people in one question.
const MOST_PEOPLE: usize = 500;

/// What the processes of one installation show each other, derived from the master key that
/// they share. Give it to [`guard`] on the side that answers and to
/// [`HttpClient::authorized`](marquis_http::client::HttpClient::authorized) on the other.
#[must_use]
pub fn token(master_key: &Secret) -> Secret {
    let key = hmac::Key::new(hmac::HMAC_SHA256, master_key.expose().as_bytes());
    Secret::new(URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"marquis internal calls v1")))
}

/// Lets callers with the token in to the routes of this module, which answer 401 to everybody
/// else. Other routes, those for verifiers of tokens among them, are left alone.
pub fn guard(router: Router, token: &Secret) -> Router {
    // Compared as tags under a key of this moment: how long it takes tells nothing.
    let key = hmac::Key::new(hmac::HMAC_SHA256, &marquis_kernel::random::bytes::<32>());
    let tag = hmac::sign(&key, token.expose().as_bytes());
    router.layer(from_fn_with_state(Guard { key, tag }, admit))
}

#[derive(Clone)]
struct Guard {
    key: hmac::Key,
    tag: hmac::Tag,
}

async fn admit(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let inside = request.uri().path().starts_with("/internal/");
    if inside {
        let shown = bearer_token(request.headers()).ok().flatten().unwrap_or_default();
        if hmac::verify(&guard.key, shown.as_bytes(), guard.tag.as_ref()).is_ok() {
            request.extensions_mut().insert(Admitted);
        }
    }
    next.run(request).await
}

/// Marks a request that [`guard`] let in.
#[derive(Clone, Copy)]
struct Admitted;

/// Around the routes of this module: without a guard they answer nobody.
async fn only_admitted(request: Request, next: Next) -> Response {
    if request.extensions().get::<Admitted>().is_none() {
        return Problem::unauthorized("For the platform's own processes.").into_response();
    }
    next.run(request).await
}

/// A JSON body of our own making. Whoever sends another one is told no more than that.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|_| Problem::bad_request("The body is not understood."))
}

/// A question that changes nothing, or nothing more when it is repeated.
fn question(path: &str, body: &impl Serialize) -> Result<Call, ClientError> {
    Ok(Call::new(Method::POST, path).json(body)?.repeatable())
}

/// Cuts a question about many people into admitted ones.
fn portions<T>(people: &[T]) -> std::slice::Chunks<'_, T> {
    people.chunks(MOST_PEOPLE)
}

fn too_many(people: usize) -> Result<(), Problem> {
    if people > MOST_PEOPLE {
        return Err(Problem::bad_request("At most 500 people at once."));
    }
    Ok(())
}

/// Routes that only [`guard`]'s callers reach.
fn closed(routes: OpenApiRouter) -> OpenApiRouter {
    routes.route_layer(from_fn(only_admitted))
}

fn boxed(error: impl Error + Send + Sync + 'static) -> Box<dyn Error + Send + Sync> {
    Box::new(error)
}

#[cfg(test)]
mod tests;
