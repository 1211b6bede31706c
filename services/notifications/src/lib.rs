//! Notifications: stored with the event they tell of, and brought to their person in the app,
//! by e-mail and by Web Push, as that person wants it.
//!
//! [`Notifications`] is all that the composition root sees: it takes what the service needs
//! and offers its routes, its background work and its share of a person's data.

pub mod application;
pub mod domain;
mod infrastructure;
mod interfaces;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use axum::Router;
use marquis_authz as authz;
use marquis_cluster::Cluster;
use marquis_contracts::events::{EventSource, topic};
use marquis_contracts::identity::TokenVerifier;
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_database::feed::Subscription;
use marquis_database::jobs::Worker;
use marquis_database::{Database, Migration};
use marquis_http::Service;
use marquis_http::health::{CheckFailure, HealthChecks};
use marquis_http::service::ServiceLimits;
use marquis_kernel::SharedClock;
use marquis_telemetry::metrics::Metrics;
use prometheus::{IntCounterVec, Opts};
use time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

pub use application::ports::StoreError;

use application::choose::ChoosePreferences;
use application::dead_letters::TendDeadLetters;
use application::deliver::Deliver;
use application::export::ExportPersonalData;
use application::inbox::ReadInbox;
use application::ports::{Letters, Mailer, Pusher};
use application::subscriptions::KeepSubscriptions;
use application::view::Presenter;
use domain::Delays;
use infrastructure::announce::{ClusterAnnouncer, ring};
use infrastructure::authorities::{self, AuthoritiesError};
use infrastructure::events::EventHandler;
use infrastructure::jobs;
use infrastructure::mail::{Post, SmtpError};
use infrastructure::postgres::PostgresNotifications;
use infrastructure::web_push::{VapidError, VapidKey, WebPushClient};
use interfaces::http::{UseCases, routes};

/// Name of the service and of its schema.
pub const NAME: &str = "notifications";

/// The schema, to be run by [`Database::migrate`].
pub const MIGRATIONS: &[Migration] = marquis_database::migrations!["001_initial_schema"];

/// How often what is older than its retention is deleted.
const SWEEP_EVERY: StdDuration = StdDuration::from_secs(600);
/// How long handled events and erased people are remembered: longer than any service's log
/// of events reaches back.
const REMEMBER: Duration = Duration::days(30);

/// A service whose events are listened to.
#[derive(Debug, Clone)]
pub struct Source {
    /// The service's name.
    pub name: &'static str,
    /// Its log.
    pub events: Arc<dyn EventSource>,
}

/// What the service needs.
#[derive(Debug)]
pub struct NotificationsParts {
    /// Section `[notifications]` of the configuration.
    pub settings: marquis_config::Notifications,
    /// PostgreSQL, with the schema [`NAME`].
    pub database: Database,
    /// Where open sockets are reached, and where logs of events announce that they grew.
    pub cluster: Cluster,
    /// Who tells whose a token is.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Who knows names and addresses.
    pub identities: Arc<dyn Identities>,
    /// Whose events are told: auth, chat, payments, users.
    pub sources: Vec<Source>,
    /// Where the VAPID key and, in development, e-mails are kept.
    pub data_dir: PathBuf,
    /// Where requests, queries and deliveries are counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: SharedClock,
    /// What one request may cost.
    pub limits: ServiceLimits,
    /// Cancelled when the process begins to stop: `/readyz` then answers 503.
    pub draining: CancellationToken,
}

