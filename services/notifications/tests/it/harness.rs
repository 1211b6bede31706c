//! A running service on a database of its own, its callers, and what they see.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use marquis_authz::jws::{SigningKey, sign};
use marquis_authz::{LocalVerifier, TokenRules};
use marquis_cluster::{Cluster, Message, Subscription};
use marquis_config::sections::notifications::MailTransport;
use marquis_config::{Config, DatabaseServer, Environment};
use marquis_contracts::events::{Event, topic};
use marquis_contracts::identity::{AccessClaims, JwkSet, Role, SessionId, UserId};
use marquis_contracts::push::{Push, TOPIC};
use marquis_database::Database;
use marquis_http::Problem;
use marquis_http::service::ServiceLimits;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, ManualClock};
use marquis_notifications::{MIGRATIONS, NAME, Notifications, NotificationsParts, Source};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::TestDatabase;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::world::{Directory, Issuer, Log};

pub const PATIENCE: Duration = Duration::from_secs(30);
/// Noon in every zone that tests name.
pub const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const ISSUER: &str = "https://marquis.test";
const AUDIENCE: &str = "marquis";

/// The service.
pub struct App {
    pub service: Arc<Notifications>,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    pub cluster: Cluster,
    pub directory: Arc<Directory>,
    pub data: Arc<tempfile::TempDir>,
    log: Arc<Log>,
    key: Arc<SigningKey>,
    database: Option<Arc<TestDatabase>>,
    settings: marquis_config::Notifications,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    roles: Vec<Role>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).expect(&self.text)
    }

    /// Asserts a 400 and returns the names of the wrong fields.
    #[track_caller]
    pub fn wrong_fields(self) -> Vec<String> {
        let body = self.expect(400);
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// The settings of tests: no e-mail, push services anywhere.
pub fn settings() -> marquis_config::Notifications {
    let mut settings = Config::defaults(Environment::Dev).expect("defaults").notifications;
    settings.mail.transport = MailTransport::Off;
    settings.web_push.allow_private_addresses = true;
    settings.link = "https://app.example/notifications".to_owned();
    settings
}

impl App {
    pub async fn start() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: marquis_config::Notifications) -> Self {
        let database = Arc::new(TestDatabase::new(NAME, MIGRATIONS).await);
        let server = database.database();
        Parts::new(settings, Some(database), server).assemble()
    }

    /// Another node on the same database, with other settings.
    pub fn node(&self, settings: marquis_config::Notifications) -> Self {
        Parts {
            settings,
            clock: Arc::clone(&self.clock),
            cluster: self.cluster.clone(),
            directory: Arc::clone(&self.directory),
            data: Arc::clone(&self.data),
            log: Arc::clone(&self.log),
            key: Arc::clone(&self.key),
            database: self.database.clone(),
            server: self.own_database().database(),
        }
        .assemble()
    }

    pub fn another_node(&self) -> Self {
        self.node(self.settings.clone())
    }

    /// The background work, until the guard is dropped.
    pub fn run(&self) -> impl Drop + use<> {
        let stop = CancellationToken::new();
        let service = Arc::clone(&self.service);
        let token = stop.clone();
        tokio::spawn(async move { service.run(token).await });
        stop.drop_guard()
    }

    fn own_database(&self) -> &TestDatabase {
        self.database.as_ref().expect("a database of its own")
    }

    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// A bare connection to the tables.
    pub async fn tables(&self) -> impl TableClient + use<> {
        self.own_database().client().await
    }

    /// Somebody with a name, whose address is `<name>@people.example`.
    pub fn person(&self, name: &str) -> Person {
        self.with_roles(name, &[Role::User])
    }

    pub fn with_roles(&self, name: &str, roles: &[Role]) -> Person {
        let id = UserId::new(&*self.clock);
        self.directory.add(id, name);
        Person { id, roles: roles.to_vec() }
    }

    /// Signed anew each time, because tests move the clock by days.
    fn token(&self, person: &Person) -> String {
        let now = self.clock.unix();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: person.id,
            exp: now + 900,
            iat: now,
            jti: new_uuid(&*self.clock),
            sid: SessionId::new(&*self.clock),
            roles: person.roles.clone(),
            amr: vec!["pwd".to_owned()],
        };
        sign(&claims, &self.key)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        // The cause is in no answer; whoever reads a failed test wants to know it.
        assert!(parts.status != 500, "{:?}", parts.extensions.get::<Problem>());
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn call(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(person)));
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.call(person, Method::GET, path, None).await
    }

    pub async fn post(&self, person: &Person, path: &str, body: Option<&Value>) -> Answer {
        self.call(person, Method::POST, path, body).await
    }

    pub async fn put(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.call(person, Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, person: &Person, path: &str) -> Answer {
        self.call(person, Method::DELETE, path, None).await
    }

    /// The notifications of the first page.
    pub async fn inbox(&self, person: &Person) -> Vec<Value> {
        let page = self.get(person, "/notifications?limit=100").await.expect(200);
        page["data"].as_array().expect("a list").clone()
    }

    /// Waits until the person has so many notifications.
    #[track_caller]
    pub fn has(&self, person: &Person, number: usize) -> impl Future<Output = Vec<Value>> {
        marquis_testkit::eventually(PATIENCE, move || async move {
            let inbox = self.inbox(person).await;
            if inbox.len() == number { Ok(inbox) } else { Err(inbox) }
        })
    }

    /// Something happens in another service.
    pub async fn happens(&self, kind: &str, subject: &str, data: Value) -> Event {
        let event = Event {
            id: new_uuid(&*self.clock),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            occurred_at: self.clock.now(),
            data,
            traceparent: None,
        };
        self.tell(event.clone()).await;
        event
    }

    /// An event appears in the log, perhaps not for the first time.
    pub async fn tell(&self, event: Event) {
        self.log.append(event);
        let _ = self.cluster.pubsub.publish(&topic("world"), b"{}").await;
    }

    pub async fn misses_message(&self, receiver: &Person, sender: &Person) {
        let data = json!({
            "messageId": Uuid::from_u128(7), "senderId": sender.id, "receiverId": receiver.id,
        });
        self.happens("message.missed", &receiver.id.to_string(), data).await;
    }

    pub async fn pays(&self, person: &Person, kind: &str, amount: i64) {
        let data = json!({
            "reference": "pay_01", "userId": person.id, "status": "x", "amount": amount,
            "currency": "EUR", "amountRefunded": 0,
        });
        self.happens(kind, "pay_01", data).await;
    }

    pub async fn changes_password(&self, person: &Person) {
        let data = json!({"userId": person.id});
        self.happens("user.password_changed", &person.id.to_string(), data).await;
    }

    pub async fn is_erased(&self, person: &Person) {
        self.happens("user.erased", &person.id.to_string(), json!({})).await;
    }

    /// Waits until so many jobs are left, none of which is being run.
    #[track_caller]
    pub fn rests(&self, jobs: i64) -> impl Future<Output = ()> {
        marquis_testkit::eventually(PATIENCE, move || async move {
            let tables = self.tables().await;
            let waiting = "SELECT count(*) FROM jobs WHERE leased_until IS NULL";
            let all = tables.number("SELECT count(*) FROM jobs").await;
            let waiting = tables.number(waiting).await;
            if (all, waiting) == (jobs, jobs) { Ok(()) } else { Err((all, waiting)) }
        })
    }

    /// What open sockets are told.
    pub async fn sockets(&self) -> Sockets {
        Sockets(self.cluster.pubsub.subscribe(TOPIC).await)
    }

    /// Time passes, and whoever sleeps until then looks at the clock.
    pub async fn passes(&self, time: time::Duration) {
        self.clock.advance(time);
        if let Some(database) = &self.database {
            database.client().await.run("SELECT pg_notify('notifications.jobs', '')").await;
        }
    }

    /// Waits until every event has been handled and every due job has been run.
    pub async fn settles(&self) {
        let tables = self.tables().await;
        let tables = &tables;
        marquis_testkit::eventually(PATIENCE, move || async move {
            let events = self.log.length();
            let handled = tables
                .number(
                    "SELECT coalesce(max(position), 0) FROM feed_cursors WHERE source = 'world'",
                )
                .await;
            let due = tables
                .number(&format!(
                    "SELECT count(*) FROM jobs WHERE died_at IS NULL AND run_at <= '{}'",
                    self.clock.now()
                ))
                .await;
            if handled >= events && due == 0 { Ok(()) } else { Err((events, handled, due)) }
        })
        .await;
    }
}

