//! Nodes of the service on one database, and people with tokens.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use marquis_authz::jws::{SigningKey, sign};
use marquis_authz::{LocalVerifier, TokenRules};
use marquis_chat::{Chat, ChatParts, MIGRATIONS, NAME};
use marquis_cluster::{Cluster, ClusterError, PubSub, Subscription};
use marquis_config::{Config, Environment, Span};
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_contracts::identity::{
    AccessClaims, IssuerUnavailable, JwkSet, Revocation, Role, SessionId, TokenIssuer, UserId,
};
use marquis_contracts::people::{Identities, IdentitiesUnavailable, Identity, RenameError};
use marquis_http::server::{self, ServerLimits};
use marquis_http::service::ServiceLimits;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{SharedClock, SystemClock};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::TestDatabase;
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::client::Client;

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

/// Names of people, and whether they can be asked for.
#[derive(Debug, Default)]
pub struct Directory {
    names: Mutex<HashMap<UserId, String>>,
    away: AtomicBool,
}

impl Directory {
    pub fn rename(&self, user: UserId, name: &str) {
        self.names.lock().insert(user, name.to_owned());
    }

    pub fn forget(&self, user: UserId) {
        self.names.lock().remove(&user);
    }

    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

#[async_trait]
impl Identities for Directory {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable> {
        if self.away.load(Ordering::SeqCst) {
            return Err(IdentitiesUnavailable("switched off".into()));
        }
        let names = self.names.lock();
        let named =
            |user: &UserId| Some(Identity { user_id: *user, username: names.get(user)?.clone() });
        Ok(users.iter().filter_map(named).collect())
    }

    async fn by_username(&self, _: &str) -> Result<Option<Identity>, IdentitiesUnavailable> {
        Ok(None)
    }

    async fn email(&self, _: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        Ok(None)
    }

    async fn rename(&self, _: UserId, _: &str) -> Result<Identity, RenameError> {
        Err(RenameError::NotFound)
    }
}

fn event(kind: &str, user: UserId) -> Event {
    Event {
        id: new_uuid(&SystemClock),
        kind: kind.to_owned(),
        subject: user.to_string(),
        occurred_at: OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time"),
        data: json!({}),
        traceparent: None,
    }
}

/// The log of the users service.
#[derive(Debug, Default)]
pub struct UsersLog(Mutex<Vec<Recorded>>);

impl UsersLog {
    pub fn append(&self, kind: &str, user: UserId) {
        let mut log = self.0.lock();
        let position = i64::try_from(log.len()).expect("few") + 1;
        let cursor = Cursor { transaction: 1, position };
        log.push(Recorded { cursor, event: event(kind, user) });
    }
}

#[async_trait]
impl EventSource for UsersLog {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let limit = usize::try_from(limit).expect("small");
        let log = self.0.lock();
        Ok(log.iter().filter(|one| one.cursor > after).take(limit).cloned().collect())
    }
}

/// Pub/sub that loses everything while it is told to.
#[derive(Debug)]
pub struct Lossy {
    inner: Arc<dyn PubSub>,
    pub losing: AtomicBool,
}

#[async_trait]
impl PubSub for Lossy {
    async fn publish(&self, topic: &str, message: &[u8]) -> Result<(), ClusterError> {
        if self.losing.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.inner.publish(topic, message).await
    }

    async fn subscribe(&self, topic: &str) -> Subscription {
        self.inner.subscribe(topic).await
    }
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub name: String,
    pub session: SessionId,
    pub token: String,
}

/// Everything that nodes share.
pub struct World {
    pub database: TestDatabase,
    pub directory: Arc<Directory>,
    pub users: Arc<UsersLog>,
    pub cluster: Cluster,
    pub lossy: Arc<Lossy>,
    pub settings: marquis_config::Chat,
    clock: SharedClock,
    key: SigningKey,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With heartbeats that a test can see fail.
    pub async fn pulsing() -> Self {
        Self::with(|settings| {
            settings.ping_interval = Span::from_millis(400);
            settings.ping_timeout = Span::from_millis(600);
        })
        .await
    }

    /// With other settings than those of the tests.
    pub async fn with(change: impl FnOnce(&mut marquis_config::Chat)) -> Self {
        let clock = SystemClock::shared();
        Self::on(Cluster::memory(clock), change).await
    }

    pub async fn on(mut cluster: Cluster, change: impl FnOnce(&mut marquis_config::Chat)) -> Self {
        let mut settings = Config::defaults(Environment::Dev).expect("valid defaults").chat;
        // A test that does not look at a client for a while shall not lose it.
        settings.ping_interval = Span::from_secs(10);
        settings.ping_timeout = Span::from_secs(10);
        settings.connect_timeout = Span::from_millis(800);
        settings.upgrade_timeout = Span::from_millis(800);
        settings.verify_interval = Span::from_millis(100);
        settings.typing_expiry = Span::from_millis(300);
        settings.node_lease = Span::from_millis(900);
        settings.repair_interval = Span::from_millis(300);
        settings.drain_time = Span::from_millis(200);
        settings.limits.messages = 1_000_000;
        settings.limits.actions = 1_000_000;
        settings.limits.connections = 1_000_000;
        change(&mut settings);
        let lossy =
            Arc::new(Lossy { inner: Arc::clone(&cluster.pubsub), losing: AtomicBool::new(false) });
        cluster.pubsub = Arc::clone(&lossy) as _;
        Self {
            database: TestDatabase::new(NAME, MIGRATIONS).await,
            directory: Arc::default(),
            users: Arc::default(),
            cluster,
            lossy,
            settings,
            clock: SystemClock::shared(),
            key: SigningKey::generate().expect("a key").0,
        }
    }

