//! Deliveries as jobs: written in the transaction that stores the notification, run at least
//! once, retried with growing pauses, dead when nothing helps.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_database::jobs::{Handler, Job, JobError, NewJob, Worker};
use marquis_database::{DatabaseError, Transaction};
use marquis_kernel::Clock;
use prometheus::IntCounterVec;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::postgres::PostgresNotifications;
use crate::application::deliver::{Deliver, DeliveryError, Outcome};
use crate::domain::{NotificationId, PersonId, SubscriptionId};

const ANNOUNCE: &str = "notification.announce";
const EMAIL: &str = "notification.email";
const PUSH: &str = "notification.push";
const FORGET_EMAILS: &str = "mail.forget";

/// An announcement that is minutes old is found in the list anyway.
const ANNOUNCE_ATTEMPTS: i32 = 5;
/// Most of a day.
const EMAIL_ATTEMPTS: i32 = 20;
/// About an hour: a push message tells of something that is happening.
const PUSH_ATTEMPTS: i32 = 12;

/// Jobs about one notification, to be enqueued in the transaction that stores it.
pub(super) struct Enqueue<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) person: PersonId,
    pub(super) notification: NotificationId,
}

impl Enqueue<'_> {
    pub(super) async fn announce(&self, silent: bool) -> Result<(), DatabaseError> {
        let payload = json!({"silent": silent});
        self.enqueue(ANNOUNCE, payload, self.clock.now(), ANNOUNCE_ATTEMPTS).await
    }

    pub(super) async fn email(&self, at: OffsetDateTime) -> Result<(), DatabaseError> {
        self.enqueue(EMAIL, json!({}), at, EMAIL_ATTEMPTS).await
    }

    pub(super) async fn push(
        &self,
        to: SubscriptionId,
        at: OffsetDateTime,
    ) -> Result<(), DatabaseError> {
        self.enqueue(PUSH, json!({"subscriptionId": to}), at, PUSH_ATTEMPTS).await
    }

    async fn enqueue(
        &self,
        kind: &str,
        mut payload: Value,
        at: OffsetDateTime,
        attempts: i32,
    ) -> Result<(), DatabaseError> {
        payload["userId"] = json!(self.person);
        payload["notificationId"] = json!(self.notification);
        let job = NewJob::new(self.clock, kind, payload).at(at).max_attempts(attempts);
        marquis_database::jobs::enqueue(self.transaction, &job).await
    }
}

/// A job that removes what is kept of e-mails to a person who is being erased. It names the
/// person by a field of its own, because jobs about them are deleted.
pub(super) fn forget_emails(person: PersonId, clock: &dyn Clock) -> NewJob {
    NewJob::new(clock, FORGET_EMAILS, json!({"erased": person}))
}

/// A worker for all deliveries.
pub fn worker(
    worker: Worker,
    deliver: &Arc<Deliver>,
    store: &Arc<PostgresNotifications>,
    deliveries: &IntCounterVec,
) -> Worker {
    [ANNOUNCE, EMAIL, PUSH, FORGET_EMAILS].into_iter().fold(worker, |worker, kind| {
        let handler = DeliveryHandler {
            deliver: Arc::clone(deliver),
            store: Arc::clone(store),
            deliveries: deliveries.clone(),
        };
        worker.handle(kind, Arc::new(handler))
    })
}

struct DeliveryHandler {
    deliver: Arc<Deliver>,
    store: Arc<PostgresNotifications>,
    deliveries: IntCounterVec,
}

#[async_trait]
impl Handler for DeliveryHandler {
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let outcome = self.deliver(job).await;
        let last = job.attempt >= job.max_attempts;
        let result = match &outcome {
            Ok(Outcome::Sent) => "sent",
            Ok(Outcome::Dropped) => "dropped",
            Ok(Outcome::Postponed(_)) => "postponed",
            Err(DeliveryError::Never(_)) => "dead",
            Err(_) if last => "dead",
            Err(_) => "failed",
        };
        let channel = job.kind.rsplit('.').next().unwrap_or_default();
        self.deliveries.with_label_values(&[channel, result]).inc();
        match outcome {
            Ok(Outcome::Sent | Outcome::Dropped) => Ok(()),
            Ok(Outcome::Postponed(until)) => {
                Ok(self.store.postpone(job, later(job.id), until).await?)
            }
            // Nobody has to look at it: the notification is in the list.
            Err(_) if job.kind == ANNOUNCE && last => Ok(()),
            Err(DeliveryError::Never(why)) => Err(JobError::GiveUp(why.into())),
            Err(error) => Err(error.into()),
        }
    }
}

impl DeliveryHandler {
    async fn deliver(&self, job: &Job) -> Result<Outcome, DeliveryError> {
        let id = |field: &str| -> Result<Uuid, DeliveryError> {
            let id = job.payload[field].as_str().and_then(|text| text.parse().ok());
            id.ok_or_else(|| DeliveryError::Never(format!("the job has no {field}")))
        };
        let notification = || id("notificationId").map(NotificationId::from_uuid);
        match job.kind.as_str() {
            ANNOUNCE => {
                let silent = job.payload["silent"] == true;
                self.deliver.announce(notification()?, silent).await
            }
            EMAIL => self.deliver.email(notification()?).await,
            PUSH => {
                let to = SubscriptionId::from_uuid(id("subscriptionId")?);
                self.deliver.push(notification()?, to).await
            }
            _ => self.deliver.forget_emails(PersonId::from_uuid(id("erased")?)).await,
        }
    }
}

/// The id of the job that continues another one: always the same, so that continuing twice
/// leaves one.
fn later(job: Uuid) -> Uuid {
    let hash = digest(&SHA256, &[job.as_bytes(), b".later".as_slice()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
