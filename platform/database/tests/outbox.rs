//! The outbox: nothing lost, nothing invented, order per subject, any number of relays.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_database::outbox::{Publisher, Relay, RelayOptions, append, backlog};
use marquis_database::{Database, DatabaseError};
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, SystemClock};
use marquis_testkit::{PostgresServer, TestDatabase, eventually};
use parking_lot::Mutex;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough that nothing in these tests is explained by polling.
const NEVER: Duration = Duration::from_secs(3_600);

/// Keeps what was published; refuses while told to.
#[derive(Default)]
struct Witness {
    events: Mutex<Vec<Event>>,
    refusing: AtomicBool,
    refusals: AtomicUsize,
}

#[async_trait]
impl Publisher for Witness {
    async fn publish(&self, events: &[Event]) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.refusing.load(Ordering::SeqCst) {
            // Part of the batch gets out, as with a connection that breaks.
            self.events.lock().extend_from_slice(&events[..events.len() / 2]);
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err("refused".into());
        }
        self.events.lock().extend_from_slice(events);
        Ok(())
    }
}

impl Witness {
    fn count(&self) -> usize {
        self.events.lock().len()
    }

    fn distinct(&self) -> HashSet<Uuid> {
        self.events.lock().iter().map(|event| event.id).collect()
    }

    /// For each subject, its events' numbers at their first appearance.
    fn first_appearances(&self) -> HashMap<String, Vec<i64>> {
        let mut seen = HashSet::new();
        let mut order: HashMap<String, Vec<i64>> = HashMap::new();
        for event in self.events.lock().iter().filter(|event| seen.insert(event.id)) {
            let number = event.data["number"].as_i64().expect("a number");
            order.entry(event.subject.clone()).or_default().push(number);
        }
        order
    }
}

fn event(subject: &str, number: i64) -> Event {
    Event {
        id: new_uuid(&SystemClock),
        kind: "test.happened".to_owned(),
        subject: subject.to_owned(),
        occurred_at: SystemClock.now(),
        data: json!({ "number": number }),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    }
}

fn relay(
    database: &Database,
    witness: &Arc<Witness>,
    poll: Duration,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let publisher: Arc<dyn Publisher> = Arc::<Witness>::clone(witness);
    let relay = Relay::new(database, publisher).with_options(RelayOptions {
        batch: 100,
        poll,
        ..RelayOptions::default()
    });
    tokio::spawn(relay.run(stop.clone()))
}

async fn emit(database: &Database, event: &Event) -> Result<(), DatabaseError> {
    append(&database.client().await?, event).await
}

/// The next number of a subject, its row locked until the commit, as a service does it.
async fn step(database: &Database, subject: &str) -> Result<(), DatabaseError> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    let row = transaction
        .query_one("UPDATE subjects SET n = n + 1 WHERE name = $1 RETURNING n", &[&subject])
        .await?;
    append(&transaction, &event(subject, row.get(0))).await?;
    transaction.commit().await?;
    Ok(())
}

async fn subjects(test: &TestDatabase, names: &[&str]) {
    let client = test.client().await;
    client
        .batch_execute("CREATE TABLE subjects (name text PRIMARY KEY, n bigint)")
        .await
        .expect("made");
    for name in names {
        client.execute("INSERT INTO subjects VALUES ($1, 0)", &[name]).await.expect("made");
    }
}