pub struct Parts {
    settings: marquis_config::Notifications,
    clock: Arc<ManualClock>,
    cluster: Cluster,
    directory: Arc<Directory>,
    data: Arc<tempfile::TempDir>,
    log: Arc<Log>,
    key: Arc<SigningKey>,
    database: Option<Arc<TestDatabase>>,
    server: Database,
}

impl Parts {
    /// A service on a server that the test names.
    pub fn on(settings: marquis_config::Notifications, server: &DatabaseServer) -> App {
        let server = Database::connect(server, NAME, Metrics::new()).expect("a URL");
        Self::new(settings, None, server).assemble()
    }

    fn new(
        settings: marquis_config::Notifications,
        database: Option<Arc<TestDatabase>>,
        server: Database,
    ) -> Self {
        let clock = ManualClock::starting_at(NOON);
        let cluster = Cluster::memory(clock.clone());
        let (key, _) = SigningKey::generate().expect("a key");
        Self {
            settings,
            clock,
            cluster,
            directory: Arc::default(),
            data: Arc::new(tempfile::tempdir().expect("a directory")),
            log: Arc::default(),
            key: Arc::new(key),
            database,
            server,
        }
    }

    fn assemble(self) -> App {
        let Self { settings, clock, cluster, directory, data, log, key, database, server } = self;
        let issuer = Arc::new(Issuer(JwkSet { keys: vec![key.public_jwk()] }));
        let rules = TokenRules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(5),
        };
        let service = Notifications::new(NotificationsParts {
            settings: settings.clone(),
            database: server,
            cluster: cluster.clone(),
            verifier: LocalVerifier::new(issuer, rules, clock.clone()),
            identities: Arc::clone(&directory) as _,
            sources: vec![Source { name: "world", events: Arc::clone(&log) as _ }],
            data_dir: data.path().to_owned(),
            metrics: Metrics::new(),
            clock: clock.clone(),
            limits: ServiceLimits::default(),
            draining: CancellationToken::new(),
        });
        let service = Arc::new(service.expect("a service"));
        let router = service.router();
        App { service, router, clock, cluster, directory, data, log, key, database, settings }
    }
}

