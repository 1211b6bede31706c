//! A fresh database for each test, copied from a template that is migrated once per set of
//! migrations.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use marquis_config::DatabaseServer;
use marquis_database::{Database, Migration, OUTBOX_AND_JOBS};
use marquis_kernel::{Clock as _, Secret, SystemClock};
use marquis_telemetry::metrics::Metrics;
use ring::digest::{Context, SHA256};
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::{eventually, postgres_url};

/// Compares a crate's list of migrations with the files in its `migrations/` directory:
/// `assert_all_listed(env!("CARGO_MANIFEST_DIR"), MIGRATIONS)`.
///
/// # Panics
///
/// When a file is not listed; a listed file that does not exist fails the compilation.
pub fn assert_all_listed(manifest_dir: &str, migrations: &[Migration]) {
    let directory = std::path::Path::new(manifest_dir).join("migrations");
    let mut files: Vec<String> = std::fs::read_dir(&directory)
        .expect("the crate has migrations")
        .map(|entry| {
            entry.expect("a readable directory").file_name().to_string_lossy().into_owned()
        })
        .collect();
    files.sort();
    let listed: Vec<String> =
        migrations.iter().map(|migration| format!("{}.sql", migration.name)).collect();
    assert_eq!(listed, files, "the list of migrations and {} differ", directory.display());
}

/// A database whose test was killed is removed by a later test after this long.
const ABANDONED_AFTER_SECONDS: i64 = 3_600;
const PATIENCE: Duration = Duration::from_secs(60);
/// Serialises making templates among all test processes.
const TEMPLATE_LOCK: i64 = 0x6d61_7271_7569_7301;

/// A database of its own, with one service's schema migrated; dropped at the end.
#[derive(Debug)]
pub struct TestDatabase {
    schema: &'static str,
    name: String,
    admin_url: String,
    url: String,
}

impl TestDatabase {
    /// A fresh database with `OUTBOX_AND_JOBS` and `migrations` applied in schema `schema`.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL or a migration fails.
    pub async fn new(schema: &'static str, migrations: &[Migration]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let admin_url = postgres_url().await;
        let admin = connect(&admin_url).await;
        remove_abandoned(&admin).await;
        let template = template(&admin, &admin_url, schema, migrations).await;
        let name = format!(
            "marquis_test_{}_{}_{}",
            SystemClock.unix(),
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        copy(&admin, &template, &name).await;
        let url = with_database(&admin_url, &name);
        Self { schema, name, admin_url, url }
    }

    /// The server as a service is configured to use it.
    #[must_use]
    pub fn settings(&self) -> DatabaseServer {
        let mut settings = DatabaseServer::with_url(self.url());
        // Many tests at once share one server's connections.
        settings.pool_size = 8;
        settings
    }

    /// URL of the database.
    #[must_use]
    pub fn url(&self) -> Secret {
        Secret::new(self.url.clone())
    }

    /// A pool on this database.
    ///
    /// # Panics
    ///
    /// Never: the URL is well-formed.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::connect(&self.settings(), self.schema, Metrics::new()).expect("a well-formed URL")
    }

    /// A bare connection, for looking at tables; `search_path` is the schema.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn client(&self) -> Client {
        let client = connect(&self.url).await;
        let search_path = format!("SET search_path TO \"{}\"", self.schema);
        client.batch_execute(&search_path).await.expect("search_path is set");
        client
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (url, name) = (self.admin_url.clone(), self.name.clone());
        // The test's runtime may be the one that is going down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await else {
                    return;
                };
                tokio::spawn(connection);
                let _ = client.batch_execute(&drop_database(&name)).await;
            });
        });
        let _ = dropping.join();
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL for tests answers");
    tokio::spawn(connection);
    client
}

/// The template's name holds a hash of all it is made from, so it never needs changing.
async fn template(
    admin: &Client,
    admin_url: &str,
    schema: &'static str,
    migrations: &[Migration],
) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(schema.as_bytes());
    for migration in OUTBOX_AND_JOBS.iter().chain(migrations) {
        hash.update(migration.name.as_bytes());
        hash.update(migration.checksum().as_bytes());
    }
    let hash: String =
        hash.finish().as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("marquis_template_{hash}");
    if exists(admin, &name).await {
        return name;
    }
    admin.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.expect("the lock");
    if !exists(admin, &name).await {
        let draft = format!("{name}_new");
        admin.batch_execute(&drop_database(&draft)).await.expect("an old draft is dropped");
        admin.batch_execute(&format!("CREATE DATABASE \"{draft}\"")).await.expect("a draft");
        let settings = DatabaseServer::with_url(Secret::new(with_database(admin_url, &draft)));
        let database =
            Database::connect(&settings, schema, Metrics::new()).expect("a well-formed URL");
        if let Err(error) = database.migrate(migrations).await {
            unreachable!("the migrations of {schema} fail: {error:?}");
        }
        // The migrator's session may take a moment to end.
        let rename = format!("ALTER DATABASE \"{draft}\" RENAME TO \"{name}\"");
        eventually(PATIENCE, || admin.batch_execute(&rename)).await;
    }
    admin.execute("SELECT pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await.expect("the unlock");
    name
}

async fn exists(admin: &Client, database: &str) -> bool {
    admin
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&database])
        .await
        .expect("pg_database is readable")
        .is_some()
}

async fn copy(admin: &Client, template: &str, name: &str) {
    let create = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
    eventually(PATIENCE, || async {
        match admin.batch_execute(&create).await {
            // Somebody looks at the template.
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => Err(error),
            outcome => {
                outcome.expect("a database is created");
                Ok(())
            }
        }
    })
    .await;
}

/// Once per process: databases of tests that were killed.
async fn remove_abandoned(admin: &Client) {
    static DONE: OnceCell<()> = OnceCell::const_new();
    DONE.get_or_init(|| async {
        let names = admin
            .query("SELECT datname FROM pg_database WHERE datname LIKE 'marquis\\_test\\_%'", &[])
            .await
            .unwrap_or_default();
        for name in names.iter().map(|row| row.get::<_, String>(0)) {
            let made = name.split('_').nth(2).and_then(|seconds| seconds.parse::<i64>().ok());
            if made.is_some_and(|made| SystemClock.unix() - made > ABANDONED_AFTER_SECONDS) {
                let _ = admin.batch_execute(&drop_database(&name)).await;
            }
        }
    })
    .await;
}

fn drop_database(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")
}

/// `url` with another database in its path.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let authority = base.find("://").map_or(0, |at| at + 3);
    let path = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    format!("{}/{database}{query}", &base[..path])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, replaced) in [
            ("postgres://u:p@h:5/old", "postgres://u:p@h:5/new"),
            ("postgres://u@h", "postgres://u@h/new"),
            ("postgres://u@%2Frun/old?sslmode=disable", "postgres://u@%2Frun/new?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "new"), replaced);
        }
    }
}
