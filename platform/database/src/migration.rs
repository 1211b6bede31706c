//! Schema migrations: numbered SQL files, applied once per schema and never edited afterwards.
//!
//! What always holds: each migration commits together with its record in
//! `schema_migrations`; nodes that start at once apply each migration once (an advisory lock
//! per schema); a database that holds an edited or an unknown migration is refused untouched.
//!
//! Change a schema by expanding first and contracting a release later, so that the old
//! binary keeps working while nodes are replaced.

use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use thiserror::Error;
use tokio_postgres::Client;

use crate::error::{DatabaseError, Unavailable};
use crate::sql;

/// How long to wait for another node that is migrating the same schema.
const LOCK_PATIENCE: Duration = Duration::from_secs(15 * 60);
const LOCK_POLL: Duration = Duration::from_millis(50);

/// First line of a migration whose single statement cannot run in a transaction
/// (`CREATE INDEX CONCURRENTLY`).
const WITHOUT_TRANSACTION: &str = "-- without transaction";

/// One numbered SQL file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The numeric prefix, from 1.
    pub version: u32,
    /// The file name without extension, prefix included: `001_initial_schema`.
    pub name: &'static str,
    /// Statements on unqualified names; `search_path` is the service's schema.
    pub sql: &'static str,
}

impl Migration {
    /// Reads the version from the numeric prefix of `name`.
    ///
    /// # Panics
    ///
    /// When `name` is not `<digits>_<words>`: at compile time, in [`migrations!`](crate::migrations).
    #[must_use]
    pub const fn new(name: &'static str, sql: &'static str) -> Self {
        let bytes = name.as_bytes();
        let mut version: u32 = 0;
        let mut at = 0;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            version = version * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        assert!(
            version > 0 && at < bytes.len() && bytes[at] == b'_',
            "a migration is named <number>_<words>"
        );
        Self { version, name, sql }
    }

    /// Hexadecimal SHA-256 of the text; line endings do not count.
    #[must_use]
    pub fn checksum(&self) -> String {
        let text = self.sql.replace("\r\n", "\n");
        digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The migrations of a crate, embedded from its `migrations/` directory, as `&'static [Migration]`.
///
/// ```ignore
/// pub const MIGRATIONS: &[Migration] = marquis_database::migrations!["001_initial_schema"];
/// ```
#[macro_export]
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$($crate::Migration::new(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".sql")),
        )),*]
    };
}

/// Tables that every schema has (outbox, jobs, cursors into logs of events); applied before a
/// service's own migrations.
pub const OUTBOX_AND_JOBS: &[Migration] = migrations!["001_outbox_and_jobs", "002_event_log"];

/// Why a schema was not brought up to date. Nothing was changed by the migration concerned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The text differs from the one that was applied.
    #[error(
        "migration {name} of schema {schema} was edited after it had been applied; restore the \
         original file and put the change into a new migration"
    )]
    Edited {
        /// Schema concerned.
        schema: String,
        /// The edited file.
        name: String,
    },
    /// The database holds a migration that this binary does not know.
    #[error(
        "schema {schema} holds migration {name}, which this version of Marquis does not know; \
         it was migrated by a newer version: start that version or restore a backup"
    )]
    Newer {
        /// Schema concerned.
        schema: String,
        /// The unknown migration.
        name: String,
    },
    /// A migration is missing below one that was applied already.
    #[error(
        "migration {name} of schema {schema} is older than {latest}, which is applied already; \
         give it a higher number"
    )]
    OutOfOrder {
        /// Schema concerned.
        schema: String,
        /// The late migration.
        name: String,
        /// The newest applied one.
        latest: String,
    },
    /// The binary's own list is not strictly increasing.
    #[error("migrations of schema {schema} are not in increasing order at {name}")]
    Unordered {
        /// Schema concerned.
        schema: String,
        /// The migration that does not exceed its predecessor.
        name: String,
    },
    /// PostgreSQL refused the migration's SQL.
    #[error("migration {name} of schema {schema} failed{position}")]
    Failed {
        /// Schema concerned.
        schema: String,
        /// The failing file.
        name: String,
        /// `" at line n"`, when the server told.
        position: String,
        /// The server's refusal.
        source: tokio_postgres::Error,
    },
}

