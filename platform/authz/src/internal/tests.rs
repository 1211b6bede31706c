//! Each trait against its own routes over a real socket, and the guard around them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_contracts::identity::UserId;
use marquis_contracts::people::{Identities, IdentitiesUnavailable, Identity, RenameError};
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use marquis_contracts::presence::{Presence, PresenceUnavailable};
use marquis_http::client::{ClientLimits, HttpClient};
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, SystemClock};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use super::*;

/// A service that knows a few people and is away when told so.
#[derive(Debug, Default)]
struct Service {
    people: Mutex<Vec<(UserId, String)>>,
    log: Vec<Recorded>,
    away: bool,
}

#[async_trait]
impl EventSource for Service {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        if self.away {
            return Err(SourceUnavailable("away".into()));
        }
        let later = self.log.iter().filter(|recorded| recorded.cursor > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl Identities for Service {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable> {
        if self.away {
            return Err(IdentitiesUnavailable("away".into()));
        }
        let people = self.people.lock();
        let found = people.iter().filter(|(user, _)| users.contains(user));
        Ok(found.map(|(user, name)| Identity { user_id: *user, username: name.clone() }).collect())
    }

    async fn by_username(&self, username: &str) -> Result<Option<Identity>, IdentitiesUnavailable> {
        let people = self.people.lock();
        let found = people.iter().find(|(_, name)| name.eq_ignore_ascii_case(username));
        Ok(found.map(|(user, name)| Identity { user_id: *user, username: name.clone() }))
    }

    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        let people = self.people.lock();
        let found = people.iter().find(|(known, _)| *known == user);
        Ok(found.map(|(_, name)| format!("{name}@example.org")))
    }

    async fn rename(&self, user: UserId, username: &str) -> Result<Identity, RenameError> {
        if self.away {
            return Err(IdentitiesUnavailable("away".into()).into());
        }
        if username.len() < 3 {
            return Err(RenameError::Invalid("has fewer than 3 characters".to_owned()));
        }
        let mut people = self.people.lock();
        if people.iter().any(|(known, name)| *known != user && name == username) {
            return Err(RenameError::Taken);
        }
        let Some(person) = people.iter_mut().find(|(known, _)| *known == user) else {
            return Err(RenameError::NotFound);
        };
        username.clone_into(&mut person.1);
        Ok(Identity { user_id: user, username: username.to_owned() })
    }
}

#[async_trait]
impl PersonalData for Service {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        if self.away {
            return Err(PersonalDataUnavailable("away".into()));
        }
        Ok(json!({ "payments": [{ "of": user }] }))
    }
}

#[async_trait]
impl Presence for Service {
    async fn online(&self, users: &[UserId]) -> Result<Vec<UserId>, PresenceUnavailable> {
        if self.away {
            return Err(PresenceUnavailable("away".into()));
        }
        Ok(users.iter().step_by(2).copied().collect())
    }
}

fn master_key() -> Secret {
    Secret::new("a master key of more than 32 bytes")
}

fn router(service: Service) -> Router {
    let service = Arc::new(service);
    let routes = OpenApiRouter::new()
        .merge(event_routes(service.clone()))
        .merge(identity_routes(service.clone()))
        .merge(personal_data_routes(service.clone()))
        .merge(presence_routes(service));
    let router: Router = routes.into();
    let open = || axum::routing::get(async || axum::Json(true));
    router.route("/open", open()).route("/internal/revocations", open())
}

async fn serve(service: Service) -> String {
    listen(guard(router(service), &token(&master_key()))).await
}

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn stranger(base: &str) -> HttpClient {
    let limits = ClientLimits { attempt: Duration::from_secs(2), ..ClientLimits::default() };
    HttpClient::new([base], limits).expect("valid base")
}

fn client(base: &str) -> HttpClient {
    stranger(base).authorized(token(&master_key()))
}

fn somebody() -> UserId {
    UserId::new(&SystemClock)
}

#[tokio::test]
async fn a_log_is_read_in_portions() {
    let log: Vec<Recorded> = (1..=5)
        .map(|position| Recorded {
            cursor: Cursor { transaction: 70, position },
            event: Event {
                id: new_uuid(&SystemClock),
                kind: "user.renamed".to_owned(),
                subject: somebody().to_string(),
                occurred_at: SystemClock.now(),
                data: json!({ "username": "ünïcode" }),
                traceparent: None,
            },
        })
        .collect();
    let base = serve(Service { log: log.clone(), ..Service::default() }).await;
    let source = RemoteEventSource::new(client(&base));
    let first = source.events_after(Cursor::START, 3).await.expect("read");
    assert_eq!(first, log[..3]);
    let rest = source.events_after(first[2].cursor, 1_000_000).await.expect("read");
    assert_eq!(rest, log[3..]);
}

