//! Payments: made once per idempotency key, moved by provider events in any order, booked
//! in a double-entry ledger.
//!
//! [`Payments`] is all that the composition root sees: it takes what the service needs and
//! offers its routes, its background work and the check of its books.

pub mod application;
pub mod domain;
mod infrastructure;
mod interfaces;

use std::sync::{Arc, OnceLock};
use std::time::Duration as StdDuration;

use axum::Router;
use marquis_authz::{self as authz, internal};
use marquis_cluster::Cluster;
use marquis_contracts::events::{EventSource, topic};
use marquis_contracts::identity::TokenVerifier;
use marquis_contracts::personal_data::PersonalData;
use marquis_database::feed::{OutboxSource, Subscription};
use marquis_database::jobs::Worker;
use marquis_database::outbox::Relay;
use marquis_database::{Database, Migration};
use marquis_http::Service;
use marquis_http::health::{CheckFailure, HealthChecks};
use marquis_http::service::ServiceLimits;
use marquis_kernel::SharedClock;
use marquis_telemetry::metrics::Metrics;
use time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

pub use application::ports::StoreError;
pub use application::verify_ledger::LedgerReport;
pub use application::webhook::signature::InvalidSecret;
pub use domain::reconciliation::Discrepancy;

use application::change_status::ChangeStatus;
use application::create_payment::CreatePayment;
use application::ports::{PaymentProvider, PaymentStore};
use application::read_payments::ReadPayments;
use application::refund_payment::RefundPayment;
use application::submit_payment::{JOB, SubmitPayment};
use application::verify_ledger::VerifyLedger;
use application::webhook::ReceiveEvent;
use application::webhook::signature::Keyring;
use infrastructure::erasure::ForgetErased;
use infrastructure::postgres::PostgresPayments;
use infrastructure::publisher::TopicPublisher;
use infrastructure::sandbox::Sandbox;
use infrastructure::submission::SubmissionHandler;
use interfaces::http::{UseCases, routes};

/// Name of the service and of its schema.
pub const NAME: &str = "payments";

/// The schema, to be run by [`Database::migrate`].
pub const MIGRATIONS: &[Migration] =
    marquis_database::migrations!["001_initial_schema", "002_people"];

/// The service whose events tell who was erased.
const USERS: &str = "users";

/// How often events that were left behind, or whose payment has appeared, are looked for.
const SETTLE_EVERY: StdDuration = StdDuration::from_secs(1);
/// How often expired idempotency keys are deleted.
const CLEAN_UP_EVERY: StdDuration = StdDuration::from_secs(60);

/// What the service needs.
#[derive(Debug)]
pub struct PaymentsParts {
    /// Section `[payments]` of the configuration.
    pub settings: marquis_config::Payments,
    /// PostgreSQL, with the schema [`NAME`].
    pub database: Database,
    /// Where events are published.
    pub cluster: Cluster,
    /// Who tells whose a token is.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Where requests and queries are counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: SharedClock,
    /// What one request may cost.
    pub limits: ServiceLimits,
    /// Cancelled when the process begins to stop: `/readyz` then answers 503.
    pub draining: CancellationToken,
}

/// The service.
#[derive(Debug)]
pub struct Payments {
    use_cases: Arc<UseCases>,
    store: Arc<PostgresPayments>,
    provider: Arc<dyn PaymentProvider>,
    retention: Duration,
    /// The log of the service that keeps profiles, once it is known.
    erasures: OnceLock<Arc<dyn EventSource>>,
    parts: PaymentsParts,
}

