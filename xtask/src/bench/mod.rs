//! `cargo xtask bench`: measures the release binary side by side with nginx and pgbench.
//!
//! Absolute figures say little on a shared machine, so every figure is a ratio of two that
//! were taken in turn (A, B, A, B ...) in one run on the same cores; medians are compared.
//! Both sides share those cores with the load generator. Nothing leaves the loopback.

mod chat;
mod load;
pub mod marquis;
pub mod nginx;
mod report;
pub mod servers;
mod waf;

use crate::{Outcome, workspace};
use load::{Measured, pgbench, wrk};
use marquis::{Marquis, Shape};
use nginx::{Duties, Nginx, Role};
use report::{Bar, Row};
use servers::{Postgres, resident_mebibytes};
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Another suite than requests through the gateway
    #[command(subcommand)]
    suite: Option<Suite>,
    /// Rounds of each comparison; medians are compared
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Do not build first
    #[arg(long)]
    no_build: bool,
    /// Write the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// Suites of their own.
#[derive(clap::Subcommand)]
enum Suite {
    /// Requests through the gateway with the firewall on and off, and what it keeps in memory
    Waf(waf::Arguments),
    /// Messages, idle sockets and connections beside a Node server on stock socket.io
    Chat(chat::Arguments),
}

/// What can be measured on its own.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The gateway against nginx, in front of the same upstream
    Proxy,
    /// POST /auth/me and the payments
    Services,
    /// Memory and start
    Footprint,
}

/// Builds, measures, prints the table, and fails when a bar is missed.
pub fn run(arguments: &Arguments) -> Outcome {
    match &arguments.suite {
        Some(Suite::Chat(arguments)) => return chat::run(arguments),
        Some(Suite::Waf(arguments)) => return waf::run(arguments),
        None => {}
    }
    need(
        &["wrk", "nginx", "pgbench", "psql", "curl", "openssl"],
        "wrk nginx-light postgresql postgresql-contrib curl openssl",
    )?;
    if !arguments.no_build {
        build_release()?;
    }
    let started = Instant::now();
    let bench = Bench {
        scratch: scratch()?,
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds.max(1),
    };
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let mut rows = Vec::new();
    let mut configurations = String::new();
    if wanted(Part::Proxy) {
        bench.proxy(&mut rows, &mut configurations)?;
    }
    if wanted(Part::Services) {
        bench.services(&mut rows, &mut configurations)?;
    }
    if wanted(Part::Footprint) {
        bench.footprint(&mut rows, &mut configurations)?;
    }
    fs::remove_dir_all(&bench.scratch)?;

    let table = report::table(&rows);
    println!("\nThe configurations measured (what differs from the defaults):\n{configurations}");
    println!("{table}");
    let facts = format!(
        "{}; commit {}; {} rounds of {} s each, {} connections; {} s in all.",
        report::machine(),
        report::commit(),
        bench.rounds,
        bench.seconds,
        load::CONNECTIONS,
        started.elapsed().as_secs()
    );
    println!("{facts}");
    if arguments.write {
        if !arguments.only.is_empty() {
            return Err("--write needs the whole table; leave --only out".into());
        }
        report::write_document("bench", &format!("{table}\n{facts}"))?;
        println!("written to docs/performance.md");
    }
    report::verdict(&rows)
}

fn build_release() -> Outcome {
    println!("building the release binary");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root());
    cargo.args(["build", "--release", "--locked", "--quiet", "-p", "marquis"]);
    if cargo.status()?.success() { Ok(()) } else { Err("the release binary does not build".into()) }
}