/// Why the service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The VAPID key.
    #[error(transparent)]
    Vapid(#[from] VapidKeyError),
    /// E-mail.
    #[error("e-mail cannot be set up")]
    Mail(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Whom to trust.
    #[error("outgoing TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Two of these services share one set of metrics.
    #[error("deliveries cannot be counted")]
    Metrics(#[from] prometheus::Error),
}

/// The key that push services know us by cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("Web Push cannot be set up")]
pub struct VapidKeyError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<VapidError> for SetupError {
    fn from(error: VapidError) -> Self {
        Self::Vapid(VapidKeyError(error.into()))
    }
}

impl From<SmtpError> for SetupError {
    fn from(error: SmtpError) -> Self {
        Self::Mail(error.into())
    }
}

impl From<AuthoritiesError> for SetupError {
    fn from(error: AuthoritiesError) -> Self {
        Self::Tls(error.into())
    }
}

/// The service.
#[derive(Debug)]
pub struct Notifications {
    use_cases: Arc<UseCases>,
    store: Arc<PostgresNotifications>,
    deliver: Arc<Deliver>,
    personal_data: Arc<ExportPersonalData>,
    deliveries: IntCounterVec,
    parts: NotificationsParts,
}

impl Notifications {
    /// Ties the service together. Of I/O it does no more than reading certificate authorities
    /// and reading, or at the first start making, the VAPID key.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    pub fn new(parts: NotificationsParts) -> Result<Self, SetupError> {
        let settings = &parts.settings;
        let clock = Arc::clone(&parts.clock);
        let store =
            Arc::new(PostgresNotifications::new(parts.database.clone(), Arc::clone(&clock)));
        let presenter = Presenter { identities: Arc::clone(&parts.identities) };
        let authorities = settings.tls.authorities.as_deref();

        let mut letters: Option<Arc<dyn Letters>> = None;
        let mailer: Arc<dyn Mailer> = match Post::new(&settings.mail, &parts.data_dir, authorities)?
        {
            Post::Off(mailer) => Arc::new(mailer),
            Post::Smtp(mailer) => Arc::new(mailer),
            Post::Files(mailbox) => {
                let mailbox = Arc::new(mailbox);
                if settings.mail.page {
                    letters = Some(Arc::clone(&mailbox) as _);
                }
                mailbox
            }
        };
        let push = &settings.web_push;
        let mut public_key = None;
        let mut pusher: Option<Arc<dyn Pusher>> = None;
        if push.enabled {
            let key = Arc::new(VapidKey::load(&push.private_key, &parts.data_dir)?);
            public_key = Some(key.public().to_owned());
            pusher = Some(Arc::new(WebPushClient {
                key,
                contact: push.contact.clone(),
                tls: authorities::client(authorities)?,
                patience: push.timeout.duration(),
                anywhere: push.allow_private_addresses,
                clock: Arc::clone(&clock),
            }));
        }

        let use_cases = Arc::new(UseCases {
            inbox: ReadInbox {
                inbox: Arc::clone(&store) as _,
                presenter: presenter.clone(),
                clock: Arc::clone(&clock),
            },
            choose: ChoosePreferences { inbox: Arc::clone(&store) as _, clock: Arc::clone(&clock) },
            subscriptions: KeepSubscriptions {
                subscriptions: Arc::clone(&store) as _,
                public_key,
                most: push.most_subscriptions,
                anywhere: push.allow_private_addresses,
                clock: Arc::clone(&clock),
            },
            dead_letters: TendDeadLetters {
                letters: Arc::clone(&store) as _,
                clock: Arc::clone(&clock),
            },
            letters,
        });
        let deliver = Arc::new(Deliver {
            store: Arc::clone(&store) as _,
            identities: Arc::clone(&parts.identities),
            presenter: presenter.clone(),
            announcer: Arc::new(ClusterAnnouncer(Arc::clone(&parts.cluster.pubsub))),
            mailer,
            pusher,
            link: settings.link.clone(),
            clock,
        });
        let personal_data =
            Arc::new(ExportPersonalData { inbox: Arc::clone(&store) as _, presenter });
        let deliveries = IntCounterVec::new(
            Opts::new("notification_deliveries_total", "Attempts to deliver a notification."),
            &["channel", "outcome"],
        )?;
        parts.metrics.registry().register(Box::new(deliveries.clone()))?;
        Ok(Self { use_cases, store, deliver, personal_data, deliveries, parts })
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

    /// What this service holds about a person.
    #[must_use]
    pub fn personal_data(&self) -> Arc<dyn PersonalData> {
        Arc::clone(&self.personal_data) as _
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

    /// Background work until `stop`: reads the events of the sources, delivers, deletes what
    /// is older than its retention. Outages are waited out. Any number of nodes may do it at
    /// once.
    pub async fn run(&self, stop: CancellationToken) {
        let parts = &self.parts;
        let mut work = JoinSet::new();
        let handler = EventHandler { store: (*self.store).clone(), delays: self.delays() };
        for source in &parts.sources {
            let bell = Arc::new(Notify::new());
            let subscription =
                Subscription::new(parts.database.clone(), source.name, Arc::clone(&source.events))
                    .woken_by(Arc::clone(&bell));
            work.spawn(subscription.run(handler.clone(), stop.clone()));
            let pubsub = Arc::clone(&parts.cluster.pubsub);
            work.spawn(ring(pubsub, topic(source.name), bell, stop.clone()));
        }
        let worker = Worker::new(&parts.database, Arc::clone(&parts.clock));
        let worker = jobs::worker(worker, &self.deliver, &self.store, &self.deliveries);
        work.spawn(worker.run(stop.clone()));
        self.sweep_regularly(&stop).await;
        while work.join_next().await.is_some() {}
    }

    /// Deletes what is older than its retention; how many rows. [`Notifications::run`] does
    /// it regularly.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the rest is deleted next time.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now = self.parts.clock.now();
        let retention = signed(self.parts.settings.retention.duration());
        self.store.sweep(now - retention, now - REMEMBER).await
    }

    async fn sweep_regularly(&self, stop: &CancellationToken) {
        let mut troubled = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(SWEEP_EVERY) => {}
            }
            match self.sweep().await {
                Ok(_) => troubled = false,
                Err(error) => {
                    if !troubled {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "old notifications wait to be deleted");
                    }
                    troubled = true;
                }
            }
        }
    }

    fn delays(&self) -> Delays {
        let settings = &self.parts.settings;
        Delays {
            message_email: signed(settings.message_email_delay.duration()),
            push_pause: signed(settings.message_push_pause.duration()),
        }
    }

    fn service(&self) -> Service {
        let parts = &self.parts;
        let guarded =
            routes(Arc::clone(&self.use_cases)).layer(authz::layer(Arc::clone(&parts.verifier)));
        Service::new(NAME, Arc::clone(&parts.metrics), Arc::clone(&parts.clock))
            .routes(guarded)
            .health(self.health())
            .limits(parts.limits)
    }
}

/// Configured lengths of time are far below the limits of either type.
fn signed(duration: StdDuration) -> Duration {
    Duration::try_from(duration).unwrap_or(Duration::MAX)
}