impl Payments {
    /// Ties the service together. Does no I/O.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret`] when a configured webhook secret is not one.
    pub fn new(parts: PaymentsParts) -> Result<Self, InvalidSecret> {
        let settings = &parts.settings;
        let clock = Arc::clone(&parts.clock);
        let retention = signed(settings.idempotency_retention.duration());
        let store = Arc::new(PostgresPayments::new(parts.database.clone(), Arc::clone(&clock)));

        let webhooks = &settings.webhooks;
        let tolerance = signed(webhooks.tolerance.duration());
        let mut keys = Keyring::new(&webhooks.secrets, &webhooks.stripe_secrets, tolerance)?;
        let signer = keys.admit_sandbox();
        let receive = Arc::new(ReceiveEvent {
            events: Arc::clone(&store) as _,
            keys: Arc::new(keys),
            clock: Arc::clone(&clock),
        });
        let provider: Arc<dyn PaymentProvider> = Arc::new(Sandbox::new(
            settings.sandbox.enabled,
            signer,
            Arc::clone(&receive),
            Arc::clone(&clock),
        ));
        let use_cases = Arc::new(UseCases {
            create: CreatePayment {
                store: Arc::clone(&store) as _,
                provider: Arc::clone(&provider),
                clock: Arc::clone(&clock),
                retention,
            },
            read: ReadPayments { store: Arc::clone(&store) as _ },
            change: ChangeStatus { store: Arc::clone(&store) as _, clock: Arc::clone(&clock) },
            refund: RefundPayment { store: Arc::clone(&store) as _, clock, retention },
            receive,
            maximum_amount: settings.maximum_amount,
        });
        let erasures = OnceLock::new();
        Ok(Self { use_cases, store, provider, retention, erasures, parts })
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

    /// This service's log of events.
    #[must_use]
    pub fn event_source(&self) -> Arc<dyn EventSource> {
        Arc::new(OutboxSource::new(self.parts.database.clone()))
    }

    /// What this service holds about people.
    #[must_use]
    pub fn personal_data(&self) -> Arc<dyn PersonalData> {
        Arc::clone(&self.store) as Arc<dyn PersonalData>
    }

    /// Names the log of the service that keeps profiles: whom it erases is taken out of the
    /// payments. To be called before [`Payments::run`]; the first call counts.
    pub fn subscribe(&self, users: Arc<dyn EventSource>) {
        self.erasures.get_or_init(|| users);
    }

    /// Takes out of the payments whom the service of profiles erased. Without its log there
    /// is nothing to do.
    async fn follow_erasures(&self, stop: CancellationToken) {
        let Some(source) = self.erasures.get() else { return };
        let handler = ForgetErased { clock: Arc::clone(&self.parts.clock) };
        let bell = Arc::new(Notify::new());
        let news = self.parts.cluster.pubsub.subscribe(&topic(USERS)).await;
        let database = self.parts.database.clone();
        let subscription = Subscription::new(database, USERS, Arc::clone(source))
            .woken_by(Arc::clone(&bell))
            .run(handler, stop);
        tokio::pin!(subscription);
        tokio::select! {
            () = &mut subscription => return,
            () = news.ring(&bell) => {}
        }
        // The cluster is gone; the log is still read by polling.
        subscription.await;
    }

    /// Background work until `stop`: publishes events, submits payments to the provider,
    /// settles events that waited, forgets old idempotency keys, follows the log given to
    /// [`Payments::subscribe`]. Outages are waited out.
    /// Any number of nodes may do it at once.
    pub async fn run(&self, stop: CancellationToken) {
        let publisher = TopicPublisher::new(Arc::clone(&self.parts.cluster.pubsub));
        let relay = Relay::new(&self.parts.database, Arc::new(publisher));
        let submit = SubmitPayment {
            store: Arc::clone(&self.store) as _,
            provider: Arc::clone(&self.provider),
        };
        let worker = Worker::new(&self.parts.database, Arc::clone(&self.parts.clock))
            .handle(JOB, Arc::new(SubmissionHandler(submit)));
        tokio::join!(
            relay.run(stop.clone()),
            worker.run(stop.clone()),
            Box::pin(self.follow_erasures(stop.clone())),
            repeat(SETTLE_EVERY, &stop, "provider events wait to be settled", || async {
                self.settle_waiting_events().await.map(drop)
            }),
            repeat(CLEAN_UP_EVERY, &stop, "expired idempotency keys wait", || async {
                self.forget_expired_keys().await.map(drop)
            }),
        );
    }

    /// Settles events that a crash left behind and those whose payment has appeared; how
    /// many. [`Payments::run`] does it regularly.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the rest is settled next time.
    pub async fn settle_waiting_events(&self) -> Result<usize, StoreError> {
        self.use_cases.receive.settle_open().await
    }

    /// Deletes idempotency keys that are no longer replayed; how many. [`Payments::run`]
    /// does it regularly.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the rest is deleted next time.
    pub async fn forget_expired_keys(&self) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let batch = self.store.forget_answers(self.parts.clock.now() - self.retention).await?;
            if batch == 0 {
                return Ok(forgotten);
            }
            forgotten += batch;
        }
    }

    /// Checks the books: the ledger against itself and against payments, refunds and
    /// history. Calls `found` for each discrepancy as it is found.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the books could not be read to the end.
    pub async fn verify_ledger(
        &self,
        found: &mut (dyn FnMut(&Discrepancy) + Send),
    ) -> Result<LedgerReport, StoreError> {
        VerifyLedger { books: Arc::clone(&self.store) as _ }.run(found).await
    }

    fn service(&self) -> Service {
        let parts = &self.parts;
        let guarded =
            routes(Arc::clone(&self.use_cases)).layer(authz::layer(Arc::clone(&parts.verifier)));
        Service::new(NAME, Arc::clone(&parts.metrics), Arc::clone(&parts.clock))
            .routes(guarded)
            .routes(internal::event_routes(self.event_source()))
            .routes(internal::personal_data_routes(self.personal_data()))
            .health(self.health())
            .limits(parts.limits)
    }
}

/// Does something regularly until told to stop. An outage is logged when it begins.
async fn repeat<F, Work>(every: StdDuration, stop: &CancellationToken, trouble: &str, work: F)
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

/// Configured lengths of time are far below the limits of either type.
fn signed(duration: StdDuration) -> Duration {
    Duration::try_from(duration).unwrap_or(Duration::MAX)
}
