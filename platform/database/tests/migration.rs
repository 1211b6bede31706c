//! Migrations against a real server: once each, whoever starts when; refusals change nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use marquis_database::{
    Database, DatabaseError, Migration, MigrationError, MigrationProgress, OUTBOX_AND_JOBS,
};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::{TestDatabase, assert_all_listed};

const ONE: Migration = Migration::new("001_things", "CREATE TABLE things (n int NOT NULL);");
const TWO: Migration =
    Migration::new("002_more", "SELECT pg_sleep(0.1);\nINSERT INTO things VALUES (1);");

fn open(test: &TestDatabase, schema: &'static str) -> Database {
    Database::connect(&test.settings(), schema, Metrics::new()).expect("opens")
}

async fn things(test: &TestDatabase, schema: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {schema}.things");
    test.client().await.query_one(&sql, &[]).await.expect("counts").get(0)
}

fn refusal(outcome: Result<usize, DatabaseError>) -> MigrationError {
    match outcome {
        Err(DatabaseError::Migration(error)) => error,
        other => unreachable!("not refused: {other:?}"),
    }
}

#[test]
fn every_migration_of_the_platform_is_embedded() {
    assert_all_listed(env!("CARGO_MANIFEST_DIR"), OUTBOX_AND_JOBS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_apply_each_migration_once() {
    let test = TestDatabase::new("unused", &[]).await;
    let waited = AtomicU32::new(0);
    let nodes = (0..8).map(|_| {
        let database = open(&test, "fresh");
        let waited = &waited;
        async move {
            database
                .migrate_showing(&[ONE, TWO], &|progress| {
                    if matches!(progress, MigrationProgress::Waiting { schema: "fresh" }) {
                        waited.fetch_add(1, Ordering::SeqCst);
                    }
                })
                .await
                .expect("migrates")
        }
    });
    let applied: Vec<usize> = futures_util::future::join_all(nodes).await;
    // The platform's own migrations, and ours.
    assert_eq!(applied.iter().sum::<usize>(), OUTBOX_AND_JOBS.len() + 2, "{applied:?}");
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    assert_eq!(waited.load(Ordering::SeqCst), 7);
    assert_eq!(things(&test, "fresh").await, 1);
    // Another schema of the same database has its own record.
    let applied = open(&test, "other").migrate(&[ONE]).await.expect("migrates");
    assert_eq!(applied, OUTBOX_AND_JOBS.len() + 1);
}

#[tokio::test]
async fn an_edited_migration_is_refused_before_anything_is_applied() {
    let test = TestDatabase::new("unused", &[]).await;
    let database = open(&test, "edited");
    database.migrate(&[ONE]).await.expect("migrates");
    let edited = Migration::new("001_things", "CREATE TABLE things (n bigint NOT NULL);");
    let error = refusal(database.migrate(&[edited, TWO]).await);
    assert!(matches!(error, MigrationError::Edited { .. }), "{error}");
    assert!(error.to_string().contains("001_things"), "{error}");
    assert_eq!(things(&test, "edited").await, 0);
}

#[tokio::test]
async fn a_database_newer_than_the_binary_is_refused() {
    let test = TestDatabase::new("unused", &[]).await;
    let database = open(&test, "newer");
    database.migrate(&[ONE, TWO]).await.expect("migrates");
    let error = refusal(database.migrate(&[ONE]).await);
    assert!(matches!(&error, MigrationError::Newer { name, .. } if name == "002_more"), "{error}");
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_names_the_line() {
    let test = TestDatabase::new("unused", &[]).await;
    let database = open(&test, "failing");
    let broken = Migration::new("002_broken", "INSERT INTO things VALUES (1);\n\nSELEC 1;\n");
    let error = refusal(database.migrate(&[ONE, broken]).await);
    assert!(
        error.to_string().contains("002_broken") && error.to_string().contains("line 3"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(
        things(&test, "failing").await,
        0,
        "the earlier one stays, the broken one left nothing"
    );
    assert_eq!(database.migrate(&[ONE, TWO]).await.expect("the repaired one applies"), 1);
}

#[tokio::test]
async fn an_index_can_be_built_concurrently() {
    let test = TestDatabase::new("unused", &[]).await;
    let index = Migration::new(
        "002_index",
        "-- without transaction\nCREATE INDEX CONCURRENTLY things_n ON things (n);",
    );
    // Two nodes: the one that waits must not be what the index build waits for.
    let (one, two) = (open(&test, "indexed"), open(&test, "indexed"));
    let migrations = [ONE, index];
    let (one, two) = tokio::join!(one.migrate(&migrations), two.migrate(&migrations));
    let applied = one.expect("migrates") + two.expect("migrates");
    assert_eq!(applied, OUTBOX_AND_JOBS.len() + 2);
}
