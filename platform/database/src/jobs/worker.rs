//! Running jobs: claim with a lease, run, report.

use std::collections::HashMap;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use marquis_kernel::SharedClock;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::Statement;
use tokio_util::sync::CancellationToken;

use super::{Job, JobError};
use crate::error::DatabaseError;
use crate::failure::{chain, panic_message};
use crate::listen::Listener;
use crate::pool::Database;
use crate::retry::jittered;
use crate::sql;

/// Runs the jobs of one kind.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does the work; must bear being run again with the same [`Job::id`].
    ///
    /// # Errors
    ///
    /// [`JobError`] says whether trying again makes sense.
    async fn run(&self, job: &Job) -> Result<(), JobError>;
}

/// How the worker paces itself.
#[derive(Debug, Clone, Copy)]
pub struct WorkerOptions {
    /// Most jobs run at once by this worker.
    pub concurrency: usize,
    /// How often it looks for due jobs without having been woken.
    pub poll: Duration,
    /// After this a worker that has not reported is taken for dead. A run is aborted, as
    /// failed, after nine tenths of it.
    pub lease: Duration,
    /// Pause after the first failure; doubled by each further one, and jittered by a half
    /// either way.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
    /// How long a stopping worker waits for running jobs.
    pub drain: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(300),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(3_600),
            drain: Duration::from_secs(20),
        }
    }
}

const OUTAGE_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(5);

/// Runs the jobs of one schema; any number of workers on any number of nodes.
#[derive(Clone)]
pub struct Worker {
    database: Database,
    clock: SharedClock,
    handlers: HashMap<String, Arc<dyn Handler>>,
    options: WorkerOptions,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("schema", &self.database.schema())
            .field("kinds", &self.handlers.keys())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What becomes of a job after a run.
enum Verdict {
    Done,
    Postponed { until: OffsetDateTime, error: String },
    Dead { at: OffsetDateTime, error: String },
}

impl Worker {
    /// A worker without handlers. `clock` decides which jobs are due.
    #[must_use]
    pub fn new(database: &Database, clock: SharedClock) -> Self {
        Self {
            database: database.clone(),
            clock,
            handlers: HashMap::new(),
            options: WorkerOptions::default(),
        }
    }

    /// Runs jobs of `kind` by `handler`. Jobs of kinds without a handler are left to others.
    #[must_use]
    pub fn handle(mut self, kind: impl Into<String>, handler: Arc<dyn Handler>) -> Self {
        self.handlers.insert(kind.into(), handler);
        self
    }

    /// Paces the worker otherwise.
    #[must_use]
    pub fn with_options(mut self, options: WorkerOptions) -> Self {
        self.options = options;
        self
    }

    /// Runs jobs until `stop`, then waits for those that run. Outages of PostgreSQL are
    /// waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let mut pause = OUTAGE_PAUSE;
        let mut troubled = false;
        while !stop.is_cancelled() {
            let mut progressed = false;
            match self.work(&stop, &mut running, &mut progressed).await {
                Ok(()) => break,
                Err(error) => {
                    if progressed {
                        (pause, troubled) = (OUTAGE_PAUSE, false);
                    }
                    if !troubled {
                        tracing::warn!(
                            schema = self.database.schema(),
                            error = &error as &dyn Error,
                            "the job worker has lost PostgreSQL; jobs wait"
                        );
                        troubled = true;
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(jittered(pause)) => {}
            }
            pause = (pause * 2).min(LONGEST_OUTAGE_PAUSE);
        }
        let drained =
            timeout(self.options.drain, async { while running.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(
                schema = self.database.schema(),
                jobs = running.len(),
                "jobs are cut off by the stop; they run again when their leases end"
            );
        }
    }

    /// Claims and starts jobs until told to stop, which alone is `Ok`.
    async fn work(
        &self,
        stop: &CancellationToken,
        running: &mut JoinSet<()>,
        progressed: &mut bool,
    ) -> Result<(), DatabaseError> {
        let mut session = Listener::open(&self.database, "jobs").await?;
        let claim = session.client.prepare(sql::CLAIM_JOBS).await?;
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let free = self.options.concurrency.saturating_sub(running.len());
            if free == 0 {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = running.join_next() => {}
                }
                continue;
            }
            let claimed = self.claim(&session.client, &claim, free).await?;
            *progressed = true;
            if claimed.is_empty() {
                session.rest(self.options.poll, stop).await?;
                continue;
            }
            session.stay_awake().await?;
            for job in claimed {
                let worker = self.clone();
                running.spawn(async move { worker.run_one(job).await });
            }
        }
        Ok(())
    }

