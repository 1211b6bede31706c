//! The job queue: work to be done once, after the transaction that asked for it committed.
//!
//! What is promised:
//! * A job is a row written in the caller's transaction: it exists exactly if that commits.
//! * It runs **at least once**, on one worker at a time, not before its `run_at`. Handlers
//!   are idempotent: a worker that dies, or that cannot report its success, leads to
//!   another run when its lease ends.
//! * A failed run is repeated after an exponentially growing, jittered pause; a run begun
//!   counts as an attempt even when it kills the process. After the last attempt the job is
//!   dead: it stays in the table, see [`dead_jobs`] and [`revive`].
//! * Jobs have no order.

mod worker;

use std::error::Error;

use deadpool_postgres::GenericClient;
use marquis_kernel::Clock;
use marquis_kernel::id::new_uuid;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

pub use worker::{Handler, Worker, WorkerOptions};

use crate::error::DatabaseError;
use crate::pool::Database;
use crate::sql;

/// Attempts of a job that says nothing else: with the usual pauses, most of a day.
pub const USUAL_ATTEMPTS: i32 = 20;

/// A job to be enqueued.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Identifies the job; choose it to make enqueuing idempotent.
    pub id: Uuid,
    /// Which handler runs it: `email.send`.
    pub kind: String,
    /// What the handler needs to know. Ids rather than personal data or secrets.
    pub payload: Value,
    /// Not before.
    pub run_at: OffsetDateTime,
    /// Runs in all before the job is given up.
    pub max_attempts: i32,
    created_at: OffsetDateTime,
}

impl NewJob {
    /// A job to be run as soon as possible.
    #[must_use]
    pub fn new(clock: &dyn Clock, kind: impl Into<String>, payload: Value) -> Self {
        let now = clock.now();
        Self {
            id: new_uuid(clock),
            kind: kind.into(),
            payload,
            run_at: now,
            max_attempts: USUAL_ATTEMPTS,
            created_at: now,
        }
    }

    /// Not before `run_at`.
    #[must_use]
    pub const fn at(mut self, run_at: OffsetDateTime) -> Self {
        self.run_at = run_at;
        self
    }

    /// At most `attempts` runs, and at least one.
    #[must_use]
    pub fn max_attempts(mut self, attempts: i32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }
}

/// Enqueues a job in the caller's transaction.
///
/// # Errors
///
/// As any statement; [`DatabaseError::UniqueViolation`] of `jobs_pkey` when a job with this
/// id is waiting already.
pub async fn enqueue(client: &impl GenericClient, job: &NewJob) -> Result<(), DatabaseError> {
    let statement = client.prepare_cached(sql::ENQUEUE_JOB).await?;
    client
        .execute(
            &statement,
            &[&job.id, &job.kind, &job.payload, &job.run_at, &job.max_attempts, &job.created_at],
        )
        .await?;
    Ok(())
}

/// A job as its handler sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Identifies the job across attempts.
    pub id: Uuid,
    /// Which handler runs it.
    pub kind: String,
    /// What was enqueued.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The last attempt there will be.
    pub max_attempts: i32,
    /// When it was enqueued.
    pub created_at: OffsetDateTime,
}

/// Why a run failed. Any error converts into [`JobError::Retry`] by `?`.
#[derive(Debug)]
pub enum JobError {
    /// May succeed later.
    Retry(Box<dyn Error + Send + Sync>),
    /// Will never succeed; the job is dead at once.
    GiveUp(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadJob {
    /// Identifies the job.
    pub id: Uuid,
    /// Which handler failed.
    pub kind: String,
    /// What was enqueued.
    pub payload: Value,
    /// How often it was run.
    pub attempts: i32,
    /// When it was enqueued.
    pub created_at: OffsetDateTime,
    /// When it was given up.
    pub died_at: OffsetDateTime,
    /// Why, in the words of the last error and its causes.
    pub last_error: Option<String>,
}

/// Jobs that were given up, the latest first.
///
/// # Errors
///
/// As any statement.
pub async fn dead_jobs(database: &Database, limit: u32) -> Result<Vec<DeadJob>, DatabaseError> {
    let rows = database.client().await?.query(sql::DEAD_JOBS, &[&i64::from(limit)]).await?;
    Ok(rows
        .iter()
        .map(|row| DeadJob {
            id: row.get(0),
            kind: row.get(1),
            payload: row.get(2),
            attempts: row.get(3),
            created_at: row.get(4),
            died_at: row.get(5),
            last_error: row.get(6),
        })
        .collect())
}

/// Gives a dead job all its attempts again; `false` when there is no such dead job.
///
/// # Errors
///
/// As any statement.
pub async fn revive(
    database: &Database,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, DatabaseError> {
    Ok(database.client().await?.execute(sql::REVIVE_JOB, &[&id, &now]).await? == 1)
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    /// To be run now or later, the running ones included.
    pub waiting: i64,
    /// Given up.
    pub dead: i64,
}

/// Counts jobs; for health checks, metrics, and the end of a test.
///
/// # Errors
///
/// As any statement.
pub async fn counts(database: &Database) -> Result<JobCounts, DatabaseError> {
    let row = database.client().await?.query_one(sql::COUNT_JOBS, &[]).await?;
    Ok(JobCounts { waiting: row.get(0), dead: row.get(1) })
}
