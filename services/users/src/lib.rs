//! Users: the directory of people, their profiles and pictures, who is connected, and what
//! the law gives people over their data.
//!
//! [`Users`] is all that the composition root sees: it takes what the service needs and
//! offers its routes, its background work, its log of events and the renewal of keys.

pub mod application;
pub mod domain;
mod infrastructure;
mod interfaces;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use marquis_authz as authz;
use marquis_cluster::{Cluster, Quota};
use marquis_contracts::events::{EventSource, topic};
use marquis_contracts::identity::TokenVerifier;
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_contracts::presence::Presence;
use marquis_database::feed::{OutboxSource, Subscription};
use marquis_database::outbox::Relay;
use marquis_database::{Database, Migration};
use marquis_envelope::Keyring;
use marquis_http::Service;
use marquis_http::health::{CheckFailure, HealthChecks};
use marquis_http::service::ServiceLimits;
use marquis_kernel::SharedClock;
use marquis_telemetry::metrics::Metrics;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

pub use application::ports::StoreError;

use application::acquaintance::Acquaintance;
use application::change_picture::ChangePicture;
use application::change_profile::ChangeProfile;
use application::check_presence::CheckPresence;
use application::erase::Erase;
use application::export::Export;
use application::find_people::FindPeople;
use application::picture::PictureLimits;
use infrastructure::consumers::{AuthEvents, ChatEvents};
use infrastructure::local_pictures::LocalPictures;
use infrastructure::postgres::PostgresPeople;
use infrastructure::publisher::TopicPublisher;
use interfaces::http::{UseCases, routes};

/// Name of the service and of its schema.
pub const NAME: &str = "users";

/// The schema, to be run by [`Database::migrate`].
pub const MIGRATIONS: &[Migration] = marquis_database::migrations!["001_initial_schema"];

/// How often pictures that are nobody's are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// The services that are followed.
const AUTH: &str = "auth";
const CHAT: &str = "chat";

/// What the service needs.
#[derive(Debug)]
pub struct UsersParts {
    /// Section `[users]` of the configuration.
    pub settings: marquis_config::Users,
    /// Where the installation keeps its files.
    pub data_dir: PathBuf,
    /// The keys of personal data.
    pub keyring: Arc<Keyring>,
    /// PostgreSQL, with the schema [`NAME`].
    pub database: Database,
    /// Where events are published and copies counted.
    pub cluster: Cluster,
    /// Who tells whose a token is.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Who owns login names and addresses.
    pub identities: Arc<dyn Identities>,
    /// Who knows who is connected.
    pub presence: Arc<dyn Presence>,
    /// The log of the auth service.
    pub auth_events: Arc<dyn EventSource>,
    /// The log of the chat service, where there is one.
    pub chat_events: Option<Arc<dyn EventSource>>,
    /// The other services that hold personal data, by name.
    pub personal_data: Vec<(&'static str, Arc<dyn PersonalData>)>,
    /// Where requests and queries are counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: SharedClock,
    /// What one request may cost.
    pub limits: ServiceLimits,
    /// Cancelled when the process begins to stop: `/readyz` then answers 503.
    pub draining: CancellationToken,
}

/// What a renewal of keys did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// Data keys that were wrapped anew.
    pub keys: u64,
    /// Blind indexes that were made anew.
    pub indexes: u64,
}

/// The service.
#[derive(Debug)]
pub struct Users {
    use_cases: Arc<UseCases>,
    people: PostgresPeople,
    acquaintance: Acquaintance,
    presence: CheckPresence,
    parts: UsersParts,
}

impl Users {
    /// Ties the service together. Does no I/O.
    #[must_use]
    pub fn new(parts: UsersParts) -> Self {
        let settings = &parts.settings;
        let avatars = &settings.avatars;
        let clock = Arc::clone(&parts.clock);
        let directory = avatars.directory.clone().unwrap_or_else(|| parts.data_dir.join("avatars"));
        let people = PostgresPeople::new(
            parts.database.clone(),
            Arc::clone(&parts.keyring),
            Arc::new(LocalPictures::new(directory)),
            Arc::clone(&clock),
        );
        let store = Arc::new(people.clone());
        let acquaintance = Acquaintance {
            people: Arc::clone(&store) as _,
            identities: Arc::clone(&parts.identities),
            clock: Arc::clone(&clock),
        };
        let find = Arc::new(FindPeople {
            people: Arc::clone(&store) as _,
            acquaintance: acquaintance.clone(),
        });
        let limits = PictureLimits {
            bytes: avatars.maximum_bytes,
            pixels: avatars.maximum_pixels,
            side: avatars.side,
        };
        let use_cases = Arc::new(UseCases {
            find: Arc::clone(&find),
            change: ChangeProfile {
                people: Arc::clone(&store) as _,
                identities: Arc::clone(&parts.identities),
                find: Arc::clone(&find),
                clock: Arc::clone(&clock),
            },
            pictures: ChangePicture::new(
                Arc::clone(&store) as _,
                Arc::clone(&store) as _,
                Arc::clone(&find),
                Arc::clone(&clock),
                limits,
                avatars.concurrency,
            ),
            export: Export {
                find,
                pictures: Arc::clone(&store) as _,
                holders: parts.personal_data.clone(),
                limiter: Arc::clone(&parts.cluster.limiter),
                quota: Quota::new(settings.exports_per_hour, Duration::from_secs(3_600)),
                clock: Arc::clone(&clock),
            },
            erase: Erase {
                people: Arc::clone(&store) as _,
                pictures: Arc::clone(&store) as _,
                clock,
            },
            public_path: avatars.public_path.clone(),
        });
        let presence = CheckPresence { shown: store, presence: Arc::clone(&parts.presence) };
        Self { use_cases, people, acquaintance, presence, parts }
    }