/// What open sockets are told.
pub struct Sockets(Subscription);

impl Sockets {
    pub async fn next(&mut self) -> Push {
        let message = tokio::time::timeout(PATIENCE, self.0.recv()).await.expect("in time");
        let bytes = match message.expect("a cluster") {
            Message::Data(bytes) => bytes,
            Message::Gap => Default::default(),
        };
        serde_json::from_slice(&bytes).expect("a push, and no gap")
    }
}

/// What tests do with tables, without naming the driver.
pub trait TableClient: Send + Sync {
    /// One number.
    fn number(&self, sql: &str) -> impl Future<Output = i64> + Send;
    /// One text, or none.
    fn text(&self, sql: &str) -> impl Future<Output = Option<String>> + Send;
    /// How a statement is executed.
    fn plan(&self, sql: &str) -> impl Future<Output = String> + Send;
    /// Statements, for their effect.
    fn run(&self, sql: &str) -> impl Future<Output = ()> + Send;
}

impl TableClient for marquis_database::tokio_postgres::Client {
    async fn number(&self, sql: &str) -> i64 {
        self.query_one(sql, &[]).await.expect(sql).get(0)
    }

    async fn text(&self, sql: &str) -> Option<String> {
        self.query_opt(sql, &[]).await.expect(sql).and_then(|row| row.get(0))
    }

    async fn plan(&self, sql: &str) -> String {
        let rows = self.query(&format!("EXPLAIN {sql}"), &[]).await.expect(sql);
        rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
    }

    async fn run(&self, sql: &str) {
        self.batch_execute(sql).await.expect(sql);
    }
}
