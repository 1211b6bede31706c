//! Another service's log: every event takes effect exactly once, in order, whatever dies.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_database::feed::{
    Handler, HandlerError, OutboxSource, Subscription, SubscriptionOptions, count_parked, parked,
    retry_parked,
};
use marquis_database::outbox::{Publisher, Relay, RelayOptions, append, sweep};
use marquis_database::{Database, Transaction};
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, SystemClock};
use marquis_testkit::{TestDatabase, eventually};
use serde_json::json;
use time::Duration as Span;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough that nothing in these tests is explained by polling.
const NEVER: Duration = Duration::from_secs(3_600);

fn event(subject: &str, number: i64) -> Event {
    Event {
        id: new_uuid(&SystemClock),
        kind: "test.happened".to_owned(),
        subject: subject.to_owned(),
        occurred_at: SystemClock.now(),
        data: json!({ "number": number }),
        traceparent: None,
    }
}

/// A producer and a consumer, each with a database of its own.
struct Stage {
    producer: TestDatabase,
    consumer: TestDatabase,
}

impl Stage {
    async fn new() -> Self {
        let producer = TestDatabase::new("producer", &[]).await;
        producer
            .client()
            .await
            .batch_execute(
                "CREATE TABLE subjects (name text PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
                 CREATE TABLE others (n bigint);
                 INSERT INTO subjects (name) VALUES ('a'), ('b'), ('c'), ('d')",
            )
            .await
            .expect("made");
        let consumer = TestDatabase::new("consumer", &[]).await;
        consumer
            .client()
            .await
            .batch_execute(
                "CREATE TABLE effects (
                     nr bigint GENERATED ALWAYS AS IDENTITY, subject text, number bigint
                 )",
            )
            .await
            .expect("made");
        Self { producer, consumer }
    }

    fn source(&self) -> Arc<OutboxSource> {
        Arc::new(OutboxSource::new(self.producer.database()))
    }

    async fn emit(&self, event: &Event) {
        append(&self.producer.database().client().await.expect("connects"), event)
            .await
            .expect("appended");
    }

    fn consume(&self, handler: impl Handler + 'static, stop: &CancellationToken) -> JoinHandle<()> {
        let subscription =
            Subscription::new(self.consumer.database(), "producer", self.source() as _)
                .with_options(quick());
        tokio::spawn(subscription.run(handler, stop.clone()))
    }

    /// For each subject, the numbers in the order in which they took effect.
    async fn effects(&self) -> HashMap<String, Vec<i64>> {
        let client = self.consumer.client().await;
        let rows = client
            .query("SELECT subject, number FROM effects ORDER BY nr", &[])
            .await
            .expect("read");
        let mut effects: HashMap<String, Vec<i64>> = HashMap::new();
        for row in rows {
            effects.entry(row.get(0)).or_default().push(row.get(1));
        }
        effects
    }

    async fn count(&self) -> usize {
        self.effects().await.values().map(Vec::len).sum()
    }
}

fn quick() -> SubscriptionOptions {
    SubscriptionOptions {
        batch: 7,
        poll: Duration::from_millis(10),
        attempts: 3,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
    }
}

/// The next number of a subject, its row locked until the commit, as a service does it.
async fn step(database: &Database, subject: &str) {
    let mut client = database.client().await.expect("connects");
    let transaction = client.transaction().await.expect("begins");
    let row = transaction
        .query_one("UPDATE subjects SET n = n + 1 WHERE name = $1 RETURNING n", &[&subject])
        .await
        .expect("updated");
    append(&transaction, &event(subject, row.get(0))).await.expect("appended");
    transaction.commit().await.expect("committed");
}

/// Writes each event down, in a table that would show a second time.
struct Diary;

