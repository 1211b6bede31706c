//! The job queue: at least once, one worker at a time, pauses, the dead, outages.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use marquis_database::Database;
use marquis_database::jobs::{
    Handler, Job, JobError, NewJob, Worker, WorkerOptions, counts, dead_jobs, enqueue, revive,
};
use marquis_kernel::{Clock as _, ManualClock, SharedClock, SystemClock};
use marquis_testkit::{PostgresServer, TestDatabase, eventually};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const NEVER: Duration = Duration::from_secs(3_600);

type Behaviour = Box<dyn Fn(&Job) -> Result<(), JobError> + Send + Sync>;

/// Notes every run and behaves as told.
struct Recorder {
    runs: Mutex<Vec<(Uuid, i32)>>,
    behaviour: Behaviour,
}

impl Recorder {
    fn new(behaviour: impl Fn(&Job) -> Result<(), JobError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { runs: Mutex::new(Vec::new()), behaviour: Box::new(behaviour) })
    }

    fn count(&self) -> usize {
        self.runs.lock().len()
    }
}

#[async_trait]
impl Handler for Recorder {
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        self.runs.lock().push((job.id, job.attempt));
        (self.behaviour)(job)
    }
}

fn options(poll: Duration) -> WorkerOptions {
    WorkerOptions { poll, ..WorkerOptions::default() }
}

fn spawn(
    database: &Database,
    clock: SharedClock,
    handler: Arc<dyn Handler>,
    options: WorkerOptions,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let worker = Worker::new(database, clock).handle("test", handler).with_options(options);
    tokio::spawn(worker.run(stop.clone()))
}

async fn put(database: &Database, job: &NewJob) {
    enqueue(&database.client().await.expect("connects"), job).await.expect("enqueued");
}

async fn nothing_is_left(database: &Database) {
    eventually(PATIENCE, || async {
        counts(database).await.is_ok_and(|counts| counts.waiting == 0 && counts.dead == 0)
    })
    .await;
}

#[tokio::test]
async fn a_committed_job_runs_at_once_and_disappears() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let (recorder, stop) = (Recorder::new(|_| Ok(())), CancellationToken::new());
    let running = spawn(&database, SystemClock::shared(), recorder.clone(), options(NEVER), &stop);
    let mut client = database.client().await.expect("connects");
    let transaction = client.transaction().await.expect("begins");
    enqueue(&transaction, &NewJob::new(&SystemClock, "test", json!(1))).await.expect("enqueued");
    transaction.rollback().await.expect("rolled back");
    let job = NewJob::new(&SystemClock, "test", json!(2));
    enqueue(&client, &job).await.expect("enqueued");
    // Polling is out of the question: the worker is told.
    eventually(PATIENCE, || async { recorder.count() == 1 }).await;
    assert_eq!(*recorder.runs.lock(), [(job.id, 1)]);
    nothing_is_left(&database).await;
    put(&database, &NewJob::new(&SystemClock, "nobody's", json!(3))).await;
    put(&database, &NewJob::new(&SystemClock, "test", json!(4))).await;
    eventually(PATIENCE, || async { recorder.count() == 2 }).await;
    eventually(PATIENCE, || async { counts(&database).await.is_ok_and(|c| c.waiting == 1) }).await;
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_run_each_job_once() {
    const JOBS: usize = 300;
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let (recorder, stop) = (Recorder::new(|_| Ok(())), CancellationToken::new());
    let poll = Duration::from_millis(50);
    let workers: Vec<_> = (0..4)
        .map(|_| spawn(&database, SystemClock::shared(), recorder.clone(), options(poll), &stop))
        .collect();
    let client = database.client().await.expect("connects");
    for number in 0..JOBS {
        enqueue(&client, &NewJob::new(&SystemClock, "test", json!(number)))
            .await
            .expect("enqueued");
    }
    nothing_is_left(&database).await;
    let mut runs: HashMap<Uuid, usize> = HashMap::new();
    for (id, _) in recorder.runs.lock().iter() {
        *runs.entry(*id).or_default() += 1;
    }
    assert_eq!(runs.len(), JOBS);
    assert!(runs.values().all(|count| *count == 1), "{runs:?}");
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
}

