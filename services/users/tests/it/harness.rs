//! A running service on a database of its own, the services around it, and its callers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use marquis_authz::jws::{SigningKey, sign};
use marquis_authz::{LocalVerifier, TokenRules};
use marquis_cluster::Cluster;
use marquis_config::{Config, Environment};
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable, topic};
use marquis_contracts::identity::{
    AccessClaims, IssuerUnavailable, JwkSet, Revocation, Role, SessionId, TokenIssuer, UserId,
};
use marquis_contracts::people::{Identities, IdentitiesUnavailable, Identity, RenameError};
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use marquis_contracts::presence::{Presence, PresenceUnavailable};
use marquis_database::Database;
use marquis_envelope::Keyring;
use marquis_http::Problem;
use marquis_http::service::ServiceLimits;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, ManualClock};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::TestDatabase;
use marquis_users::{MIGRATIONS, NAME, Users, UsersParts};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const ISSUER: &str = "https://marquis.test";
const AUDIENCE: &str = "marquis";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An issuer that lives in the test.
#[derive(Debug)]
struct Issuer(JwkSet);

#[async_trait]
impl TokenIssuer for Issuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        Ok(self.0.clone())
    }

    async fn revocations_since(
        &self,
        _: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        Ok(Vec::new())
    }
}

/// The owner of login names and addresses, as its contract says.
#[derive(Debug, Default)]
pub struct Registry {
    people: Mutex<BTreeMap<UserId, (String, String)>>,
    pub away: AtomicBool,
}

impl Registry {
    fn present(&self) -> Result<(), IdentitiesUnavailable> {
        if self.away.load(Ordering::SeqCst) {
            return Err(IdentitiesUnavailable("away".into()));
        }
        Ok(())
    }

    pub fn set(&self, id: UserId, username: &str, email: &str) {
        self.people.lock().expect("lock").insert(id, (username.to_owned(), email.to_owned()));
    }
}

#[async_trait]
impl Identities for Registry {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable> {
        self.present()?;
        let people = self.people.lock().expect("lock");
        let known = users.iter().filter_map(|user| {
            let (username, _) = people.get(user)?;
            Some(Identity { user_id: *user, username: username.clone() })
        });
        Ok(known.collect())
    }

    async fn by_username(&self, username: &str) -> Result<Option<Identity>, IdentitiesUnavailable> {
        self.present()?;
        let people = self.people.lock().expect("lock");
        let found = people.iter().find(|(_, (known, _))| known.eq_ignore_ascii_case(username));
        Ok(found.map(|(id, (known, _))| Identity { user_id: *id, username: known.clone() }))
    }

    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        self.present()?;
        Ok(self.people.lock().expect("lock").get(&user).map(|(_, email)| email.clone()))
    }

    async fn rename(&self, user: UserId, username: &str) -> Result<Identity, RenameError> {
        self.present()?;
        if username.len() < 3 {
            return Err(RenameError::Invalid("must be 3 to 50 letters".to_owned()));
        }
        let mut people = self.people.lock().expect("lock");
        if people.iter().any(|(id, (name, _))| *id != user && name.eq_ignore_ascii_case(username)) {
            return Err(RenameError::Taken);
        }
        let Some((name, _)) = people.get_mut(&user) else { return Err(RenameError::NotFound) };
        username.clone_into(name);
        Ok(Identity { user_id: user, username: username.to_owned() })
    }
}

/// Another service's log of events.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<Recorded>>);

impl Log {
    pub fn append(&self, kind: &str, subject: &str, data: Value, at: OffsetDateTime) {
        let mut events = self.0.lock().expect("lock");
        let position = i64::try_from(events.len()).expect("small") + 1;
        events.push(Recorded {
            cursor: Cursor { transaction: position.unsigned_abs(), position },
            event: Event {
                id: new_uuid(&*ManualClock::starting_at(at)),
                kind: kind.to_owned(),
                subject: subject.to_owned(),
                occurred_at: at,
                data,
                traceparent: None,
            },
        });
    }
}

