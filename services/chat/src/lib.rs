//! Conversations in real time: Socket.IO and a REST interface over messages that are saved,
//! numbered for each person and delivered exactly once and in order, on any number of nodes.
//!
//! [`Chat`] is all that the composition root sees: it takes what the service needs and offers
//! its routes, its background work, and what other services ask it for.

pub mod application;
mod changes;
mod contracts;
pub mod domain;
mod infrastructure;
mod interfaces;
mod pushes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use marquis_authz as authz;
use marquis_cluster::Cluster;
use marquis_contracts::events::{self, EventSource};
use marquis_contracts::identity::TokenVerifier;
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_contracts::presence::Presence;
use marquis_database::feed::{OutboxSource, Subscription};
use marquis_database::outbox::{self, Relay};
use marquis_database::{Database, Migration};
use marquis_http::Service;
use marquis_http::health::{CheckFailure, HealthChecks};
use marquis_http::service::ServiceLimits;
use marquis_kernel::{SharedClock, random};
use marquis_telemetry::metrics::Metrics;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use application::conversations::Conversations;
use application::delivery::{Departures, Post, Registry};
use application::limits::Limits;
use application::names::Names;
use application::presence::KeepPresence;
use application::send_message::{SendMessage, SendParts, Writer};
use application::typing::Typing;
use infrastructure::erasure::Erasure;
use infrastructure::postgres::PostgresChat;
use infrastructure::publisher::TopicPublisher;
use interfaces::http::{HttpState, routes};
use interfaces::socket::engine::{Engine, EngineSettings};
use interfaces::socket::{ClientSettings, Clients, Doorkeeper, UseCases};

/// Name of the service and of its schema.
pub const NAME: &str = "chat";

/// The schema, to be run by [`Database::migrate`].
pub const MIGRATIONS: &[Migration] =
    marquis_database::migrations!["001_initial_schema", "002_erased_people", "003_content_hash"];

/// The service whose log says who is erased.
const USERS: &str = "users";
/// The service that says who is called something else.
const AUTH: &str = "auth";

/// How long events can be read by other services.
const EVENTS_KEPT: time::Duration = time::Duration::days(7);
/// How often older ones are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);
/// How long the end of the service may take beyond its draining.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What the service needs.
#[derive(Debug)]
pub struct ChatParts {
    /// Section `[chat]` of the configuration.
    pub settings: marquis_config::Chat,
    /// PostgreSQL, with the schema [`NAME`].
    pub database: Database,
    /// Pub/sub between nodes, and rate limits.
    pub cluster: Cluster,
    /// Who tells whose a token is.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Who tells what people are called.
    pub identities: Arc<dyn Identities>,
    /// The log of the users service, for `user.erased`.
    pub users_events: Arc<dyn EventSource>,
    /// Where requests, messages and sockets are counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: SharedClock,
    /// What one HTTP request may cost; sockets have limits of their own.
    pub limits: ServiceLimits,
    /// Cancelled when the process begins to stop: `/readyz` then answers 503.
    pub draining: CancellationToken,
}

/// The service.
#[derive(Debug)]
pub struct Chat {
    store: Arc<PostgresChat>,
    registry: Arc<Registry>,
    post: Arc<Post>,
    names: Arc<Names>,
    typing: Arc<Typing>,
    use_cases: Arc<UseCases>,
    clients: Arc<Clients>,
    engine: Arc<Engine>,
    /// Taken by the one call of [`Chat::run`].
    work: Mutex<Option<(Departures, Vec<Writer>)>>,
    parts: ChatParts,
}