    /// The schema of this service.
    #[must_use]
    pub const fn migrations(&self) -> &'static [Migration] {
        MIGRATIONS
    }

    /// All routes, with health, metrics and documentation.
    pub fn router(&self) -> Router {
        self.service().build()
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

    /// The log of this service's events: `profile.updated`, and `user.erased`, at which every
    /// service forgets a person.
    #[must_use]
    pub fn event_source(&self) -> Arc<dyn EventSource> {
        Arc::new(OutboxSource::new(self.parts.database.clone()))
    }

    /// Background work until `stop`: publishes events, follows those of auth and chat,
    /// corrects presence, removes pictures that nobody has. Outages are waited out. Any
    /// number of nodes may do it at once.
    pub async fn run(&self, stop: CancellationToken) {
        let publisher = TopicPublisher::new(Arc::clone(&self.parts.cluster.pubsub));
        let relay = Relay::new(&self.parts.database, Arc::new(publisher));
        let auth = AuthEvents::new(self.people.clone(), self.acquaintance.clone());
        let chat = ChatEvents::new(self.people.clone(), self.acquaintance.clone());
        let check_every = self.parts.settings.presence_check.duration();
        tokio::join!(
            relay.run(stop.clone()),
            async {
                let (bell, source) = (Arc::default(), Arc::clone(&self.parts.auth_events));
                let subscription = Subscription::new(self.parts.database.clone(), AUTH, source)
                    .woken_by(Arc::clone(&bell));
                tokio::join!(subscription.run(auth, stop.clone()), self.ring(AUTH, &bell, &stop));
            },
            async {
                let Some(source) = self.parts.chat_events.clone() else { return };
                let bell = Arc::default();
                let subscription = Subscription::new(self.parts.database.clone(), CHAT, source)
                    .woken_by(Arc::clone(&bell));
                tokio::join!(subscription.run(chat, stop.clone()), self.ring(CHAT, &bell, &stop));
            },
            async {
                if !check_every.is_zero() && self.parts.chat_events.is_some() {
                    repeat(check_every, &stop, "presence cannot be checked", || async {
                        self.check_presence().await.map(drop)
                    })
                    .await;
                }
            },
            repeat(TIDY_EVERY, &stop, "pictures that are nobody's wait", || async {
                self.use_cases.pictures.remove_unused().await.map(drop)
            }),
        );
    }

    /// Shows everybody as offline who is not connected; how many were shown otherwise.
    /// [`Users::run`] does it regularly.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the rest is corrected next time.
    pub async fn check_presence(&self) -> Result<u64, StoreError> {
        self.presence.run().await
    }

    /// Wraps every data key with the keyring's current version and, with `indexes`, makes
    /// the blind indexes with it as well. Every running process must know that version
    /// already. After a renewal of both nothing needs the older versions. It may be stopped
    /// and repeated at any time, and run beside the service.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was renewed stays so.
    pub async fn renew_keys(&self, indexes: bool) -> Result<Renewal, StoreError> {
        let keys = self.people.renew_keys().await?;
        let indexes = if indexes { self.people.renew_indexes().await? } else { 0 };
        Ok(Renewal { keys, indexes })
    }

    /// Rings whenever a service says that its log has grown.
    async fn ring(&self, service: &str, bell: &Notify, stop: &CancellationToken) {
        let mut messages = self.parts.cluster.pubsub.subscribe(&topic(service)).await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                message = messages.recv() => match message {
                    Some(_) => bell.notify_one(),
                    None => return,
                },
            }
        }
    }

    fn service(&self) -> Service {
        let parts = &self.parts;
        let guarded =
            routes(Arc::clone(&self.use_cases)).layer(authz::layer(Arc::clone(&parts.verifier)));
        // A form has some words around the file.
        let upload = parts.settings.avatars.maximum_bytes.saturating_add(16 * 1024);
        let largest = upload.max(parts.limits.body_size);
        let limits = ServiceLimits { body_size: largest, ..parts.limits };
        Service::new(NAME, Arc::clone(&parts.metrics), Arc::clone(&parts.clock))
            .routes(guarded)
            .health(self.health())
            .limits(limits)
    }
}

/// Does something regularly until told to stop. An outage is logged when it begins.
async fn repeat<F, Work>(every: Duration, stop: &CancellationToken, trouble: &str, work: F)
where
    F: Fn() -> Work,
    Work: Future<Output = Result<(), StoreError>>,
{
    let mut troubled = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        match work().await {
            Ok(()) => troubled = false,
            Err(error) => {
                if !troubled {
                    tracing::warn!(error = &error as &dyn std::error::Error, "{trouble}");
                }
                troubled = true;
            }
        }
    }
}