#[tokio::test]
async fn identities_are_asked_for_and_changed() {
    let (alice, bob) = (somebody(), somebody());
    let people = Mutex::new(vec![(alice, "Alice".to_owned()), (bob, "bob".to_owned())]);
    let base = serve(Service { people, ..Service::default() }).await;
    let identities = RemoteIdentities::new(client(&base));

    // More than one question holds.
    let mut wanted: Vec<UserId> = (0..700).map(|_| somebody()).collect();
    wanted.extend([alice, bob]);
    let found = identities.identities(&wanted).await.expect("asked");
    assert_eq!(found.len(), 2);
    assert_eq!(identities.identities(&[]).await.expect("asked"), []);
    let found = identities.by_username("ALICE").await.expect("asked").expect("there");
    assert_eq!((found.user_id, found.username.as_str()), (alice, "Alice"));
    assert_eq!(identities.by_username("nobody").await.expect("asked"), None);
    let email = identities.email(bob).await.expect("asked");
    assert_eq!(email.as_deref(), Some("bob@example.org"));
    assert_eq!(identities.email(somebody()).await.expect("asked"), None);

    let renamed = identities.rename(bob, "robert").await.expect("renamed");
    assert_eq!(renamed, Identity { user_id: bob, username: "robert".to_owned() });
    let taken = identities.rename(bob, "Alice").await.expect_err("taken");
    assert!(matches!(taken, RenameError::Taken), "{taken:?}");
    let gone = identities.rename(somebody(), "carol").await.expect_err("nobody");
    assert!(matches!(gone, RenameError::NotFound), "{gone:?}");
    let invalid = identities.rename(bob, "x").await.expect_err("too short");
    let RenameError::Invalid(rule) = invalid else { panic!("{invalid:?}") };
    assert_eq!(rule, "has fewer than 3 characters");
}

#[tokio::test]
async fn personal_data_and_presence_come_over_http() {
    let base = serve(Service::default()).await;
    let user = somebody();
    let copy = RemotePersonalData::new(client(&base)).export(user).await.expect("asked");
    assert_eq!(copy, json!({ "payments": [{ "of": user }] }));
    let people: Vec<UserId> = (0..600).map(|_| somebody()).collect();
    let online = RemotePresence::new(client(&base)).online(&people).await.expect("asked");
    assert_eq!(online.len(), 300);
    assert!(online.contains(&people[598]));
}

#[tokio::test]
async fn a_service_that_is_away_is_unavailable_to_the_other_side_too() {
    let base = serve(Service { away: true, ..Service::default() }).await;
    let person = somebody();
    assert!(RemoteEventSource::new(client(&base)).events_after(Cursor::START, 1).await.is_err());
    let identities = RemoteIdentities::new(client(&base));
    assert!(identities.identities(&[person]).await.is_err());
    let refused = identities.rename(person, "somebody").await.expect_err("away");
    assert!(matches!(refused, RenameError::Unavailable(_)), "{refused:?}");
    assert!(RemotePersonalData::new(client(&base)).export(person).await.is_err());
    assert!(RemotePresence::new(client(&base)).online(&[person]).await.is_err());
    // Nor is a route that is not there an answer about a person.
    let wrong = RemoteIdentities::new(client(&format!("{base}/elsewhere")));
    let refused = wrong.rename(person, "somebody").await.expect_err("no such route");
    assert!(matches!(refused, RenameError::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn strangers_are_not_answered() {
    let base = serve(Service::default()).await;
    let forged = token(&Secret::new("another master key of over 32 bytes"));
    for stranger in [stranger(&base), stranger(&base).authorized(forged)] {
        assert!(stranger.get_json::<bool>("/open").await.expect("not guarded"));
        let someone = format!("/internal/personal-data/{}", somebody());
        for (method, path) in [
            (Method::GET, "/internal/events?after=0-0&limit=1"),
            (Method::GET, &*someone),
            (Method::POST, "/internal/presence"),
            (Method::POST, "/internal/identities"),
            (Method::POST, "/internal/identities/by-username"),
            (Method::POST, "/internal/identities/email"),
            (Method::POST, "/internal/identities/rename"),
        ] {
            let answer = stranger.call(&Call::new(method, path)).await.expect("answers");
            assert_eq!(answer.status, 401, "{path}");
        }
        // What its own service leaves open stays open: roles without the key need it.
        let open = stranger.get_json::<bool>("/internal/revocations").await;
        assert!(open.expect("not guarded"));
        let absent = stranger.call(&Call::new(Method::GET, "/internal/nothing")).await;
        assert_eq!(absent.expect("answers").status, 404);
        assert!(RemotePersonalData::new(stranger).export(somebody()).await.is_err());
    }
    // Somebody forgot the guard.
    let open = listen(router(Service::default())).await;
    assert!(client(&open).get_json::<bool>("/open").await.expect("open"));
    assert!(RemotePersonalData::new(client(&open)).export(somebody()).await.is_err());
}
