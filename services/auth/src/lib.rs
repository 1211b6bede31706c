//! Identity: who can sign in, with which tokens, from which sessions.
//!
//! [`Auth`] is the whole service: give it a database, a cluster and its settings, and take
//! from it a router, an issuer for the other roles of this process, a verifier, and the
//! background work. Nothing is done before it is asked; a database that is down fails no
//! construction.
//!
//! What works while PostgreSQL is away: tokens are verified; `/auth/me` answers for
//! accounts that were asked for lately; keys are published. Everything else is 503. While
//! Redis is away: limits count per node, changes of an account reach other nodes within
//! seconds instead of at once.

pub mod application;
pub mod domain;
mod infrastructure;
mod interfaces;
mod operation;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use marquis_authz::{LocalVerifier, TokenRules, internal};
use marquis_cluster::{Cluster, PubSub};
use marquis_config::Environment;
use marquis_config::sections::auth::Auth as Settings;
use marquis_contracts::events::{self, Event, EventSource};
use marquis_contracts::identity::TokenIssuer;
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_database::feed::{OutboxSource, Subscription};
use marquis_database::outbox::{Publisher, Relay};
use marquis_database::{Database, Migration};
use marquis_envelope::Keyring;
use marquis_http::Service;
use marquis_http::health::{CheckFailure, HealthChecks};
use marquis_http::service::ServiceLimits;
use marquis_kernel::{Secret, SharedClock};
use marquis_telemetry::metrics::Metrics;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

pub use application::AuthError;
use application::Identity;
pub use application::admin::OneTimePassword;
use application::people::People;
pub use application::seed::Seeded;
use domain::lockout::LockoutPolicy;
use domain::refresh::SessionPolicy;
use domain::signing::RotationPolicy;
pub use domain::{Email, Username};
use infrastructure::addresses::Addresses;
use infrastructure::announcer::{self, ClusterAnnouncer};
use infrastructure::derived_keys::{DerivedKeys, MasterKeyTooShort};
use infrastructure::erasure::ForgetErased;
use infrastructure::failure_limiter::ClusterFailureLimiter;
use infrastructure::hashing::BcryptHasher;
use infrastructure::issuer::PostgresIssuer;
use infrastructure::keyring::KeyRing;
pub use infrastructure::keyring::KeyRotation;
use infrastructure::postgres::PostgresStore;
use infrastructure::upkeep;
pub use infrastructure::upkeep::Swept;
use infrastructure::user_cache::UserCache;
use interfaces::http::{self, Api};
pub use operation::Renewal;

/// The service whose events tell who was erased.
const USERS: &str = "users";

/// The schema and the service's name.
pub const SERVICE: &str = "auth";

const MIGRATIONS: &[Migration] =
    marquis_database::migrations!["001_initial_schema", "002_people", "003_sealed_addresses"];

/// Retired keys stay published this long after the longest token they may have signed.
const KEY_MARGIN: Duration = Duration::from_secs(600);
/// How far the clocks of two nodes may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// What the service needs.
pub struct AuthParts {
    /// The section `[auth]`.
    pub settings: Settings,
    /// `secrets.master_key`: at least 32 bytes, the same on every node.
    pub master_key: Secret,
    /// The keys of personal data; the same on every node.
    pub keyring: Arc<Keyring>,
    /// The schema `auth`.
    pub database: Database,
    /// What the nodes share.
    pub cluster: Cluster,
    /// The process's metrics.
    pub metrics: Arc<Metrics>,
    /// Time.
    pub clock: SharedClock,
    /// Test accounts are refused in production.
    pub environment: Environment,
    /// Limits of one HTTP request.
    pub limits: ServiceLimits,
    /// Cancelled when the process is about to stop: `/readyz` then says no.
    pub shutdown: CancellationToken,
}

impl std::fmt::Debug for AuthParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthParts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The service cannot be built from its parts.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The master key is too short.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyTooShort),
}