#[async_trait]
impl Handler for Diary {
    async fn handle(&self, tx: &Transaction<'_>, event: &Event) -> Result<(), HandlerError> {
        tx.execute(
            "INSERT INTO effects (subject, number) VALUES ($1, $2)",
            &[&event.subject, &event.data["number"].as_i64()],
        )
        .await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_takes_effect_once_in_order_though_consumers_die() {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    const EACH: usize = 50;
    let stage = Stage::new().await;
    let database = stage.producer.database();
    let writers = (0..4).map(|writer| {
        let database = database.clone();
        async move {
            for round in 0..EACH {
                step(&database, NAMES[(writer + round) % NAMES.len()]).await;
            }
        }
    });
    let written = AtomicBool::new(false);
    // Two nodes consume; one is killed in the middle of whatever it does, again and again,
    // and sessions of both are cut.
    let unrest = async {
        let stop = CancellationToken::new();
        let steady = stage.consume(Diary, &stop);
        let admin = stage.consumer.client().await;
        let mut kills = 0;
        while !written.load(Ordering::SeqCst)
            || stage.count().await < NAMES.len() * EACH
            || kills < 5
        {
            let doomed = stage.consume(Diary, &stop);
            tokio::time::sleep(Duration::from_millis(5 + kills % 11)).await;
            doomed.abort();
            kills += 1;
            if kills % 4 == 0 {
                admin
                    .execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND pid <> pg_backend_pid()",
                        &[],
                    )
                    .await
                    .expect("terminates");
            }
            assert!(kills < 5_000, "{:?}", stage.effects().await);
        }
        stop.cancel();
        steady.await.expect("ends");
    };
    tokio::join!(
        async {
            futures_util::future::join_all(writers).await;
            written.store(true, Ordering::SeqCst);
        },
        unrest
    );
    let expected: Vec<i64> = (1..).take(EACH).collect();
    let effects = stage.effects().await;
    for name in NAMES {
        assert_eq!(effects[name], expected, "{name}");
    }
    assert_eq!(count_parked(&stage.consumer.database()).await.expect("counts"), 0);
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_skipped() {
    let stage = Stage::new().await;
    let (database, source) = (stage.producer.database(), stage.source());
    stage.emit(&event("early", 0)).await;
    let mut slow = database.client().await.expect("connects");
    let late = slow.transaction().await.expect("begins");
    append(&late, &event("late", 1)).await.expect("appended");
    stage.emit(&event("quick", 2)).await;

    // What was appended before the open transaction may be read, what came after waits.
    let mut read = Vec::new();
    eventually(PATIENCE, || async {
        !source.events_after(Cursor::START, 10).await.expect("read").is_empty()
    })
    .await;
    read.extend(source.events_after(Cursor::START, 10).await.expect("read"));
    assert_eq!(subjects(&read), ["early"]);
    late.commit().await.expect("committed");
    let place = read[0].cursor;
    eventually(PATIENCE, || async {
        source.events_after(place, 10).await.expect("read").len() == 2
    })
    .await;
    assert_eq!(subjects(&source.events_after(place, 10).await.expect("read")), ["late", "quick"]);
    assert_eq!(source.events_after(place, 1).await.expect("read").len(), 1);
}

#[tokio::test]
async fn order_is_that_of_commits_not_of_transactions_beginnings() {
    let stage = Stage::new().await;
    let (database, source) = (stage.producer.database(), stage.source());
    // The first transaction has its number before the second one, and waits for the row.
    let mut client = database.client().await.expect("connects");
    let first = client.transaction().await.expect("begins");
    first.execute("INSERT INTO others VALUES (1)", &[]).await.expect("written");
    step(&database, "a").await;
    let row = first
        .query_one("UPDATE subjects SET n = n + 1 WHERE name = 'a' RETURNING n", &[])
        .await
        .expect("updated");
    append(&first, &event("a", row.get(0))).await.expect("appended");
    first.commit().await.expect("committed");
    eventually(PATIENCE, || async {
        source.events_after(Cursor::START, 10).await.expect("read").len() == 2
    })
    .await;
    let numbers: Vec<_> = source
        .events_after(Cursor::START, 10)
        .await
        .expect("read")
        .iter()
        .map(|recorded| recorded.event.data["number"].as_i64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
}

fn subjects(recorded: &[Recorded]) -> Vec<&str> {
    recorded.iter().map(|recorded| recorded.event.subject.as_str()).collect()
}

/// Refuses events of subject `bad` until it is healed, one way or the other.
#[derive(Default)]
struct Choosy {
    attempts: AtomicUsize,
    healed: AtomicBool,
    panics: bool,
    away: bool,
}

#[async_trait]
impl Handler for Choosy {
    async fn handle(&self, tx: &Transaction<'_>, event: &Event) -> Result<(), HandlerError> {
        Diary.handle(tx, event).await?;
        if event.subject == "bad" && !self.healed.load(Ordering::SeqCst) {
            self.attempts.fetch_add(1, Ordering::SeqCst);
            if self.away {
                return Err(HandlerError::Later("the mail server is away".into()));
            }
            assert!(!self.panics, "a bug");
            tx.execute("SELECT 1 / 0", &[]).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_failing_event_is_parked_visibly_and_can_be_tried_again() {
    for panics in [false, true] {
        let stage = Stage::new().await;
        let choosy = Arc::new(Choosy { panics, ..Choosy::default() });
        for (number, subject) in (0..).zip(["a", "a", "bad", "a", "b"]) {
            stage.emit(&event(subject, number)).await;
        }
        let stop = CancellationToken::new();
        let running = stage.consume(Arc::clone(&choosy), &stop);
        eventually(PATIENCE, || async { stage.count().await == 4 }).await;
        assert_eq!(stage.effects().await["a"], [0, 1, 3]);
        assert_eq!(stage.effects().await.get("bad"), None, "undone");

        let consumer = stage.consumer.database();
        let seen = parked(&consumer, 10).await.expect("read");
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].source.as_str(), seen[0].attempts), ("producer", 3));
        assert_eq!(seen[0].recorded.event.data["number"], 2);
        let reason = if panics { "the handler panicked: a bug" } else { "division by zero" };
        assert!(seen[0].last_error.contains(reason), "{}", seen[0].last_error);

        // It fails once more, and stays.
        let place = seen[0].recorded.cursor;
        assert!(retry_parked(&consumer, "producer", place).await.expect("asked"));
        eventually(PATIENCE, || async {
            parked(&consumer, 10).await.expect("read")[0].attempts == 4
        })
        .await;
        choosy.healed.store(true, Ordering::SeqCst);
        assert!(retry_parked(&consumer, "producer", place).await.expect("asked"));
        eventually(PATIENCE, || async { count_parked(&consumer).await.expect("counts") == 0 })
            .await;
        assert_eq!(stage.effects().await["bad"], [2]);
        assert!(!retry_parked(&consumer, "producer", place).await.expect("asked"));
        stop.cancel();
        running.await.expect("ends");
    }
}

#[tokio::test]
async fn an_event_waits_for_what_is_away_and_is_not_parked() {
    let stage = Stage::new().await;
    let choosy = Arc::new(Choosy { away: true, ..Choosy::default() });
    stage.emit(&event("bad", 1)).await;
    stage.emit(&event("a", 2)).await;
    let stop = CancellationToken::new();
    let running = stage.consume(Arc::clone(&choosy), &stop);
    eventually(PATIENCE, || async { choosy.attempts.load(Ordering::SeqCst) > 8 }).await;
    assert_eq!(stage.count().await, 0);
    choosy.healed.store(true, Ordering::SeqCst);
    eventually(PATIENCE, || async { stage.count().await == 2 }).await;
    assert_eq!(count_parked(&stage.consumer.database()).await.expect("counts"), 0);
    stop.cancel();
    running.await.expect("ends");
}

/// A log that cannot be read at first.
#[derive(Debug)]
struct Flaky {
    inner: Arc<OutboxSource>,
    refusals: AtomicUsize,
}

#[async_trait]
impl EventSource for Flaky {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        if self.refusals.fetch_add(1, Ordering::SeqCst) < 3 {
            return Err(SourceUnavailable("refused".into()));
        }
        self.inner.events_after(after, limit).await
    }
}

#[tokio::test]
async fn a_bell_wakes_a_subscription_and_an_unreadable_log_is_waited_for() {
    let stage = Stage::new().await;
    let source = Arc::new(Flaky { inner: stage.source(), refusals: AtomicUsize::new(0) });
    let (bell, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let subscription =
        Subscription::new(stage.consumer.database(), "producer", Arc::clone(&source) as _)
            .woken_by(Arc::clone(&bell))
            .with_options(SubscriptionOptions { poll: NEVER, ..quick() });
    let running = tokio::spawn(subscription.run(Diary, stop.clone()));
    eventually(PATIENCE, || async { source.refusals.load(Ordering::SeqCst) >= 4 }).await;
    for number in 1..=3 {
        stage.emit(&event("a", number)).await;
        // What other databases of the server do may hold the event back for a moment.
        eventually(PATIENCE, || async {
            bell.notify_one();
            stage.count().await == usize::try_from(number).expect("small")
        })
        .await;
    }
    stop.cancel();
    running.await.expect("ends");
}

/// Publishes nowhere.
struct Nowhere;

#[async_trait]
impl Publisher for Nowhere {
    async fn publish(&self, _: &[Event]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

#[tokio::test]
async fn old_events_are_swept_once_they_are_published() {
    let stage = Stage::new().await;
    let database = stage.producer.database();
    let mut old = event("old", 1);
    old.occurred_at -= Span::days(8);
    stage.emit(&old).await;
    stage.emit(&event("new", 2)).await;
    let limit = SystemClock.now() - Span::days(7);
    assert_eq!(sweep(&database, limit).await.expect("swept"), 0, "not published yet");

    let stop = CancellationToken::new();
    let relay = Relay::new(&database, Arc::new(Nowhere)).with_options(RelayOptions {
        poll: Duration::from_millis(10),
        sweep_every: Duration::from_millis(20),
        ..RelayOptions::default()
    });
    let running = tokio::spawn(relay.run(stop.clone()));
    let client = stage.producer.client().await;
    eventually(PATIENCE, || async {
        let row = client.query_one("SELECT count(*), min(subject) FROM outbox", &[]).await;
        let row = row.expect("counts");
        row.get::<_, i64>(0) == 1 && row.get::<_, String>(1) == "new"
    })
    .await;
    stop.cancel();
    running.await.expect("ends");
    assert_eq!(
        subjects(&stage.source().events_after(Cursor::START, 9).await.expect("read")),
        ["new"]
    );
}