/// Fails unless all `programs` are there, naming the Debian `packages` that bring them.
fn need(programs: &[&str], packages: &str) -> Outcome {
    let missing: Vec<_> = programs
        .iter()
        .copied()
        .filter(|program| {
            let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).output();
            !found.is_ok_and(|output| output.status.success())
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(format!("missing: {missing}; on Debian: apt-get install {packages}").into())
}

/// A directory of this run on the same disk as the build, reachable for the users that
/// nginx and PostgreSQL run as.
fn scratch() -> Result<PathBuf, Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::temp_dir().join(format!("marquis-bench-{}", std::process::id()));
    fs::create_dir_all(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

struct Bench {
    scratch: PathBuf,
    rounds: u32,
    seconds: u32,
}

/// One measurement, repeatable.
type Measure<'m> = dyn FnMut(u32) -> Result<Measured, Box<dyn Error>> + 'm;

impl Bench {
    /// Takes both sides in turn, after a short run of each that nobody counts.
    fn side_by_side(
        &self,
        what: &str,
        ours: &mut Measure<'_>,
        theirs: &mut Measure<'_>,
    ) -> Result<(Vec<Measured>, Vec<Measured>), Box<dyn Error>> {
        ours(1)?;
        theirs(1)?;
        let mut taken = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            let pair = (ours(self.seconds)?, theirs(self.seconds)?);
            println!("{what}, {round}/{}: {:.0}/s, {:.0}/s", self.rounds, pair.0.rate, pair.1.rate);
            taken.0.push(pair.0);
            taken.1.push(pair.1);
        }
        Ok(taken)
    }

    fn proxy(&self, rows: &mut Vec<Row>, configurations: &mut String) -> Outcome {
        let body = r#"{"status":"ok","items":[1,2,3]}"#;
        let upstream = Nginx::start(&self.scratch, "upstream", &Role::Static(body))?;
        for (duties, title) in [(Duties::Full, "equal duties"), (Duties::Bare, "bare")] {
            let nginx_name = format!("nginx-{}", title.replace(' ', "-"));
            let ours_name = format!("gateway-{}", title.replace(' ', "-"));
            let role = Role::Proxy(upstream.port, duties);
            let nginx = Nginx::start(&self.scratch, &nginx_name, &role)?;
            let shape = Shape::Gateway(upstream.port, duties);
            let limit = Duration::from_secs(20);
            let ours = Marquis::start(&self.scratch, &ours_name, &shape, limit)?;
            show(configurations, &format!("gateway, {title}"), &ours.configuration);
            show(configurations, &format!("nginx, {title}"), &nginx.configuration);
            let ports = [
                ("plain", "http", ours.port, nginx.port),
                ("TLS", "https", ours.tls_port, nginx.tls_port),
            ];
            for (kind, scheme, our_port, their_port) in ports {
                let what = format!("proxy, {kind}, {title} / nginx");
                let url = |port| format!("{scheme}://127.0.0.1:{port}/bench");
                let (ours, theirs) = self.side_by_side(
                    &what,
                    &mut |seconds| wrk(&url(our_port), seconds, None, &[]),
                    &mut |seconds| wrk(&url(their_port), seconds, None, &[]),
                )?;
                rows.push(Row::ratio(&what, &ours, &theirs, Bar::AtLeast(1.0)));
            }
        }
        Ok(())
    }

    fn services(&self, rows: &mut Vec<Row>, configurations: &mut String) -> Outcome {
        let postgres = Postgres::start(&self.scratch)?;
        postgres.sql("postgres", "CREATE DATABASE marquis")?;
        let url = postgres.url("marquis");
        let limit = Duration::from_secs(60);
        let ours = Marquis::start(&self.scratch, "services", &Shape::Up(&url), limit)?;
        show(configurations, "services", &ours.configuration);
        let token = ours.register("bench")?;
        let api = format!("https://127.0.0.1:{}/api/v1", ours.tls_port);

        let me = ours.me(&token)?;
        let nginx = Nginx::start(&self.scratch, "nginx-static", &Role::Static(&me))?;
        let me_url = format!("{api}/auth/me");
        let static_url = format!("https://127.0.0.1:{}/", nginx.tls_port);
        let me_script = script("me.lua");
        let what = "POST /auth/me, TLS / nginx static 200, TLS";
        let (taken, compared) = self.side_by_side(
            what,
            &mut |seconds| wrk(&me_url, seconds, Some(&me_script), &[&token]),
            &mut |seconds| wrk(&static_url, seconds, None, &[]),
        )?;
        rows.push(Row::ratio(what, &taken, &compared, Bar::AtLeast(0.4)));
        drop(nginx);

        equivalent_tables(&postgres)?;
        let payments_url = format!("{api}/payments");
        let (pay, inserts) = (script("pay.lua"), script("two-inserts.sql"));
        let mut run = 0;
        let what = "POST /payments, TLS / pgbench, two inserts";
        let (taken, compared) = self.side_by_side(
            what,
            &mut |seconds| {
                run += 1;
                postgres.sql("marquis", "CHECKPOINT")?;
                wrk(&payments_url, seconds, Some(&pay), &[&token, &format!("run{run}")])
            },
            &mut |seconds| {
                postgres.sql("marquis", "CHECKPOINT")?;
                pgbench(&url, seconds, &inserts)
            },
        )?;
        rows.push(Row::ratio(what, &taken, &compared, Bar::AtLeast(0.5)));

        // A user with a page of payments, not the one that has just made a hundred thousand.
        let reader = ours.register("reader")?;
        wrk(&payments_url, 1, Some(&pay), &[&reader, "reader"])?;
        let list = script("list.lua");
        let list_url = format!("{payments_url}?limit=20");
        let mut taken = Vec::new();
        for _ in 0..self.rounds {
            taken.push(wrk(&list_url, self.seconds, Some(&list), &[&reader])?);
        }
        rows.push(Row::rate("GET /payments?limit=20, TLS", &taken));
        ours.stop();
        Ok(())
    }

    fn footprint(&self, rows: &mut Vec<Row>, configurations: &mut String) -> Outcome {
        let start = || {
            Marquis::start(&self.scratch, "footprint", &Shape::Private, Duration::from_secs(120))
        };
        // The first start makes the cluster, the keys and the certificate.
        let first = start()?;
        show(configurations, "footprint", &first.configuration);
        println!("first start: {:.2} s", first.started_in.as_secs_f64());
        first.stop();
        let mut starts = Vec::new();
        let mut memory = 0.0_f64;
        for _ in 0..self.rounds {
            let again = start()?;
            sleep(Duration::from_secs(3));
            memory = memory.max(resident_mebibytes(again.id())?);
            println!("next start: {:.2} s, {memory:.1} MiB", again.started_in.as_secs_f64());
            starts.push(again.started_in);
            again.stop();
        }
        starts.sort();
        let median = starts[starts.len() / 2].as_secs_f64();
        let what = "idle memory of `marquis up` without PostgreSQL";
        rows.push(Row::value(what, memory, "MiB", Bar::AtMost(40.0)));
        let what = "start to first 200, initialised, with PostgreSQL's";
        rows.push(Row::value(what, median, "s", Bar::AtMost(1.0)));
        Ok(())
    }
}

/// Tables for pgbench with the columns, keys and checks of the real ones.
fn equivalent_tables(postgres: &Postgres) -> Outcome {
    let find = "SELECT table_schema FROM information_schema.tables \
                WHERE table_name = 'idempotency_keys' LIMIT 1";
    let schema = postgres.sql("marquis", find)?;
    if schema.is_empty() {
        return Err("no table idempotency_keys in the database".into());
    }
    let create = format!(
        "CREATE SCHEMA bench; CREATE SEQUENCE bench.numbers; \
         CREATE TABLE bench.payments (LIKE {schema}.payments INCLUDING ALL); \
         CREATE TABLE bench.idempotency_keys (LIKE {schema}.idempotency_keys INCLUDING ALL)"
    );
    postgres.sql("marquis", &create).map(drop)
}

fn script(name: &str) -> OsString {
    workspace::root().join("xtask/bench").join(name).into_os_string()
}

fn show(configurations: &mut String, title: &str, text: &str) {
    let _ = writeln!(configurations, "---- {title}\n{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_where_it_is_looked_for() {
        for name in ["me.lua", "pay.lua", "list.lua", "get.lua", "browse.lua", "two-inserts.sql"] {
            assert!(PathBuf::from(script(name)).is_file(), "{name}");
        }
    }
}