/// The identity service.
#[derive(Clone)]
pub struct Auth {
    identity: Arc<Identity>,
    store: Arc<PostgresStore>,
    addresses: Addresses,
    /// The log of the service that keeps profiles, once it is known.
    erasures: Arc<OnceLock<Arc<dyn EventSource>>>,
    database: Database,
    cluster: Cluster,
    users: Arc<UserCache>,
    keys: Arc<KeyRing>,
    issuer: Arc<PostgresIssuer>,
    verifier: Arc<LocalVerifier>,
    metrics: Arc<Metrics>,
    clock: SharedClock,
    environment: Environment,
    limits: ServiceLimits,
    shutdown: CancellationToken,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

impl Auth {
    /// Builds the service. Does no I/O.
    ///
    /// # Errors
    ///
    /// [`SetUpError`].
    pub fn new(parts: AuthParts) -> Result<Self, SetUpError> {
        let AuthParts { settings, master_key, keyring, database, cluster, metrics, clock, .. } =
            parts;
        let addresses = Addresses::new(keyring);
        let derived = Arc::new(DerivedKeys::derive(&master_key)?);
        let hasher = BcryptHasher::new(&settings.passwords, &derived);
        let tokens = &settings.tokens;
        let rotation = RotationPolicy {
            period: settings.signing_keys.rotation.duration(),
            publish_ahead: settings.signing_keys.publish_ahead.duration(),
            publish_after: marquis_authz::MAX_LIFETIME + KEY_MARGIN,
        };
        let keys = Arc::new(KeyRing::new(
            database.clone(),
            Arc::clone(&derived),
            rotation,
            Arc::clone(&cluster.pubsub),
            Arc::clone(&clock),
        ));
        let issuer =
            Arc::new(PostgresIssuer::new(Arc::clone(&keys), database.clone(), Arc::clone(&clock)));
        let rules = TokenRules {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            leeway: LEEWAY,
        };
        let verifier = LocalVerifier::new(
            Arc::clone(&issuer) as Arc<dyn TokenIssuer>,
            rules,
            Arc::clone(&clock),
        );
        let users = Arc::new(UserCache::new(
            settings.user_cache.capacity,
            settings.user_cache.ttl.duration(),
            Arc::clone(&clock),
        ));
        let store =
            Arc::new(PostgresStore::new(database.clone(), Arc::clone(&users), addresses.clone()));
        let identity = Identity {
            accounts: store.clone(),
            sessions: store.clone(),
            attempts: store.clone(),
            audit: store.clone(),
            hasher: Arc::new(hasher),
            signer: keys.clone(),
            limiter: Arc::new(ClusterFailureLimiter::new(
                Arc::clone(&cluster.limiter),
                settings.lockout.failures_per_minute,
            )),
            announcer: Arc::new(ClusterAnnouncer::new(
                Arc::clone(&verifier),
                Arc::clone(&users),
                Arc::clone(&cluster.pubsub),
            )),
            pseudonyms: derived,
            clock: Arc::clone(&clock),
            lockout: LockoutPolicy {
                failures: settings.lockout.failures,
                duration: settings.lockout.duration.duration(),
            },
            session_policy: SessionPolicy {
                access_lifetime: tokens.access_lifetime.duration(),
                lifetime: tokens.session_lifetime.duration(),
                idle: tokens.session_idle.duration(),
                grace: tokens.refresh_grace.duration(),
            },
            issuer: settings.issuer,
            audience: settings.audience,
        };
        Ok(Self {
            identity: Arc::new(identity),
            store,
            addresses,
            erasures: Arc::default(),
            database,
            cluster,
            users,
            keys,
            issuer,
            verifier,
            metrics,
            clock,
            environment: parts.environment,
            limits: parts.limits,
            shutdown: parts.shutdown,
        })
    }

    /// The service's migrations, in order.
    #[must_use]
    pub const fn migrations() -> &'static [Migration] {
        MIGRATIONS
    }

    /// The HTTP service: its routes with health, metrics and documentation around them.
    pub fn router(&self) -> axum::Router {
        self.service().build()
    }

    /// The completed OpenAPI document.
    #[must_use]
    pub fn openapi(&self) -> OpenApi {
        self.service().openapi()
    }

    fn service(&self) -> Service {
        let api = Api { identity: Arc::clone(&self.identity), issuer: self.issuer() };
        let routes = http::routes(api, marquis_authz::layer(self.verifier()));
        Service::new(SERVICE, Arc::clone(&self.metrics), Arc::clone(&self.clock))
            .routes(routes)
            .routes(internal::event_routes(self.event_source()))
            .routes(internal::identity_routes(self.identities()))
            .routes(internal::personal_data_routes(self.personal_data()))
            .health(self.health())
            .limits(self.limits)
    }