#[async_trait]
impl EventSource for Log {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let events = self.0.lock().expect("lock");
        let later = events.iter().filter(|recorded| recorded.cursor > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}

/// The service that holds the sockets.
#[derive(Debug, Default)]
pub struct Sockets(pub Mutex<BTreeSet<UserId>>);

#[async_trait]
impl Presence for Sockets {
    async fn online(&self, users: &[UserId]) -> Result<Vec<UserId>, PresenceUnavailable> {
        let open = self.0.lock().expect("lock");
        Ok(users.iter().filter(|user| open.contains(user)).copied().collect())
    }
}

/// Another service that holds something about everybody.
#[derive(Debug, Default)]
pub struct Holder {
    pub away: AtomicBool,
}

#[async_trait]
impl PersonalData for Holder {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        if self.away.load(Ordering::SeqCst) {
            return Err(PersonalDataUnavailable("away".into()));
        }
        Ok(json!({"payments": [{"payer": user.to_string()}]}))
    }
}

/// The service.
pub struct App {
    pub users: Arc<Users>,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    pub cluster: Cluster,
    pub registry: Arc<Registry>,
    pub auth: Arc<Log>,
    pub chat: Arc<Log>,
    pub sockets: Arc<Sockets>,
    pub holder: Arc<Holder>,
    pub data_dir: PathBuf,
    key: SigningKey,
    database: Database,
    /// Kept until the end of the test.
    _directory: Option<tempfile::TempDir>,
    test_database: Option<TestDatabase>,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    token: String,
}

impl Person {
    /// Value of the `Authorization` header.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).expect(&text)
    }

    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{:?} {text}", self.headers);
        self.json()
    }

    /// Asserts a problem and returns its detail.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let body = self.expect(status);
        assert_eq!(body["status"], status);
        body["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts a 400 and returns the names of the wrong fields.
    #[track_caller]
    pub fn wrong_fields(self) -> Vec<String> {
        let body = self.expect(400);
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| text(&error["field"])).collect()
    }
}

pub fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::parse(Keyring::generate().expose()).expect("valid"))
}

impl App {
    pub async fn start() -> Self {
        Self::start_with(keyring()).await
    }

    pub async fn start_with(keyring: Arc<Keyring>) -> Self {
        Self::start_sized(keyring, None).await
    }

    /// With another number of connections to the database.
    pub async fn start_sized(keyring: Arc<Keyring>, connections: Option<u32>) -> Self {
        let database = TestDatabase::new(NAME, MIGRATIONS).await;
        let mut settings = database.settings();
        settings.pool_size = connections.unwrap_or(settings.pool_size);
        let pool = Database::connect(&settings, NAME, Metrics::new()).expect("settings");
        let mut app = Self::on(pool, keyring);
        app.test_database = Some(database);
        app
    }

    /// On a database that the test looks after.
    pub fn on(database: Database, keyring: Arc<Keyring>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = directory.path().to_owned();
        let (key, _) = SigningKey::generate().expect("a key");
        let mut app = Self::build(database, keyring, data_dir, key, ManualClock::starting_now());
        app._directory = Some(directory);
        app
    }

    /// The same installation, started again with another keyring.
    pub fn restarted_with(&self, keyring: Arc<Keyring>) -> Self {
        let (key, _) = SigningKey::generate().expect("a key");
        let (database, data_dir) = (self.database.clone(), self.data_dir.clone());
        let app = Self::build(database, keyring, data_dir, key, Arc::clone(&self.clock));
        *app.registry.people.lock().expect("lock") =
            self.registry.people.lock().expect("lock").clone();
        app
    }