impl Chat {
    /// Ties the service together. Does no I/O.
    #[must_use]
    pub fn new(parts: ChatParts) -> Self {
        let settings = &parts.settings;
        let clock = Arc::clone(&parts.clock);
        let lease = settings.node_lease.duration();
        let store = Arc::new(PostgresChat::new(parts.database.clone(), Arc::clone(&clock), lease));
        let names = Names::new(Arc::clone(&parts.identities));
        let typing = Arc::new(Typing::new(settings.typing_expiry.duration()));
        let (registry, departures) = Registry::new();
        let post = Post::new(
            Arc::clone(&registry),
            Arc::clone(&store) as _,
            Arc::clone(&store) as _,
            Arc::clone(&names),
            Arc::clone(&typing),
            Arc::clone(&parts.cluster.pubsub),
        );
        let bounds = &settings.limits;
        let limits = Arc::new(Limits::new(
            Arc::clone(&parts.cluster.limiter),
            (bounds.messages, bounds.message_burst),
            (bounds.actions, bounds.action_burst),
            (bounds.connections, bounds.connection_burst),
        ));
        let sending = SendParts {
            store: Arc::clone(&store) as _,
            post: Arc::clone(&post),
            names: Arc::clone(&names),
            limits: Arc::clone(&limits),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&parts.metrics),
        };
        let (send, writers) = SendMessage::new(sending, widened(settings.writers));
        let conversations = Conversations {
            store: Arc::clone(&store) as _,
            post: Arc::clone(&post),
            names: Arc::clone(&names),
            limits: Arc::clone(&limits),
            clock: Arc::clone(&clock),
        };
        let use_cases = Arc::new(UseCases { send, conversations });
        let clients = Clients::new(
            Arc::clone(&use_cases),
            Arc::clone(&post),
            Arc::clone(&names),
            limits,
            Arc::clone(&parts.verifier),
            clock,
            ClientSettings {
                max_sockets: widened(settings.max_sockets),
                verify_interval: settings.verify_interval.duration(),
            },
        );
        let gauge = parts.metrics.websocket_connections_active.clone();
        let engine = Engine::new(
            engine_settings(settings),
            Arc::new(Doorkeeper(Arc::clone(&clients))),
            Box::new(move |change| gauge.add(change)),
        );
        let work = Mutex::new(Some((departures, writers)));
        Self { store, registry, post, names, typing, use_cases, clients, engine, work, parts }
    }

    /// The schema of this service.
    #[must_use]
    pub const fn migrations(&self) -> &'static [Migration] {
        MIGRATIONS
    }

    /// All routes, with health, metrics and documentation, and `/socket.io/`.
    ///
    /// A WebSocket needs `hyper::upgrade::OnUpgrade` in the request's extensions, where hyper
    /// and whoever dispatches in memory put it.
    pub fn router(&self) -> Router {
        // Polls wait longer than a request may; so the sockets are outside of those limits.
        self.engine.routes().merge(self.service().build())
    }

    /// The OpenAPI document of the routes.
    #[must_use]
    pub fn openapi(&self) -> OpenApi {
        self.service().openapi()
    }

    /// What `/health` checks.
    #[must_use]
    pub fn health(&self) -> HealthChecks {
        let database = self.parts.database.clone();
        HealthChecks::new().draining(self.parts.draining.clone()).required("database", move || {
            let database = database.clone();
            async move {
                let answered = database.ping().await;
                answered.map_err(|error| CheckFailure::caused_by("does not answer", error))
            }
        })
    }

    /// This service's log of events: `message.missed`, `presence.online`, `presence.offline`.
    #[must_use]
    pub fn event_source(&self) -> Arc<dyn EventSource> {
        Arc::new(OutboxSource::new(self.parts.database.clone()))
    }

    /// Who is connected.
    #[must_use]
    pub fn presence(&self) -> Arc<dyn Presence> {
        Arc::new(contracts::ChatPresence(Arc::clone(&self.store) as _))
    }

    /// What is held about a person.
    #[must_use]
    pub fn personal_data(&self) -> Arc<dyn PersonalData> {
        Arc::new(contracts::ChatPersonalData(Arc::clone(&self.store) as _))
    }

    /// Open sockets of this node, for tests and tools.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.engine.count()
    }

    /// Everything that happens by itself, until `stop`; then lets nobody in any more, spreads
    /// the disconnection of the sockets over `drain_time`, saves what was sent and says who
    /// has gone. Sockets are served while this runs and not otherwise. A second call returns
    /// at once. Outages are waited out.
    pub async fn run(&self, stop: CancellationToken) {
        let Some((departures, writers)) = self.work.lock().take() else { return };
        let settings = &self.parts.settings;
        // In this order: sockets, what they asked for, who they were, and this node itself.
        let saving = CancellationToken::new();
        let leaving = CancellationToken::new();
        let ending = CancellationToken::new();
        let publisher = TopicPublisher::new(Arc::clone(&self.parts.cluster.pubsub));
        let relay = Relay::new(&self.parts.database, Arc::new(publisher));
        let erasure =
            Erasure { names: Arc::clone(&self.names), registry: Arc::clone(&self.registry) };
        let presence = KeepPresence {
            connections: Arc::clone(&self.store) as _,
            post: Arc::clone(&self.post),
            name: format!("{}-{:08x}", NAME, u32::from_be_bytes(random::bytes())),
            lease: settings.node_lease.duration(),
        };
        let writing = writers.into_iter().map(|writer| writer.run(saving.clone()));
        let order = async {
            stop.cancelled().await;
            self.engine.drain(settings.drain_time.duration()).await;
            saving.cancel();
        };
        let sockets = async {
            tokio::join!(order, futures_util::future::join_all(writing));
            leaving.cancel();
        };
        let people = async {
            presence.follow(departures, &leaving).await;
            // A store that is away ends this by itself.
            let _ = tokio::time::timeout(LAST_WORDS, presence.close()).await;
            ending.cancel();
        };
        tokio::join!(
            Box::pin(sockets),
            Box::pin(people),
            Box::pin(relay.run(ending.clone())),
            Box::pin(self.follow_users(erasure, stop.clone())),
            Box::pin(presence.keep_lease(&ending)),
            Box::pin(self.engine.keep_time(&ending)),
            Box::pin(self.clients.verify(&ending)),
            Box::pin(pushes::deliver(&self.parts.cluster, &self.post, &ending)),
            Box::pin(self.follow_changes(USERS, &ending)),
            Box::pin(self.follow_changes(AUTH, &ending)),
            Box::pin(self.end_typing(&ending)),
            Box::pin(repeat(settings.repair_interval.duration(), &ending, || self.post.compare())),
            Box::pin(repeat(SWEEP_EVERY, &ending, || self.sweep())),
        );
    }

    /// Learns who is erased, at once where the cluster tells, soon where it does not.
    async fn follow_users(&self, erasure: Erasure, stop: CancellationToken) {
        let bell = Arc::new(Notify::new());
        let news = self.parts.cluster.pubsub.subscribe(&events::topic(USERS)).await;
        let source = Arc::clone(&self.parts.users_events);
        let subscription = Subscription::new(self.parts.database.clone(), USERS, source)
            .woken_by(Arc::clone(&bell))
            .run(erasure, stop);
        tokio::pin!(subscription);
        tokio::select! {
            () = &mut subscription => return,
            () = news.ring(&bell) => {}
        }
        // The cluster is gone; the log is still read by polling.
        subscription.await;
    }

    async fn follow_changes(&self, service: &str, stop: &CancellationToken) {
        let (names, registry) = (&self.names, &self.registry);
        changes::follow(&self.parts.cluster, service, names, registry, stop).await;
    }

    async fn end_typing(&self, stop: &CancellationToken) {
        repeat(self.typing.tick(), stop, || async {
            for shown in self.typing.expired() {
                self.post.show_typing(shown, false);
            }
        })
        .await;
    }

    async fn sweep(&self) {
        let before = self.parts.clock.now() - EVENTS_KEPT;
        if let Err(error) = outbox::sweep(&self.parts.database, before).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "old events wait");
        }
    }

    fn service(&self) -> Service {
        let parts = &self.parts;
        let state =
            HttpState { use_cases: Arc::clone(&self.use_cases), names: Arc::clone(&self.names) };
        let guarded = routes(Arc::new(state)).layer(authz::layer(Arc::clone(&parts.verifier)));
        Service::new(NAME, Arc::clone(&parts.metrics), Arc::clone(&parts.clock))
            .routes(guarded)
            .health(self.health())
            .limits(parts.limits)
    }
}

fn engine_settings(settings: &marquis_config::Chat) -> EngineSettings {
    EngineSettings {
        ping_interval: settings.ping_interval.duration(),
        ping_timeout: settings.ping_timeout.duration(),
        connect_timeout: settings.connect_timeout.duration(),
        upgrade_timeout: settings.upgrade_timeout.duration(),
        max_packet: widened(settings.max_packet),
        max_backlog: widened(settings.max_backlog),
    }
}

/// Does something regularly until told to stop.
async fn repeat<Work: Future<Output = ()>>(
    every: Duration,
    stop: &CancellationToken,
    work: impl Fn() -> Work,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        work().await;
    }
}

fn widened(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