/// Something worth showing while a schema is migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationProgress<'a> {
    /// Another node is migrating this schema; we wait for it.
    Waiting {
        /// Schema concerned.
        schema: &'a str,
    },
    /// About to apply one migration.
    Applying {
        /// Schema concerned.
        schema: &'a str,
        /// The migration.
        name: &'a str,
    },
}

/// A list of migrations that is numbered on its own; the platform's and the service's
/// numbers never meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<'a> {
    pub(crate) name: &'static str,
    pub(crate) migrations: &'a [Migration],
}

struct Applied {
    version: u32,
    name: String,
    checksum: String,
}

/// Brings `schema` up to date on a connection of its own and returns how many migrations ran.
pub(crate) async fn migrate(
    client: &mut Client,
    schema: &str,
    series: &[Series<'_>],
    progress: &(dyn Fn(MigrationProgress<'_>) + Sync),
) -> Result<usize, DatabaseError> {
    lock(client, schema, progress).await?;
    let outcome = migrate_locked(client, schema, series, progress).await;
    // A connection that broke has released its lock; there is nothing to add to `outcome`.
    let _ = client.execute(sql::UNLOCK_MIGRATIONS, &[&schema]).await;
    outcome
}

/// Waits without blocking inside PostgreSQL: a statement that waits for the lock would hold
/// a snapshot, and `CREATE INDEX CONCURRENTLY` on the other node waits for all snapshots.
async fn lock(
    client: &Client,
    schema: &str,
    progress: &(dyn Fn(MigrationProgress<'_>) + Sync),
) -> Result<(), DatabaseError> {
    let started = Instant::now();
    let mut told = false;
    while !client.query_one(sql::TRY_LOCK_MIGRATIONS, &[&schema]).await?.get::<_, bool>(0) {
        if !told {
            progress(MigrationProgress::Waiting { schema });
            told = true;
        }
        if started.elapsed() > LOCK_PATIENCE {
            return Err(Unavailable {
                reason: "another node has been migrating for too long",
                source: None,
            }
            .into());
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
    Ok(())
}

async fn migrate_locked(
    client: &mut Client,
    schema: &str,
    series: &[Series<'_>],
    progress: &(dyn Fn(MigrationProgress<'_>) + Sync),
) -> Result<usize, DatabaseError> {
    client.batch_execute(&sql::create_schema(schema)).await?;
    // All series are judged before any is applied.
    let mut todo = Vec::new();
    for series in series {
        for migration in pending(client, schema, series).await? {
            todo.push((series.name, migration));
        }
    }
    for (series, migration) in &todo {
        progress(MigrationProgress::Applying { schema, name: migration.name });
        apply(client, schema, series, migration).await?;
    }
    Ok(todo.len())
}

async fn pending<'a>(
    client: &Client,
    schema: &str,
    series: &Series<'a>,
) -> Result<&'a [Migration], DatabaseError> {
    let applied: Vec<Applied> = client
        .query(sql::APPLIED_MIGRATIONS, &[&series.name])
        .await?
        .iter()
        .map(|row| Applied {
            version: u32::try_from(row.get::<_, i32>(0)).unwrap_or(0),
            name: row.get(1),
            checksum: row.get(2),
        })
        .collect();
    Ok(judge(schema, series.migrations, &applied)?)
}

/// Compares what the binary knows with what the database holds; what is left to apply is
/// always a suffix of what the binary knows.
fn judge<'a>(
    schema: &str,
    known: &'a [Migration],
    applied: &[Applied],
) -> Result<&'a [Migration], MigrationError> {
    let schema = schema.to_owned();
    if let Some(pair) = known.windows(2).find(|pair| pair[0].version >= pair[1].version) {
        return Err(MigrationError::Unordered { schema, name: pair[1].name.to_owned() });
    }
    for (index, done) in applied.iter().enumerate() {
        let Some(migration) = known.iter().find(|migration| migration.version == done.version)
        else {
            return Err(MigrationError::Newer { schema, name: done.name.clone() });
        };
        if migration.checksum() != done.checksum {
            return Err(MigrationError::Edited { schema, name: migration.name.to_owned() });
        }
        if known[index].version != done.version {
            let latest = applied.last().map_or_else(String::new, |last| last.name.clone());
            return Err(MigrationError::OutOfOrder {
                schema,
                name: known[index].name.to_owned(),
                latest,
            });
        }
    }
    Ok(&known[applied.len()..])
}

async fn apply(
    client: &mut Client,
    schema: &str,
    series: &str,
    migration: &Migration,
) -> Result<(), DatabaseError> {
    let failed = |source: tokio_postgres::Error| MigrationError::Failed {
        schema: schema.to_owned(),
        name: migration.name.to_owned(),
        position: position(migration.sql, &source),
        source,
    };
    let version = i32::try_from(migration.version).unwrap_or(i32::MAX);
    let checksum = migration.checksum();
    let record: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&series, &version, &migration.name, &checksum];
    if migration.sql.starts_with(WITHOUT_TRANSACTION) {
        client.batch_execute(migration.sql).await.map_err(failed)?;
        client.execute(sql::RECORD_MIGRATION, &record).await?;
    } else {
        let transaction = client.transaction().await?;
        transaction.batch_execute(migration.sql).await.map_err(failed)?;
        transaction.execute(sql::RECORD_MIGRATION, &record).await?;
        transaction.commit().await.map_err(failed)?;
    }
    tracing::info!(schema, migration = migration.name, "migration applied");
    Ok(())
}

fn position(text: &str, error: &tokio_postgres::Error) -> String {
    use tokio_postgres::error::ErrorPosition;
    match error.as_db_error().and_then(|refusal| refusal.position()) {
        Some(ErrorPosition::Original(characters)) => {
            let before = text.chars().take(*characters as usize);
            format!(" at line {}", before.filter(|character| *character == '\n').count() + 1)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration::new("001_one", "SELECT 1");
    const TWO: Migration = Migration::new("002_two", "SELECT 2");
    const THREE: Migration = Migration::new("003_three", "SELECT 3");

    fn applied(migrations: &[Migration]) -> Vec<Applied> {
        migrations
            .iter()
            .map(|migration| Applied {
                version: migration.version,
                name: migration.name.to_owned(),
                checksum: migration.checksum(),
            })
            .collect()
    }

    #[test]
    fn what_is_left_is_a_suffix() {
        let known = [ONE, TWO, THREE];
        assert_eq!(judge("s", &known, &[]).expect("fresh"), &known);
        assert_eq!(judge("s", &known, &applied(&[ONE])).expect("one done"), &[TWO, THREE]);
        assert_eq!(judge("s", &known, &applied(&known)).expect("all done"), &[]);
    }

    #[test]
    fn late_and_unordered_migrations_are_refused() {
        let late = judge("s", &[ONE, TWO, THREE], &applied(&[ONE, THREE]));
        assert!(matches!(late, Err(MigrationError::OutOfOrder { name, latest, .. })
            if name == "002_two" && latest == "003_three"));
        let unordered = judge("s", &[TWO, ONE], &[]);
        assert!(
            matches!(unordered, Err(MigrationError::Unordered { name, .. }) if name == "001_one")
        );
    }

    #[test]
    fn line_endings_do_not_change_the_checksum() {
        let unix = Migration::new("001_one", "SELECT 1;\nSELECT 2;\n");
        let windows = Migration::new("001_one", "SELECT 1;\r\nSELECT 2;\r\n");
        assert_eq!(unix.checksum(), windows.checksum());
        assert_ne!(unix.checksum(), ONE.checksum());
    }
}
