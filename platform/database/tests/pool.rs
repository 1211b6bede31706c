//! Pools: set-up of sessions, classification of errors, restarts, replicas, TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use marquis_config::{DatabaseServer, Span};
use marquis_database::{Database, DatabaseError, is_unique_violation, retry};
use marquis_kernel::Secret;
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::{PostgresServer, TestDatabase, eventually, free_port};
use tokio::sync::Barrier;

const PATIENCE: Duration = Duration::from_secs(60);

fn open(settings: &DatabaseServer) -> Database {
    Database::connect(settings, "pool", Metrics::new()).expect("well-formed settings")
}

async fn answer(database: &Database) -> Result<i32, DatabaseError> {
    Ok(database.client().await?.query_one("SELECT 7", &[]).await?.get(0))
}

fn reason(error: &DatabaseError) -> &str {
    match error {
        DatabaseError::Unavailable(unavailable) => unavailable.reason,
        other => unreachable!("not an outage: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_down_fails_no_start_and_every_request_as_unavailable() {
    let url = format!("postgres://u:hunter2@127.0.0.1:{}/x", free_port());
    let database = open(&DatabaseServer::with_url(Secret::new(url)));
    let error = answer(&database).await.expect_err("down");
    assert_eq!(reason(&error), "the server is not running");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn sessions_see_one_schema_and_a_statement_timeout() {
    let test = TestDatabase::new("pool", &[]).await;
    let mut settings = test.settings();
    settings.statement_timeout = Span::from_millis(50);
    let client = open(&settings).client().await.expect("connects");
    let row = client
        .query_one("SELECT current_schemas(false)::text[] = ARRAY['pool']", &[])
        .await
        .expect("shows");
    assert!(row.get::<_, bool>(0), "one schema and no other");
    client.query("SELECT position FROM outbox", &[]).await.expect("unqualified names work");
    let error: DatabaseError =
        client.execute("SELECT pg_sleep(20)", &[]).await.expect_err("cut off").into();
    assert_eq!(reason(&error), "the statement took too long");
}

#[tokio::test]
async fn an_exhausted_pool_answers_within_the_acquire_timeout() {
    let test = TestDatabase::new("pool", &[]).await;
    let mut settings = test.settings();
    settings.pool_size = 2;
    settings.acquire_timeout = Span::from_millis(100);
    let database = open(&settings);
    let _held = (database.client().await.expect("one"), database.client().await.expect("two"));
    assert_eq!(database.status().in_use, 2);
    let started = Instant::now();
    let error = answer(&database).await.expect_err("exhausted");
    assert_eq!(reason(&error), "all connections are in use");
    assert!(started.elapsed() < Duration::from_secs(5));
    database.close();
    assert_eq!(reason(&answer(&database).await.expect_err("closed")), "the pool is closed");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let test = TestDatabase::new("pool", &[]).await;
    let client = test.database().client().await.expect("connects");
    client
        .batch_execute("CREATE TABLE t (n int CONSTRAINT t_once UNIQUE); INSERT INTO t VALUES (1)")
        .await
        .expect("made");
    let refuse = async |sql: &str| -> DatabaseError {
        client.batch_execute(sql).await.expect_err("refused").into()
    };
    let twice = refuse("INSERT INTO t VALUES (1)").await;
    assert!(is_unique_violation(&twice, "t_once") && !is_unique_violation(&twice, "other"));
    assert!(std::error::Error::source(&twice).is_some());
    let wrong = refuse("SELEC 1").await;
    assert!(matches!(wrong, DatabaseError::Query(_)), "{wrong:?}");
    let read_only = refuse("BEGIN READ ONLY; INSERT INTO t VALUES (2)").await;
    assert_eq!(reason(&read_only), "the server is read-only");
}

#[tokio::test]
async fn colliding_transactions_are_run_again() {
    let test = TestDatabase::new("pool", &[]).await;
    let database = test.database();
    let client = test.client().await;
    client
        .batch_execute("CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)")
        .await
        .expect("made");
    let runs = Arc::new(AtomicU32::new(0));
    let barrier = Arc::new(Barrier::new(2));
    let increment = |database: Database, runs: Arc<AtomicU32>, barrier: Arc<Barrier>| async move {
        let mut first = true;
        retry(|| {
            let meet = std::mem::take(&mut first);
            let (database, runs, barrier) = (&database, &runs, &barrier);
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                let mut client = database.client().await?;
                let transaction = client
                    .build_transaction()
                    .isolation_level(tokio_postgres::IsolationLevel::Serializable)
                    .start()
                    .await?;
                let n: i32 = transaction.query_one("SELECT n FROM counter", &[]).await?.get(0);
                if meet {
                    barrier.wait().await;
                }
                transaction.execute("UPDATE counter SET n = $1", &[&(n + 1)]).await?;
                transaction.commit().await?;
                Ok::<_, DatabaseError>(())
            }
        })
        .await
    };
    let both = tokio::join!(
        increment(database.clone(), Arc::clone(&runs), Arc::clone(&barrier)),
        increment(database.clone(), Arc::clone(&runs), Arc::clone(&barrier)),
    );
    both.0.expect("succeeds");
    both.1.expect("succeeds");
    let n = client.query_one("SELECT n FROM counter", &[]).await.expect("read");
    assert_eq!(n.get::<_, i32>(0), 2, "no update is lost");
    assert!(runs.load(Ordering::SeqCst) >= 3, "one of them ran again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_the_first_requests_succeed() {
    let mut server = PostgresServer::start().await;
    let database = server.database("pool");
    for crash in [false, true] {
        // Fill the pool with connections that the restart will cut.
        let held: Vec<_> = futures_util::future::join_all((0..8).map(|_| database.client())).await;
        assert!(held.iter().all(Result::is_ok));
        drop(held);
        if crash {
            server.stop_immediate().await;
        } else {
            server.stop().await;
        }
        let down = answer(&database).await.expect_err("down");
        assert!(down.is_unavailable(), "{down:?}");
        server.start_again().await;
        let answers = futures_util::future::join_all((0..40).map(|_| answer(&database))).await;
        for answer in answers {
            assert_eq!(answer.expect("answers after the restart"), 7);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_terminated_fails_only_what_was_in_flight() {
    let test = TestDatabase::new("pool", &[]).await;
    let database = test.database();
    let busy = database.client().await.expect("connects");
    let idle: Vec<_> = futures_util::future::join_all((0..6).map(|_| database.client())).await;
    drop(idle);
    let running = tokio::spawn(async move { busy.execute("SELECT pg_sleep(60)", &[]).await });
    let admin = test.client().await;
    let running_seen = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active' AND datname = current_database()";
    eventually(PATIENCE, || async { admin.query_one(running_seen, &[]).await }).await;
    admin
        .execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .await
        .expect("terminated");
    let error: DatabaseError = running.await.expect("joined").expect_err("cut").into();
    assert_eq!(reason(&error), "the server is shutting down");
    let answers = futures_util::future::join_all((0..40).map(|_| answer(&database))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test]
async fn a_full_server_is_unavailable() {
    let server = PostgresServer::start().await;
    let (admin, connection) = tokio_postgres::connect(server.url().expose(), tokio_postgres::NoTls)
        .await
        .expect("connects");
    tokio::spawn(connection);
    admin
        .batch_execute("CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 1")
        .await
        .expect("made");
    let url = server.url();
    let (_, host) = url.expose().split_once('@').expect("a host");
    let mut settings =
        DatabaseServer::with_url(Secret::new(format!("postgres://guest:guest@{host}")));
    settings.pool_size = 4;
    let database = open(&settings);
    let _only = database.client().await.expect("the first fits");
    assert_eq!(
        reason(&answer(&database).await.expect_err("full")),
        "the server has too many clients"
    );
    // A wrong password is the operator's mistake, not the caller's: also 503, with the cause kept.
    let wrong = DatabaseServer::with_url(Secret::new(format!("postgres://guest:wrong@{host}")));
    let refused = answer(&open(&wrong)).await.expect_err("refused");
    assert_eq!(reason(&refused), "the server refuses our connection");
}

#[tokio::test]
async fn readers_use_a_replica_that_answers_and_else_the_primary() {
    let primary = TestDatabase::new("pool", &[]).await;
    let replica = TestDatabase::new("pool", &[]).await;
    let name = async |database: &Database| -> String {
        let client = database.reader().await.expect("reads");
        client.query_one("SELECT current_database()::text", &[]).await.expect("read").get(0)
    };
    let mut settings = primary.settings();
    let primary_name = name(&open(&settings)).await;
    settings.replica_urls = vec![replica.url()];
    let replica_name = name(&open(&settings)).await;
    assert_ne!(primary_name, replica_name);
    let dead = Secret::new(format!("postgres://u@127.0.0.1:{}/x", free_port()));
    settings.replica_urls = vec![dead.clone(), replica.url()];
    let database = open(&settings);
    for _ in 0..4 {
        assert_eq!(name(&database).await, replica_name);
    }
    settings.replica_urls = vec![dead];
    assert_eq!(name(&open(&settings)).await, primary_name);
}

#[tokio::test]
async fn queries_are_timed() {
    let test = TestDatabase::new("pool", &[]).await;
    let metrics = Metrics::new();
    let database =
        Database::connect(&test.settings(), "pool", Arc::clone(&metrics)).expect("opens");
    let observed = database.observe("select", "number", answer(&database)).await;
    assert_eq!(observed.expect("answers"), 7);
    let text = metrics.render();
    let line = "db_query_duration_seconds_count{model=\"number\",operation=\"select\"} 1";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn an_encrypted_connection_verifies_the_server() {
    let server = PostgresServer::start().await;
    let plain = server.database("pool").client().await.expect("connects");
    let authority_key = rcgen::KeyPair::generate().expect("key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).expect("certificate");
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let server_key = rcgen::KeyPair::generate().expect("key");
    let server_certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .expect("parameters")
        .signed_by(&server_key, &issuer)
        .expect("certificate");
    // Written by the server, so that the files are its user's.
    for (file, text) in
        [("server.crt", server_certificate.pem()), ("server.key", server_key.serialize_pem())]
    {
        let copy = format!(
            "COPY (SELECT string_to_table('{}', E'\\n')) TO PROGRAM 'umask 077; cat > {file}'",
            text.trim().replace("\r\n", "\n")
        );
        plain.batch_execute(&copy).await.expect(file);
    }
    plain.batch_execute("ALTER SYSTEM SET ssl = on").await.expect("set");
    plain.batch_execute("SELECT pg_reload_conf()").await.expect("reloaded");
    let authorities = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(authorities.path(), certificate.pem()).expect("written");

    let url = server.url();
    let encrypted = DatabaseServer::with_url(Secret::new(format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        url.expose(),
        authorities.path().display()
    )));
    let client = eventually(PATIENCE, || async { open(&encrypted).client().await }).await;
    let row = client
        .query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[])
        .await
        .expect("told");
    assert!(row.get::<_, bool>(0), "encrypted");

    let untrusted =
        DatabaseServer::with_url(Secret::new(format!("{}?sslmode=require", url.expose())));
    let error = answer(&open(&untrusted)).await.expect_err("nobody vouches for it");
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[tokio::test]
async fn required_encryption_is_never_dropped() {
    let server = PostgresServer::start().await;
    let url = format!("{}?sslmode=require", server.url().expose());
    let error =
        answer(&open(&DatabaseServer::with_url(Secret::new(url)))).await.expect_err("no TLS");
    assert!(error.is_unavailable(), "{error:?}");
}