#[tokio::test]
async fn failures_are_repeated_after_growing_pauses_and_then_given_up() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let clock = ManualClock::starting_now();
    let recorder = Recorder::new(|_| Err(std::io::Error::other("out of order").into()));
    let stop = CancellationToken::new();
    let poll = Duration::from_millis(10);
    let running = spawn(&database, clock.clone(), recorder.clone(), options(poll), &stop);
    let job = NewJob::new(&*clock, "test", json!({})).max_attempts(4);
    put(&database, &job).await;
    let watcher = test.client().await;
    for attempt in 1..=3 {
        let waiting = "SELECT run_at FROM jobs WHERE attempts = $1 AND leased_until IS NULL";
        let row =
            eventually(PATIENCE, || async { watcher.query_one(waiting, &[&attempt]).await }).await;
        let pause = row.get::<_, time::OffsetDateTime>(0) - clock.now();
        let usual = time::Duration::seconds(1 << (attempt - 1));
        assert!(pause >= usual / 2 && pause <= usual * 3 / 2, "pause {attempt}: {pause}");
        assert_eq!(recorder.count(), usize::try_from(attempt).expect("small"));
        clock.advance(pause);
    }
    let dead = eventually(PATIENCE, || async {
        dead_jobs(&database, 10).await.ok().and_then(|mut dead| dead.pop())
    })
    .await;
    assert_eq!((dead.id, dead.attempts), (job.id, 4));
    assert_eq!(dead.last_error.as_deref(), Some("out of order"));
    assert_eq!(recorder.count(), 4);

    assert!(revive(&database, job.id, clock.now()).await.expect("revived"));
    assert!(!revive(&database, job.id, clock.now()).await.expect("not dead any more"));
    eventually(PATIENCE, || async { recorder.count() == 5 }).await;
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn hopeless_and_panicking_handlers_are_contained() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let recorder = Recorder::new(|job| match job.payload.as_str() {
        Some("hopeless") => Err(JobError::GiveUp("no such account".into())),
        Some("panic") => panic!("slipped"),
        _ => Ok(()),
    });
    let stop = CancellationToken::new();
    let running = spawn(&database, SystemClock::shared(), recorder.clone(), options(NEVER), &stop);
    put(&database, &NewJob::new(&SystemClock, "test", json!("hopeless"))).await;
    put(&database, &NewJob::new(&SystemClock, "test", json!("panic")).max_attempts(1)).await;
    put(&database, &NewJob::new(&SystemClock, "test", json!("fine"))).await;
    eventually(PATIENCE, || async {
        counts(&database).await.is_ok_and(|counts| counts.dead == 2 && counts.waiting == 0)
    })
    .await;
    let mut reasons: Vec<String> = dead_jobs(&database, 10)
        .await
        .expect("listed")
        .into_iter()
        .filter_map(|job| job.last_error)
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["no such account", "the handler panicked: slipped"]);
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let clock = ManualClock::starting_now();
    let (recorder, stop) = (Recorder::new(|_| Ok(())), CancellationToken::new());
    let poll = Duration::from_millis(10);
    let running = spawn(&database, clock.clone(), recorder.clone(), options(poll), &stop);
    let tomorrow = clock.now() + time::Duration::days(1);
    let later = NewJob::new(&*clock, "test", json!("later")).at(tomorrow);
    put(&database, &later).await;
    put(&database, &NewJob::new(&*clock, "test", json!("now"))).await;
    eventually(PATIENCE, || async { counts(&database).await.is_ok_and(|c| c.waiting == 1) }).await;
    assert_eq!(recorder.count(), 1);
    clock.advance(time::Duration::days(1));
    nothing_is_left(&database).await;
    assert_eq!(recorder.runs.lock().last(), Some(&(later.id, 1)));
    stop.cancel();
    running.await.expect("ends");
}