    fn build(
        database: Database,
        keyring: Arc<Keyring>,
        data_dir: PathBuf,
        key: SigningKey,
        clock: Arc<ManualClock>,
    ) -> Self {
        let issuer = Arc::new(Issuer(JwkSet { keys: vec![key.public_jwk()] }));
        let rules = TokenRules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(5),
        };
        let settings = Config::defaults(Environment::Dev).expect("valid defaults").users;
        let cluster = Cluster::memory(clock.clone());
        let (registry, sockets): (Arc<Registry>, Arc<Sockets>) = Default::default();
        let (auth, chat): (Arc<Log>, Arc<Log>) = Default::default();
        let holder = Arc::<Holder>::default();
        let users = Arc::new(Users::new(UsersParts {
            settings,
            data_dir: data_dir.clone(),
            keyring,
            database: database.clone(),
            cluster: cluster.clone(),
            verifier: LocalVerifier::new(issuer, rules, clock.clone()),
            identities: Arc::clone(&registry) as _,
            presence: Arc::clone(&sockets) as _,
            auth_events: Arc::clone(&auth) as _,
            chat_events: Some(Arc::clone(&chat) as _),
            personal_data: vec![("payments", Arc::clone(&holder) as _)],
            metrics: Metrics::new(),
            clock: clock.clone(),
            limits: ServiceLimits::default(),
            draining: CancellationToken::new(),
        }));
        let router = users.router();
        Self {
            users,
            router,
            clock,
            cluster,
            registry,
            auth,
            chat,
            sockets,
            holder,
            data_dir,
            key,
            database,
            _directory: None,
            test_database: None,
        }
    }

    /// A bare connection to the tables.
    pub async fn tables(&self) -> marquis_database::tokio_postgres::Client {
        self.test_database.as_ref().expect("a database of its own").client().await
    }

    /// A pool on the same database.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// The background work, until the guard is dropped.
    pub fn run(&self) -> impl Drop + use<> {
        let stop = CancellationToken::new();
        let users = Arc::clone(&self.users);
        let token = stop.clone();
        tokio::spawn(async move { users.run(token).await });
        stop.drop_guard()
    }

    /// The time that stands still.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Somebody with an account that this service has not heard of.
    pub fn person(&self, username: &str) -> Person {
        let id = UserId::new(&*self.clock);
        self.registry.set(id, username, &format!("{username}@example.org"));
        self.named(id, &[Role::User])
    }

    /// Somebody with an account that this service has heard of.
    pub async fn known(&self, username: &str) -> Person {
        let person = self.person(username);
        self.get(&person, "/users/me").await.expect(200);
        person
    }

    /// Another token of a user.
    pub fn named(&self, id: UserId, roles: &[Role]) -> Person {
        let now = self.clock.unix();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: id,
            exp: now + 900,
            iat: now,
            jti: new_uuid(&*self.clock),
            sid: SessionId::new(&*self.clock),
            roles: roles.to_vec(),
            amr: vec!["pwd".to_owned()],
        };
        Person { id, token: sign(&claims, &self.key) }
    }

    /// An event of the auth service, and the bell that announces it.
    pub async fn auth_says(&self, kind: &str, person: &Person, data: Value) {
        self.auth.append(kind, &person.id.to_string(), data, self.clock.now());
        self.cluster.pubsub.publish(&topic("auth"), b"{}").await.expect("published");
    }

    /// An event of the chat service, and the bell that announces it.
    pub async fn chat_says(&self, kind: &str, person: &Person, data: Value) {
        self.chat.append(kind, &person.id.to_string(), data, self.clock.now());
        self.cluster.pubsub.publish(&topic("chat"), b"{}").await.expect("published");
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        // The cause is in no answer; whoever reads a failed test wants to know it.
        assert!(parts.status != 500, "{:?}", parts.extensions.get::<Problem>());
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn call(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        media_type: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, person.authorization());
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        self.send(request.body(body.into()).expect("a request")).await
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.call(person, Method::GET, path, None, Body::empty()).await
    }

    pub async fn delete(&self, person: &Person, path: &str) -> Answer {
        self.call(person, Method::DELETE, path, None, Body::empty()).await
    }

    pub async fn patch(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.call(person, Method::PATCH, path, Some("application/json"), body.to_string()).await
    }

    pub async fn upload(&self, person: &Person, media_type: &str, file: Vec<u8>) -> Answer {
        self.call(person, Method::PUT, "/users/me/avatar", Some(media_type), file).await
    }

    /// A request without a token.
    pub async fn get_as_stranger(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// The usernames that a list tells, and its total.
    pub async fn names(&self, person: &Person, query: &str) -> (Vec<String>, i64) {
        let list = self.get(person, &format!("/users?{query}")).await.expect(200);
        let names = list["data"].as_array().expect("a list").iter();
        let names = names.map(|one| text(&one["username"])).collect();
        (names, list["meta"]["total"].as_i64().expect("a number"))
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// The last part of a picture's address.
pub fn file_of(profile: &Value) -> String {
    let url = text(&profile["avatarUrl"]);
    let name = url.strip_prefix("/api/v1/users/avatars/").expect("a picture kept here");
    name.to_owned()
}
