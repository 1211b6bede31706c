//! `cargo xtask bench chat`: Marquis beside a minimal chat on stock `socket.io` and `pg`
//! (tests/realtime/baseline.js), in one run, on one PostgreSQL, with the same people, tokens
//! and load. Both are spoken to over plain WebSockets; ours passes its gateway on the way.
//!
//! Three measurements: pairs that talk, taken in turn; the memory of idle sockets; and
//! resident memory while connections come and go.

mod load;
mod people;
mod socket;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::load::Measured;
use super::marquis::{Marquis, Shape};
use super::report::{self, Bar, Row};
use super::servers::{Postgres, Server, free_port, resident_mebibytes};
use super::{build_release, need, scratch};
use crate::{Outcome, workspace};
use load::Talk;
use people::Person;

/// Options of `cargo xtask bench chat`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Rounds of the pairs that talk; medians are compared
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each round
    #[arg(long, default_value_t = 6)]
    seconds: u32,
    /// Sockets of the pairs that talk, two for each pair
    #[arg(long, default_value_t = 500)]
    sockets: usize,
    /// Idle sockets whose memory is measured, each of a person of their own
    #[arg(long, default_value_t = 5_000)]
    idle: usize,
    /// Connections that come and go; every other one without a farewell
    #[arg(long, default_value_t = 50_000)]
    cycles: usize,
    /// Do not build first
    #[arg(long)]
    no_build: bool,
    /// Write the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// How long the memory of idle sockets is left to settle.
const SETTLING: Duration = Duration::from_secs(5);
/// Connections to the database that the compared server may use: what ours has for its chat.
const POOL: u32 = 16;

/// Measures, prints the table, and fails when a bar is missed.
pub fn run(arguments: &Arguments) -> Outcome {
    if cfg!(debug_assertions) {
        // Unoptimised, the load would be measured and not the servers.
        let mut again = Command::new("cargo");
        again.args(["run", "--locked", "--quiet", "--profile", "tools", "-p", "xtask", "--"]);
        again.args(std::env::args_os().skip(1)).current_dir(workspace::root());
        let ended = again.status()?;
        return if ended.success() { Ok(()) } else { Err("see above".into()) };
    }
    need(&["node", "npm", "python3", "psql"], "nodejs npm python3-venv postgresql")?;
    if !arguments.no_build {
        build_release()?;
    }
    let started = Instant::now();
    let bench = Bench::start(arguments)?;
    let mut rows = Vec::new();
    bench.talk(&mut rows)?;
    bench.idle(&mut rows)?;
    bench.cycles(&mut rows)?;
    let Bench { scratch, postgres, .. } = bench;
    drop(postgres);
    fs::remove_dir_all(scratch)?;

    let table = report::table(&rows);
    println!("\n{table}");
    let facts = format!(
        "{}; {}; commit {}; {} rounds of {} s, {} sockets, {} messages in flight; {} s in all.",
        report::machine(),
        versions()?,
        report::commit(),
        arguments.rounds,
        arguments.seconds,
        arguments.sockets,
        load::IN_FLIGHT,
        started.elapsed().as_secs()
    );
    println!("{facts}");
    if arguments.write {
        report::write_document("bench chat", &format!("{table}\n{facts}"))?;
        println!("written to docs/performance.md");
    }
    report::verdict(&rows)
}

struct Bench<'a> {
    arguments: &'a Arguments,
    scratch: PathBuf,
    postgres: Postgres,
    node_modules: PathBuf,
    people: Vec<Person>,
    keys: serde_json::Value,
}

impl<'a> Bench<'a> {
    fn start(arguments: &'a Arguments) -> Result<Self, Box<dyn Error>> {
        let node_modules = install()?;
        let scratch = scratch()?;
        let postgres = Postgres::start(&scratch)?;
        for database in ["marquis", "baseline"] {
            postgres.sql("postgres", &format!("CREATE DATABASE {database}"))?;
        }
        let mut bench = Self {
            arguments,
            scratch,
            postgres,
            node_modules,
            people: Vec::new(),
            keys: serde_json::Value::Null,
        };
        let count = arguments.sockets.max(arguments.idle);
        println!("registering {count} people");
        let ours = bench.ours()?;
        let port = ours.port;
        (bench.people, bench.keys) = load::run(async {
            Ok((people::register(port, "bench", count).await?, people::keys(port).await?))
        })?;
        println!("the configuration measured:\n{}", ours.configuration);
        ours.stop();
        Ok(bench)
    }

    /// Always the same installation, started anew.
    fn ours(&self) -> Result<Marquis, Box<dyn Error>> {
        let url = self.postgres.url("marquis");
        Marquis::start(&self.scratch, "marquis", &Shape::Chat(&url), Duration::from_secs(60))
    }