/// Holds every run until a permit is there.
struct Gate {
    open: Semaphore,
    entered: AtomicUsize,
}

#[async_trait]
impl Handler for Gate {
    async fn run(&self, _: &Job) -> Result<(), JobError> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await?.forget();
        Ok(())
    }
}

#[tokio::test]
async fn a_dead_workers_job_runs_elsewhere_when_its_lease_ends() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let gate = Arc::new(Gate { open: Semaphore::new(0), entered: AtomicUsize::new(0) });
    let short = WorkerOptions {
        lease: Duration::from_millis(300),
        poll: Duration::from_millis(20),
        ..WorkerOptions::default()
    };
    let stop = CancellationToken::new();
    let dying = spawn(&database, SystemClock::shared(), gate.clone(), short, &stop);
    let job = NewJob::new(&SystemClock, "test", json!({}));
    put(&database, &job).await;
    eventually(PATIENCE, || async { gate.entered.load(Ordering::SeqCst) == 1 }).await;
    // As the end of the process would: neither success nor failure is ever reported.
    dying.abort();
    let recorder = Recorder::new(|_| Ok(()));
    let running = spawn(&database, SystemClock::shared(), recorder.clone(), short, &stop);
    nothing_is_left(&database).await;
    assert_eq!(*recorder.runs.lock(), [(job.id, 2)]);
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_runs_and_starts_nothing() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let gate = Arc::new(Gate { open: Semaphore::new(0), entered: AtomicUsize::new(0) });
    let stop = CancellationToken::new();
    let one = WorkerOptions { concurrency: 1, ..options(NEVER) };
    let running = spawn(&database, SystemClock::shared(), gate.clone(), one, &stop);
    put(&database, &NewJob::new(&SystemClock, "test", json!(1))).await;
    put(&database, &NewJob::new(&SystemClock, "test", json!(2))).await;
    eventually(PATIENCE, || async { gate.entered.load(Ordering::SeqCst) == 1 }).await;
    stop.cancel();
    assert!(!running.is_finished());
    gate.open.add_permits(10);
    running.await.expect("ends");
    assert_eq!(gate.entered.load(Ordering::SeqCst), 1);
    assert_eq!(counts(&database).await.expect("counts").waiting, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_room_is_woken_while_others_are_busy() {
    let test = TestDatabase::new("jobs", &[]).await;
    let database = test.database();
    let gate = Arc::new(Gate { open: Semaphore::new(0), entered: AtomicUsize::new(0) });
    let stop = CancellationToken::new();
    // Polling would take an hour.
    let one = WorkerOptions { concurrency: 1, ..options(NEVER) };
    let workers: Vec<_> =
        (0..3).map(|_| spawn(&database, SystemClock::shared(), gate.clone(), one, &stop)).collect();
    for number in 1..=3 {
        put(&database, &NewJob::new(&SystemClock, "test", json!(number))).await;
        eventually(PATIENCE, || async { gate.entered.load(Ordering::SeqCst) == number }).await;
    }
    gate.open.add_permits(3);
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
    nothing_is_left(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_survive_a_restart_of_postgresql() {
    let mut server = PostgresServer::start().await;
    let database = server.database("jobs");
    database.migrate(&[]).await.expect("migrates");
    let gate = Arc::new(Gate { open: Semaphore::new(0), entered: AtomicUsize::new(0) });
    let stop = CancellationToken::new();
    let running = spawn(&database, SystemClock::shared(), gate.clone(), options(NEVER), &stop);
    put(&database, &NewJob::new(&SystemClock, "test", json!(1))).await;
    eventually(PATIENCE, || async { gate.entered.load(Ordering::SeqCst) == 1 }).await;
    server.stop().await;
    // The run ends while there is nobody to report to.
    gate.open.add_permits(10);
    server.start_again().await;
    put(&database, &NewJob::new(&SystemClock, "test", json!(2))).await;
    nothing_is_left(&database).await;
    assert_eq!(gate.entered.load(Ordering::SeqCst), 2, "the first is not run again");
    stop.cancel();
    running.await.expect("ends");
}