    /// A node that serves sockets.
    pub async fn node(&self) -> Node {
        Node::start(self).await
    }

    pub fn person(&self, name: &str) -> Person {
        self.person_for(name, 900)
    }

    /// Somebody whose token lasts so many seconds.
    pub fn person_for(&self, name: &str, seconds: i64) -> Person {
        let id = UserId::new(&*self.clock);
        self.directory.names.lock().insert(id, name.to_owned());
        self.token(id, name, seconds)
    }

    /// Another token of a person, in another session.
    pub fn token(&self, id: UserId, name: &str, seconds: i64) -> Person {
        let now = self.clock.unix();
        let session = SessionId::new(&*self.clock);
        let claims = AccessClaims {
            iss: "https://marquis.test".to_owned(),
            aud: "marquis".to_owned(),
            sub: id,
            exp: now + seconds,
            iat: now,
            jti: new_uuid(&*self.clock),
            sid: session,
            roles: vec![Role::User],
            amr: vec!["pwd".to_owned()],
        };
        let token = sign(&claims, &self.key);
        Person { id, name: name.to_owned(), session, token }
    }

    /// Tells all nodes what a service has in its log.
    pub async fn publish(&self, service: &str, kind: &str, user: UserId) {
        let event = event(kind, user);
        let event = serde_json::to_vec(&event).expect("JSON");
        let topic = marquis_contracts::events::topic(service);
        self.cluster.pubsub.publish(&topic, &event).await.expect("published");
    }

    /// One number from the tables.
    pub async fn number(&self, sql: &str) -> i64 {
        self.database.client().await.query_one(sql, &[]).await.expect(sql).get(0)
    }

    /// The events of a kind, as `(subject, data)`.
    pub async fn events(&self, kind: &str) -> Vec<(String, Value)> {
        let sql = "SELECT subject, data FROM outbox WHERE kind = $1 ORDER BY position";
        let rows = self.database.client().await.query(sql, &[&kind]).await.expect(sql);
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// One process, as far as the others can tell: it has a runtime of its own.
pub struct Node {
    pub address: SocketAddr,
    pub chat: Arc<Chat>,
    pub verifier: Arc<LocalVerifier>,
    pub metrics: Arc<Metrics>,
    stop: CancellationToken,
    stopped: Option<tokio::sync::oneshot::Receiver<()>>,
    runtime: Option<Runtime>,
}

impl Node {
    async fn start(world: &World) -> Self {
        let issuer = Arc::new(Issuer(JwkSet { keys: vec![world.key.public_jwk()] }));
        let rules = TokenRules {
            issuer: "https://marquis.test".to_owned(),
            audience: "marquis".to_owned(),
            leeway: Duration::from_secs(1),
        };
        let verifier = LocalVerifier::new(issuer, rules, Arc::clone(&world.clock));
        let metrics = Metrics::new();
        let parts = ChatParts {
            settings: world.settings.clone(),
            database: world.database.database(),
            cluster: world.cluster.clone(),
            verifier: Arc::clone(&verifier) as _,
            identities: Arc::clone(&world.directory) as _,
            users_events: Arc::clone(&world.users) as _,
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&world.clock),
            limits: ServiceLimits::default(),
            draining: CancellationToken::new(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let stop = CancellationToken::new();
        let (done, stopped) = tokio::sync::oneshot::channel();
        let stopping = stop.clone();
        let (chat, address) = runtime
            .spawn(async move {
                let chat = Arc::new(Chat::new(parts));
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = listener.local_addr().expect("an address");
                let serving = CancellationToken::new();
                let limits = ServerLimits { drain: Duration::from_secs(1), ..Default::default() };
                tokio::spawn(server::serve(listener, chat.router(), limits, serving.clone()));
                let running = Arc::clone(&chat);
                tokio::spawn(async move {
                    running.run(stopping).await;
                    serving.cancel();
                    let _ = done.send(());
                });
                (chat, address)
            })
            .await
            .expect("it starts");
        let (stopped, runtime) = (Some(stopped), Some(runtime));
        let node = Self { address, chat, verifier, metrics, stop, stopped, runtime };
        node.ready(world).await;
        node
    }

    /// Until the node lets people in.
    async fn ready(&self, world: &World) {
        let probe = world.person("probe");
        marquis_testkit::eventually(PATIENCE, || async {
            let mut client = Client::open(self.address).await;
            client.say(&format!("40{}", json!({ "token": probe.token }))).await;
            client.try_packet().await.is_some_and(|packet| packet.starts_with("40"))
        })
        .await;
        marquis_testkit::eventually(PATIENCE, || async { self.chat.sessions() == 0 }).await;
    }

    /// A client of somebody, connected and live.
    pub async fn connect(&self, person: &Person) -> Client {
        let mut client = Client::open(self.address).await;
        client.join(&person.token).await;
        client
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// As SIGTERM, to its end.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let stopped = self.stopped.take().expect("it ran");
        tokio::time::timeout(PATIENCE, stopped).await.expect("in time").expect("it ends");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