#[tokio::test]
async fn a_committed_event_is_published_as_it_was_and_kept() {
    let test = TestDatabase::new("outbox", &[]).await;
    let database = test.database();
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let running = relay(&database, &witness, NEVER, &stop);

    let mut client = database.client().await.expect("connects");
    let transaction = client.transaction().await.expect("begins");
    append(&transaction, &event("rolled back", 1)).await.expect("appended");
    transaction.rollback().await.expect("rolled back");
    let sent = event("kept", 2);
    append(&client, &sent).await.expect("appended");

    eventually(PATIENCE, || async { witness.count() == 1 }).await;
    assert_eq!(*witness.events.lock(), [sent]);
    eventually(PATIENCE, || async { backlog(&database).await.is_ok_and(|b| b.events == 0) }).await;
    let kept = client.query_one("SELECT count(*) FROM outbox", &[]).await.expect("counts");
    assert_eq!(kept.get::<_, i64>(0), 1, "other services read it");
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn an_event_is_appended_by_the_statement_that_causes_it() {
    let test = TestDatabase::new("outbox", &[]).await;
    subjects(&test, &["p1"]).await;
    let database = test.database();
    let client = database.client().await.expect("connects");
    client
        .execute(
            "WITH changed AS (UPDATE subjects SET n = n + 1 WHERE name = 'p1' RETURNING name, n)
             INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent)
             SELECT $1, 'test.happened', name, now(), jsonb_build_object('number', n), NULL FROM changed",
            &[&new_uuid(&SystemClock)],
        )
        .await
        .expect("one statement");
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let running = relay(&database, &witness, NEVER, &stop);
    eventually(PATIENCE, || async { witness.count() == 1 }).await;
    assert_eq!(witness.first_appearances()["p1"], [1]);
    assert_eq!(witness.events.lock()[0].traceparent, None);
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeping_relay_is_woken_by_every_commit() {
    let test = TestDatabase::new("outbox", &[]).await;
    let database = test.database();
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let running = relay(&database, &witness, NEVER, &stop);
    // With polling out of the question a lost wake-up hangs here.
    for round in 0..200 {
        if round % 3 == 0 {
            let both = (event("a", round), event("b", round));
            let both = tokio::join!(emit(&database, &both.0), emit(&database, &both.1));
            both.0.and(both.1).expect("appended");
        } else {
            emit(&database, &event("a", round)).await.expect("appended");
        }
        if round % 2 == 0 {
            eventually(PATIENCE, || async {
                backlog(&database).await.is_ok_and(|b| b.events == 0)
            })
            .await;
        }
    }
    eventually(PATIENCE, || async { witness.count() == 267 }).await;
    assert_eq!(witness.distinct().len(), 267);
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_and_relays_keep_the_order_of_each_subject() {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    const EACH: usize = 60;
    let test = TestDatabase::new("outbox", &[]).await;
    subjects(&test, &NAMES).await;
    let database = test.database();
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let poll = Duration::from_millis(20);
    let relays: Vec<_> = (0..3).map(|_| relay(&database, &witness, poll, &stop)).collect();

    let writers = (0..8).map(|writer| {
        let database = database.clone();
        async move {
            for round in 0..NAMES.len() * EACH / 8 {
                let name = NAMES[(writer + round) % NAMES.len()];
                step(&database, name).await.expect("stepped");
            }
        }
    });
    // Meanwhile whoever leads loses its session again and again.
    let admin = test.client().await;
    let done = AtomicBool::new(false);
    let unrest = async {
        let mut terminated = 0;
        while !done.load(Ordering::SeqCst) || terminated == 0 {
            let killed = admin
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks
                     WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                    &[],
                )
                .await
                .expect("terminates");
            terminated += killed;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    tokio::join!(
        async {
            futures_util::future::join_all(writers).await;
            done.store(true, Ordering::SeqCst);
        },
        unrest
    );
    eventually(PATIENCE, || async { witness.distinct().len() == NAMES.len() * EACH }).await;
    let expected: Vec<i64> = (1..).take(EACH).collect();
    for name in NAMES {
        assert_eq!(witness.first_appearances()[name], expected, "{name}");
    }
    eventually(PATIENCE, || async { backlog(&database).await.is_ok_and(|b| b.events == 0) }).await;
    stop.cancel();
    for relay in relays {
        relay.await.expect("ends");
    }
}

#[tokio::test]
async fn one_relay_leads_and_others_publish_nothing() {
    let test = TestDatabase::new("outbox", &[]).await;
    let database = test.database();
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let poll = Duration::from_millis(20);
    let relays: Vec<_> = (0..3).map(|_| relay(&database, &witness, poll, &stop)).collect();
    for number in 0..50 {
        emit(&database, &event("a", number)).await.expect("appended");
    }
    eventually(PATIENCE, || async { backlog(&database).await.is_ok_and(|b| b.events == 0) }).await;
    assert_eq!(witness.count(), 50, "nothing twice without an outage");
    stop.cancel();
    for relay in relays {
        relay.await.expect("ends");
    }
}

#[tokio::test]
async fn events_wait_while_they_cannot_be_published() {
    let test = TestDatabase::new("outbox", &[]).await;
    let database = test.database();
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    witness.refusing.store(true, Ordering::SeqCst);
    let running = relay(&database, &witness, NEVER, &stop);
    for number in 0..10 {
        emit(&database, &event("a", number)).await.expect("appended");
    }
    eventually(PATIENCE, || async { witness.refusals.load(Ordering::SeqCst) >= 2 }).await;
    assert_eq!(backlog(&database).await.expect("counts").events, 10);
    assert!(backlog(&database).await.expect("counts").oldest.is_some());
    witness.refusing.store(false, Ordering::SeqCst);
    eventually(PATIENCE, || async { backlog(&database).await.is_ok_and(|b| b.events == 0) }).await;
    assert_eq!(witness.first_appearances()["a"], (0..10).collect::<Vec<i64>>());
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_postgresql_loses_nothing() {
    let mut server = PostgresServer::start().await;
    let database = server.database("outbox");
    database.migrate(&[]).await.expect("migrates");
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let running = relay(&database, &witness, NEVER, &stop);
    emit(&database, &event("a", 1)).await.expect("appended");
    eventually(PATIENCE, || async { witness.count() == 1 }).await;
    server.stop().await;
    server.start_again().await;
    emit(&database, &event("a", 2)).await.expect("appended");
    eventually(PATIENCE, || async { witness.distinct().len() == 2 }).await;
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_is_published_in_batches() {
    const EVENTS: i64 = 5_000;
    let test = TestDatabase::new("outbox", &[]).await;
    let database = test.database();
    test.client()
        .await
        .execute(
            "INSERT INTO outbox (id, kind, subject, occurred_at, data)
             SELECT gen_random_uuid(), 'test.happened', 's' || n % 7, now(), jsonb_build_object('number', n)
             FROM generate_series(1, $1::bigint) n",
            &[&EVENTS],
        )
        .await
        .expect("appended");
    let (witness, stop) = (Arc::new(Witness::default()), CancellationToken::new());
    let started = Instant::now();
    let running = relay(&database, &witness, NEVER, &stop);
    eventually(PATIENCE, || async { i64::try_from(witness.count()) == Ok(EVENTS) }).await;
    println!("{EVENTS} events published in {:?}", started.elapsed());
    let numbers: Vec<i64> = witness
        .events
        .lock()
        .iter()
        .map(|event| event.data["number"].as_i64().expect("number"))
        .collect();
    assert_eq!(numbers, (1..=EVENTS).collect::<Vec<_>>());
    stop.cancel();
    running.await.expect("ends");
}