    fn theirs(&self) -> Result<Baseline, Box<dyn Error>> {
        let port = free_port()?;
        let settings = serde_json::json!({
            "port": port, "database": self.postgres.url("baseline"), "pool": POOL,
            "jwks": self.keys,
        });
        let mut node = Command::new("node");
        node.arg("--expose-gc").arg(sources().join("baseline.js")).arg(settings.to_string());
        node.env("NODE_PATH", &self.node_modules).env("NODE_ENV", "production");
        let log = self.scratch.join("baseline.log");
        let mut server = Server::start(&mut node, &log, "-TERM")?;
        server
            .await_ok(port, "/health", Duration::from_secs(30))
            .map_err(|error| format!("baseline.js: {error}; see {}", log.display()))?;
        Ok(Baseline { server, port })
    }

    fn talk(&self, rows: &mut Vec<Row>) -> Outcome {
        let (ours, theirs) = (self.ours()?, self.theirs()?);
        let people = &self.people[..self.arguments.sockets];
        let measure = |database: &str, port, seconds| -> Result<Talk, Box<dyn Error>> {
            self.postgres.sql(database, "CHECKPOINT")?;
            load::next_run();
            load::run(load::talk(port, people, seconds))
        };
        measure("marquis", ours.port, 1)?;
        measure("baseline", theirs.port, 1)?;
        let mut taken = (Vec::new(), Vec::new());
        for round in 1..=self.arguments.rounds.max(1) {
            let pair = (
                measure("marquis", ours.port, self.arguments.seconds)?,
                measure("baseline", theirs.port, self.arguments.seconds)?,
            );
            println!("messages, {round}: ours {:?}\n             theirs {:?}", pair.0, pair.1);
            taken.0.push(pair.0);
            taken.1.push(pair.1);
        }
        let rates = |talks: &[Talk]| -> Vec<Measured> {
            talks.iter().map(|talk| Measured { rate: talk.rate, p99: None }).collect()
        };
        let what = "messages a second, saved and delivered / socket.io";
        rows.push(Row::ratio(what, &rates(&taken.0), &rates(&taken.1), Bar::AtLeast(4.0)));
        for kind in ["acknowledgement", "delivery"] {
            let middle = |talks: &[Talk], which: usize| {
                let of = |talk: &Talk| if kind == "delivery" { talk.delivery } else { talk.ack };
                let mut times: Vec<f64> = talks.iter().map(|talk| of(talk)[which]).collect();
                times.sort_by(f64::total_cmp);
                times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
            };
            let shown = |talks: &[Talk]| {
                format!("p50 {:.1} ms, p99 {:.1} ms", middle(talks, 0), middle(talks, 1))
            };
            let figure = middle(&taken.0, 1) / middle(&taken.1, 1);
            rows.push(Row {
                what: format!("{kind} of a message / socket.io (p99)"),
                ours: shown(&taken.0),
                theirs: shown(&taken.1),
                figure,
                shown: format!("{figure:.2}"),
                bar: Bar::None,
            });
        }
        ours.stop();
        Ok(())
    }

    fn idle(&self, rows: &mut Vec<Row>) -> Outcome {
        let people = &self.people[..self.arguments.idle];
        let ours = self.ours()?;
        let mine = memory_per_socket(ours.id(), ours.port, people, || Ok(()))?;
        ours.stop();
        let theirs = self.theirs()?;
        let other = memory_per_socket(theirs.server.id(), theirs.port, people, || {
            theirs.collect_garbage()
        })?;
        let figure = mine / other;
        rows.push(Row {
            what: format!("memory of an idle socket, of {} / socket.io", people.len()),
            ours: format!("{mine:.1} KiB"),
            theirs: format!("{other:.1} KiB"),
            figure,
            shown: format!("{figure:.2}"),
            bar: Bar::AtMost(0.33),
        });
        Ok(())
    }

    fn cycles(&self, rows: &mut Vec<Row>) -> Outcome {
        let ours = self.ours()?;
        let people = &self.people[..self.arguments.sockets];
        let step = (self.arguments.cycles / 10).max(1);
        let mut memory = Vec::new();
        for round in 1..=10 {
            load::run(load::come_and_go(ours.port, people, step))?;
            std::thread::sleep(Duration::from_secs(1));
            memory.push(resident_mebibytes(ours.id())?);
            println!("after {} connections: {:.1} MiB", round * step, memory[round - 1]);
        }
        ours.stop();
        // The first fifth fills caches and arenas.
        let (first, last) = (memory[1], memory[9]);
        rows.push(Row {
            what: format!("resident memory, {} connections / {}", 10 * step, 2 * step),
            ours: format!("{last:.1} MiB"),
            theirs: format!("{first:.1} MiB"),
            figure: last / first,
            shown: format!("{:.2}", last / first),
            bar: Bar::AtMost(1.05),
        });
        Ok(())
    }
}