    async fn claim(
        &self,
        client: &tokio_postgres::Client,
        statement: &Statement,
        free: usize,
    ) -> Result<Vec<Job>, DatabaseError> {
        let kinds: Vec<&str> = self.handlers.keys().map(String::as_str).collect();
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let lease = self.options.lease.as_secs_f64();
        let rows = client.query(statement, &[&self.clock.now(), &kinds, &limit, &lease]).await?;
        Ok(rows
            .iter()
            .map(|row| Job {
                id: row.get(0),
                kind: row.get(1),
                payload: row.get(2),
                attempt: row.get(3),
                max_attempts: row.get(4),
                created_at: row.get(5),
            })
            .collect())
    }

    async fn run_one(&self, job: Job) {
        let outcome = if job.attempt > job.max_attempts {
            Err(JobError::GiveUp("the worker died during the last attempt".into()))
        } else {
            self.attempt(&job).await
        };
        self.report(&job, outcome).await;
    }

    async fn attempt(&self, job: &Job) -> Result<(), JobError> {
        let Some(handler) = self.handlers.get(&job.kind) else {
            return Err(JobError::Retry("no handler for this kind of job".into()));
        };
        let run = AssertUnwindSafe(handler.run(job)).catch_unwind();
        match timeout(self.options.lease.mul_f64(0.9), run).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(JobError::Retry(panic_message(&*panic).into())),
            Err(_) => Err(JobError::Retry("the attempt took too long".into())),
        }
    }

    /// Writes the outcome down, trying again through an outage until the lease has ended.
    async fn report(&self, job: &Job, outcome: Result<(), JobError>) {
        let verdict = self.judge(job, outcome);
        let write = async {
            let mut pause = OUTAGE_PAUSE;
            while let Err(error) = self.write(job, &verdict).await {
                tracing::debug!(
                    job = %job.id,
                    error = &error as &dyn Error,
                    "the outcome of a job cannot be written; trying again"
                );
                sleep(jittered(pause)).await;
                pause = (pause * 2).min(LONGEST_OUTAGE_PAUSE);
            }
        };
        if timeout(self.options.lease, write).await.is_err() {
            tracing::warn!(job = %job.id, kind = job.kind, "the outcome of a job is lost; it runs again");
        }
    }

    async fn write(&self, job: &Job, verdict: &Verdict) -> Result<(), DatabaseError> {
        let client = self.database.client().await?;
        let statement = client
            .prepare_cached(match verdict {
                Verdict::Done => sql::FINISH_JOB,
                Verdict::Postponed { .. } => sql::POSTPONE_JOB,
                Verdict::Dead { .. } => sql::BURY_JOB,
            })
            .await?;
        match verdict {
            Verdict::Done => client.execute(&statement, &[&job.id, &job.attempt]).await?,
            Verdict::Postponed { until: at, error } | Verdict::Dead { at, error } => {
                client.execute(&statement, &[&job.id, &job.attempt, at, error]).await?
            }
        };
        Ok(())
    }

    fn judge(&self, job: &Job, outcome: Result<(), JobError>) -> Verdict {
        let (error, again) = match outcome {
            Ok(()) => return Verdict::Done,
            Err(JobError::Retry(error)) => (error, job.attempt < job.max_attempts),
            Err(JobError::GiveUp(error)) => (error, false),
        };
        let now = self.clock.now();
        if again {
            tracing::info!(
                job = %job.id,
                kind = job.kind,
                attempt = job.attempt,
                error = &*error as &dyn Error,
                "a job failed and will be tried again"
            );
            let until = now + self.pause_after(job.attempt);
            Verdict::Postponed { until, error: chain(&*error) }
        } else {
            tracing::error!(
                job = %job.id,
                kind = job.kind,
                attempts = job.attempt,
                error = &*error as &dyn Error,
                "a job is given up"
            );
            Verdict::Dead { at: now, error: chain(&*error) }
        }
    }

    fn pause_after(&self, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(30);
        let pause = self.options.first_pause.saturating_mul(1 << doublings);
        jittered(pause.min(self.options.longest_pause))
    }
}
