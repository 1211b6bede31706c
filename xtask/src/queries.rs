//! `cargo xtask queries`: turns `services/*/queries/*.sql` into the committed Rust of
//! `services/*/generated`, checked against a real PostgreSQL.
//!
//! Each service gets a scratch database with the tables of `platform/database/migrations`
//! and its own migrations in a schema named after it, exactly as in production. Clorinde
//! prepares every query there and writes the code; the manifest is written here, in the
//! style of the workspace and with only what the code uses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clorinde::config::{Config, TypeMapping};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::Outcome;
use crate::workspace;

/// PostgreSQL's types as `time` has them.
const TIME_TYPES: [(&str, &str); 4] = [
    ("pg_catalog.timestamptz", "time::OffsetDateTime"),
    ("pg_catalog.timestamp", "time::PrimitiveDateTime"),
    ("pg_catalog.date", "time::Date"),
    ("pg_catalog.time", "time::Time"),
];

/// Crates that generated code may name, as dependency and as path prefix.
const DEPENDENCIES: [(&str, &str); 9] = [
    ("deadpool-postgres", "deadpool_postgres::"),
    ("futures-util", "futures_util::"),
    ("postgres-protocol", "postgres_protocol::"),
    ("postgres-types", "postgres_types::"),
    ("serde", "serde::"),
    ("serde_json", "serde_json::"),
    ("time", "time::"),
    ("tokio-postgres", "tokio_postgres::"),
    ("uuid", "uuid::"),
];

/// Options of `cargo xtask queries`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Fail when the committed code differs from what would be generated; change nothing
    #[arg(long)]
    pub check: bool,
    /// Only this service
    #[arg(long)]
    pub service: Option<String>,
}

/// Runs the task.
pub fn run(arguments: &Arguments) -> Outcome {
    let runtime = Runtime::new()?;
    let server = Server::for_tests(&runtime)?;
    let mut stale = Vec::new();
    for service in services(arguments.service.as_deref())? {
        let fresh = generate(&runtime, &server, &service)
            .map_err(|error| format!("{}: {error}", service.name))?;
        let committed = read_tree(&service.generated)?;
        let changes = differences(&committed, &fresh);
        if arguments.check {
            stale
                .extend(changes.iter().map(|file| workspace::shown(&service.generated.join(file))));
        } else {
            write_tree(&service.generated, &committed, &fresh)?;
            println!("{}: {} files, {} changed", service.name, fresh.len(), changes.len());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("out of date, run `cargo xtask queries`:\n  {}", stale.join("\n  ")).into())
}

/// A service with SQL of its own.
struct Service {
    name: String,
    queries: PathBuf,
    migrations: PathBuf,
    generated: PathBuf,
}

fn services(only: Option<&str>) -> Result<Vec<Service>, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for directory in sorted(&workspace::root().join("services"))? {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let queries = directory.join("queries");
        if only.is_some_and(|only| only != name) || sql_files(&queries)?.is_empty() {
            continue;
        }
        found.push(Service {
            name,
            queries,
            migrations: directory.join("migrations"),
            generated: directory.join("generated"),
        });
    }
    match only {
        Some(only) if found.is_empty() => Err(format!("no service {only} with queries").into()),
        _ => Ok(found),
    }
}

/// Relative path and content of every file of a generated crate.
type Tree = BTreeMap<PathBuf, String>;

fn generate(
    runtime: &Runtime,
    server: &Server,
    service: &Service,
) -> Result<Tree, Box<dyn std::error::Error>> {
    let stage = workspace::root().join("target/queries").join(&service.name);
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    let database = format!("marquis_queries_{}_{}", service.name, std::process::id());
    let admin = server.connect(runtime, None)?;
    runtime.block_on(admin.batch_execute(&format!("CREATE DATABASE \"{database}\"")))?;
    let outcome = prepare(runtime, server, service, &database, &stage);
    runtime.block_on(
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")),
    )?;
    outcome?;
    tidy(&stage)?;
    fs::write(stage.join("Cargo.toml"), manifest(service, &read_tree(&stage)?))?;
    Ok(read_tree(&stage)?)
}

/// Builds the schema and lets Clorinde write into `stage`.
fn prepare(
    runtime: &Runtime,
    server: &Server,
    service: &Service,
    database: &str,
    stage: &Path,
) -> Outcome {
    let client = server.connect(runtime, Some(database))?;
    let schema = &service.name;
    runtime
        .block_on(client.batch_execute(&format!(
            "CREATE SCHEMA \"{schema}\"; SET search_path TO \"{schema}\""
        )))?;
    let platform = sql_files(&workspace::root().join("platform/database/migrations"))?;
    for file in platform.into_iter().chain(sql_files(&service.migrations)?) {
        let sql = fs::read_to_string(&file)?;
        runtime
            .block_on(client.batch_execute(&sql))
            .map_err(|error| format!("{}: {}", workspace::shown(&file), refusal(&error, &sql)))?;
    }
    let mut config = Config::builder().queries(&service.queries).destination(stage);
    for (postgres, rust) in TIME_TYPES {
        config = config.add_type_mapping(postgres, TypeMapping::Simple(rust.to_owned()));
    }
    clorinde::gen_live(&client, config.build()).map_err(|error| error.report().into())
}