    /// What the service depends on.
    #[must_use]
    pub fn health(&self) -> HealthChecks {
        let database = self.database.clone();
        let cluster = self.cluster.clone();
        HealthChecks::new()
            .required("database", move || {
                let database = database.clone();
                async move {
                    database.ping().await.map_err(|error| {
                        CheckFailure::caused_by("the database does not answer", error)
                    })
                }
            })
            .optional("cache", move || {
                let cluster = cluster.clone();
                async move {
                    cluster
                        .ping()
                        .await
                        .map_err(|error| CheckFailure::caused_by("Redis does not answer", error))
                }
            })
            .draining(self.shutdown.clone())
    }

    /// The issuer, for verifiers in this process.
    #[must_use]
    pub fn issuer(&self) -> Arc<dyn TokenIssuer> {
        Arc::clone(&self.issuer) as Arc<dyn TokenIssuer>
    }

    /// The verifier of this process: it hears of revocations made here at once. Share it
    /// with the other roles rather than building a second one.
    #[must_use]
    pub fn verifier(&self) -> Arc<LocalVerifier> {
        Arc::clone(&self.verifier)
    }

    /// Names and addresses, for services in this process.
    #[must_use]
    pub fn identities(&self) -> Arc<dyn Identities> {
        Arc::new(People(Arc::clone(&self.identity)))
    }

    /// This service's log of events.
    #[must_use]
    pub fn event_source(&self) -> Arc<dyn EventSource> {
        Arc::new(OutboxSource::new(self.database.clone()))
    }

    /// What this service holds about people.
    #[must_use]
    pub fn personal_data(&self) -> Arc<dyn PersonalData> {
        Arc::clone(&self.store) as Arc<dyn PersonalData>
    }

    /// Names the log of the service that keeps profiles: whom it erases is erased here too.
    /// To be called before [`Auth::run`]; the first call counts.
    pub fn subscribe(&self, users: Arc<dyn EventSource>) {
        self.erasures.get_or_init(|| users);
    }

    /// Erases here whom the service of profiles erased. Without its log there is nothing to do.
    async fn follow_erasures(&self, stop: CancellationToken) {
        let Some(source) = self.erasures.get() else { return };
        let handler = ForgetErased {
            announcer: Arc::clone(&self.identity.announcer),
            pseudonyms: Arc::clone(&self.identity.pseudonyms),
            addresses: self.addresses.clone(),
            clock: Arc::clone(&self.clock),
        };
        let bell = Arc::new(Notify::new());
        let news = self.cluster.pubsub.subscribe(&events::topic(USERS)).await;
        let subscription = Subscription::new(self.database.clone(), USERS, Arc::clone(source))
            .woken_by(Arc::clone(&bell))
            .run(handler, stop.clone());
        tokio::pin!(subscription);
        tokio::select! {
            () = &mut subscription => return,
            () = news.ring(&bell) => {}
        }
        // The cluster is gone; the log is still read by polling.
        subscription.await;
    }

    /// Background work until `stop`: verification data, key rotation, changes told by other
    /// nodes, removal of what ended, the outbox, and the log given to [`Auth::subscribe`].
    pub async fn run(&self, stop: CancellationToken) {
        let publisher = Arc::new(ClusterPublisher(Arc::clone(&self.cluster.pubsub)));
        let relay = Relay::new(&self.database, publisher).run(stop.clone());
        let verifier = Arc::clone(&self.verifier).run(stop.clone());
        let keys = upkeep::keep_keys(Arc::clone(&self.keys), Arc::clone(&self.cluster.pubsub));
        let sweep = upkeep::keep_sweeping(self.database.clone(), Arc::clone(&self.clock));
        let active = upkeep::keep_counting(
            self.database.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.metrics),
        );
        let changes = announcer::listen(&self.users, &*self.cluster.pubsub);
        let endless = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = async { tokio::join!(keys, sweep, active, changes); } => {}
            }
        };
        let erasures = self.follow_erasures(stop.clone());
        // Boxed: the caller's future should not carry all of these inline.
        tokio::join!(Box::pin(relay), Box::pin(verifier), Box::pin(erasures), Box::pin(endless));
    }
}

/// Events leave over the cluster's topic of the service.
struct ClusterPublisher(Arc<dyn PubSub>);

#[async_trait]
impl Publisher for ClusterPublisher {
    async fn publish(&self, events: &[Event]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let topic = events::topic(SERVICE);
        for event in events {
            self.0.publish(&topic, &serde_json::to_vec(event)?).await?;
        }
        Ok(())
    }
}