/// KiB that each of so many idle sockets adds, beyond what the first few hundred brought.
fn memory_per_socket(
    pid: u32,
    port: u16,
    people: &[Person],
    tidy: impl Fn() -> Outcome,
) -> Result<f64, Box<dyn Error>> {
    let (warm, rest) = people.split_at(people.len() / 10);
    let taken = load::run(async {
        let warm = load::sit(load::connect_all(port, warm).await?, SETTLING).await?;
        tidy()?;
        let before = resident_mebibytes(pid)?;
        let mut sockets = load::connect_all(port, rest).await?;
        sockets.extend(warm);
        let sockets = load::sit(sockets, SETTLING).await?;
        tidy()?;
        let sockets = load::sit(sockets, Duration::from_secs(1)).await?;
        let after = resident_mebibytes(pid)?;
        println!("{} idle sockets: {before:.1} MiB, then {after:.1} MiB", sockets.len());
        Ok(after - before)
    })?;
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let sockets = rest.len() as f64;
    Ok(taken * 1024.0 / sockets)
}

/// The server compared with.
struct Baseline {
    server: Server,
    port: u16,
}

impl Baseline {
    /// Its memory is counted without what it has merely not yet given back.
    fn collect_garbage(&self) -> Outcome {
        let sent = Command::new("kill").args(["-USR2", &self.server.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { Err("baseline.js is gone".into()) }
    }
}

fn sources() -> PathBuf {
    workspace::root().join("tests/realtime")
}

/// Installs the packages of the lock file; where they are.
fn install() -> Result<PathBuf, Box<dyn Error>> {
    let mut command = Command::new(sources().join("install.sh"));
    let installed = super::load::output(&mut command)?;
    let node_modules = installed.lines().next().ok_or("install.sh said nothing")?;
    Ok(Path::new(node_modules).to_owned())
}

fn versions() -> Result<String, Box<dyn Error>> {
    let node = super::load::output(Command::new("node").arg("--version"))?;
    let package = fs::read_to_string(sources().join("package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package)?;
    let version = |name| package["dependencies"][name].as_str().unwrap_or("?").to_owned();
    Ok(format!("node {}, socket.io {}, pg {}", node.trim(), version("socket.io"), version("pg")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use marquis_testkit::postgres_url;
    use tokio_postgres::NoTls;

    /// Prints a key set and twenty people with tokens under it.
    const PEOPLE: &str = r#"
        const crypto = require("node:crypto");
        const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
        const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const person = () => {
            const id = crypto.randomUUID();
            const signed = `${encode({ kid: "k" })}.${encode({ sub: id, exp: Date.now() / 1e3 + 600 })}`;
            const signature = crypto.sign(null, Buffer.from(signed), privateKey);
            return { id, token: `${signed}.${signature.toString("base64url")}` };
        };
        const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "k" }];
        console.log(JSON.stringify({ jwks: { keys }, people: Array.from({ length: 20 }, person) }));
    "#;

    async fn sql(url: &str, statement: &str) -> i64 {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL");
        tokio::spawn(connection);
        let rows = client.simple_query(statement).await.expect("it runs");
        let first = rows.iter().find_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        first.unwrap_or_default()
    }

    /// The load is what it says: what is counted is saved, and strangers are refused.
    #[test]
    fn the_load_reaches_the_database_of_the_compared_server() {
        let made = super::super::load::output(Command::new("node").args(["-e", PEOPLE]));
        let made: serde_json::Value = serde_json::from_str(&made.expect("node")).expect("JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let people: Vec<Person> = made["people"]
            .as_array()
            .expect("people")
            .iter()
            .map(|person| Person { id: text(&person["id"]), token: text(&person["token"]).into() })
            .collect();
        let name = format!("marquis_xtask_chat_{}", std::process::id());
        let outcome = load::run(async {
            let admin = postgres_url().await;
            sql(&admin, &format!("CREATE DATABASE {name}")).await;
            let (server, _) = admin.rsplit_once('/').expect("a database");
            let url = format!("{server}/{name}");
            let log = std::env::temp_dir().join(format!("{name}.log"));
            let port = free_port()?;
            let settings = serde_json::json!({
                "port": port, "database": url, "pool": 4, "jwks": made["jwks"],
            });
            let mut node = Command::new("node");
            node.arg(sources().join("baseline.js")).arg(settings.to_string());
            node.env("NODE_PATH", install()?);
            let mut server = Server::start(&mut node, &log, "-TERM")?;
            server.await_ok(port, "/health", Duration::from_secs(30))?;

            let talk = load::talk(port, &people, 1).await?;
            assert!(talk.rate > 0.0 && talk.ack[0] > 0.0 && talk.delivery[1] >= talk.ack[0]);
            let saved = sql(&url, "SELECT count(*) FROM baseline.messages").await;
            assert!(saved as f64 >= talk.rate, "{saved} saved, {} a second counted", talk.rate);
            load::sit(load::connect_all(port, &people).await?, Duration::from_millis(10)).await?;
            load::come_and_go(port, &people, 40).await?;
            let stranger = [Person { id: people[0].id.clone(), token: "a.b.c".into() }];
            assert!(load::connect_all(port, &stranger).await.is_err(), "a token of nobody");

            drop(server);
            sql(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            fs::remove_file(log)?;
            Ok(())
        });
        outcome.expect("a run");
    }
}