/// The server's words, with the line they are about.
fn refusal(error: &tokio_postgres::Error, sql: &str) -> String {
    use tokio_postgres::error::ErrorPosition;
    let Some(refusal) = error.as_db_error() else { return error.to_string() };
    let line = match refusal.position() {
        Some(ErrorPosition::Original(at)) => {
            let before = sql.chars().take(*at as usize);
            format!("line {}: ", before.filter(|character| *character == '\n').count() + 1)
        }
        _ => String::new(),
    };
    let hint = refusal.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{line}{}{hint}", refusal.message())
}

/// Removes what only other set-ups need (the synchronous client, WebAssembly), names the
/// smaller `futures-util`, and formats as the rest of the repository.
fn tidy(stage: &Path) -> Outcome {
    for (file, text) in read_tree(stage)? {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let mut kept = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            match line.trim() {
                "#[cfg(not(any(feature = \"deadpool\", feature = \"wasm-async\")))]" => {
                    lines.next();
                }
                line if line.starts_with("#[cfg(") && line.contains("\"deadpool\"") => {}
                _ => kept.push(line),
            }
        }
        let text = kept.join("\n").replace("futures::", "futures_util::");
        fs::write(stage.join(&file), text + "\n")?;
    }
    // Twice: the first pass may shorten what the second can then join.
    for _ in 0..2 {
        let formatted = Command::new("rustfmt")
            .arg("--edition=2024")
            .arg("--config-path")
            .arg(workspace::root())
            .arg(stage.join("src/lib.rs"))
            .status()
            .map_err(|error| format!("rustfmt: {error}"))?;
        if !formatted.success() {
            return Err("rustfmt refuses the generated code".into());
        }
    }
    Ok(())
}

fn manifest(service: &Service, tree: &Tree) -> String {
    let mut text = format!(
        "# Written by `cargo xtask queries` from ../queries; do not edit.\n\
         [package]\n\
         name = \"marquis-{}-queries\"\n\
         version.workspace = true\n\
         edition.workspace = true\n\
         rust-version.workspace = true\n\
         license.workspace = true\n\
         publish.workspace = true\n\n\
         # Generated code keeps its generator's style.\n\
         [lints.rust]\n\
         warnings = \"allow\"\n\n\
         [lints.clippy]\n\
         all = \"allow\"\n\n\
         [dependencies]\n",
        service.name
    );
    for (dependency, prefix) in DEPENDENCIES {
        let module = prefix.trim_end_matches(':');
        let used = tree
            .values()
            .any(|text| text.contains(prefix) || text.contains(&format!("pub use {module};")));
        if used {
            text.push_str(&format!("{dependency}.workspace = true\n"));
        }
    }
    text
}

/// A PostgreSQL server and the right to create databases on it.
struct Server {
    config: tokio_postgres::Config,
}

impl Server {
    /// The server for tests: `MARQUIS_TEST_POSTGRES`, else one that ends with this task.
    fn for_tests(runtime: &Runtime) -> Result<Self, Box<dyn std::error::Error>> {
        let mut config: tokio_postgres::Config =
            runtime.block_on(marquis_testkit::postgres_url()).parse()?;
        config.connect_timeout(Duration::from_secs(10));
        Ok(Self { config })
    }

    fn connect(
        &self,
        runtime: &Runtime,
        database: Option<&str>,
    ) -> Result<Client, Box<dyn std::error::Error>> {
        let mut config = self.config.clone();
        if let Some(database) = database {
            config.dbname(database);
        }
        runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        })
    }
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut entries = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    entries.sort();
    Ok(entries)
}

/// The SQL files of a directory, by name, which is the order of their numbers.
fn sql_files(directory: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = sorted(directory)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    Ok(files)
}

fn read_tree(root: &Path) -> Result<Tree, std::io::Error> {
    fn visit(root: &Path, directory: &Path, tree: &mut Tree) -> Result<(), std::io::Error> {
        for path in sorted(directory)? {
            if path.is_dir() {
                visit(root, &path, tree)?;
            } else {
                let relative = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
                tree.insert(relative, fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }
    let mut tree = Tree::new();
    if root.is_dir() {
        visit(root, root, &mut tree)?;
    }
    Ok(tree)
}

/// Files that one tree has and the other has not, or has otherwise.
fn differences(committed: &Tree, fresh: &Tree) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = committed
        .keys()
        .chain(fresh.keys())
        .filter(|file| committed.get(*file) != fresh.get(*file))
        .cloned()
        .collect();
    files.sort();
    files.dedup();
    files
}

/// Writes only what changed, so that Cargo rebuilds only then.
fn write_tree(root: &Path, committed: &Tree, fresh: &Tree) -> Result<(), std::io::Error> {
    for file in differences(committed, fresh) {
        let path = root.join(&file);
        match fresh.get(&file) {
            Some(text) => {
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&path, text)?;
            }
            None => fs::remove_file(&path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_an_extra_and_a_changed_file_are_differences() {
        let tree = |files: &[(&str, &str)]| -> Tree {
            files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())).collect()
        };
        let committed = tree(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let fresh = tree(&[("b", "2"), ("c", "1"), ("d", "1")]);
        let expected: Vec<PathBuf> = ["a", "b", "d"].iter().map(PathBuf::from).collect();
        assert_eq!(differences(&committed, &fresh), expected);
    }
}
