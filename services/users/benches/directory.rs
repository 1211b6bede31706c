//! How quick the directory is among a million people: 32 clients on connections of their
//! own ask for pages, beginnings and parts of names, and addresses, over HTTP.
//!
//! `cargo bench -p marquis-users --bench directory -- --people 1000000 --pool 4`.
//! Without `--bench` (when `cargo test` builds everything) it does nothing.

#![expect(clippy::print_stdout, reason = "a measurement is for reading")]

#[path = "../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod harness;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::App;
use marquis_http::server::{ServerLimits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const GENERATE: &str = include_str!("../tests/people.sql");
const CONNECTIONS: u64 = 32;
const SECONDS: u64 = 20;
const SURNAMES: [&str; 8] =
    ["anderson", "costa", "fischer", "ivanov", "johnson", "okafor", "tanaka", "volkov"];
const NAMES: [&str; 8] = ["anna", "boris", "chen", "farid", "julia", "nikita", "quinn", "sofia"];

/// A sequence that is the same in every run (Marsaglia, "Xorshift RNGs", 2003).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        let at = self.below(texts.len() as u64);
        texts[usize::try_from(at).unwrap_or(0)]
    }
}

/// What kind of request, and its query.
fn request(sequence: &mut Sequence, people: u64) -> (&'static str, String) {
    match sequence.below(100) {
        0..25 => ("page", format!("limit=20&offset={}", sequence.below(50) * 20)),
        25..35 => ("online page", format!("isOnline=true&offset={}", sequence.below(20) * 20)),
        35..45 => ("two letters", format!("search={}", &sequence.of(&NAMES)[..2])),
        45..55 => ("name", format!("search={}", sequence.of(&NAMES))),
        55..65 => ("surname", format!("search={}", sequence.of(&SURNAMES))),
        65..85 => {
            let number = sequence.below(people);
            ("one person", format!("search={}{number}", sequence.of(&SURNAMES)))
        }
        85..93 => ("four digits", format!("search={}", 1_000 + sequence.below(9_000))),
        _ => ("address", format!("search=p{}@example.org", sequence.below(people))),
    }
}

async fn client(
    address: std::net::SocketAddr,
    authorization: String,
    seed: u64,
    people: u64,
    until: Instant,
) -> Vec<(&'static str, Duration)> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.set_nodelay(true).expect("sets");
    let mut sequence = Sequence(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (mut taken, mut buffer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let (kind, query) = request(&mut sequence, people);
        let head = format!(
            "GET /users?{query} HTTP/1.1\r\nhost: bench\r\nauthorization: {authorization}\r\n\r\n"
        );
        let started = Instant::now();
        stream.write_all(head.as_bytes()).await.expect("writes");
        buffer.clear();
        loop {
            let read = stream.read_buf(&mut buffer).await.expect("reads");
            assert_ne!(read, 0, "the server hung up");
            if is_complete(&buffer) {
                break;
            }
        }
        taken.push((kind, started.elapsed()));
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer));
    }
    taken
}

fn is_complete(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.expect("a length").trim().parse().expect("a number");
    answer.len() == end + 4 + length
}

fn percentile(sorted: &[Duration], share: usize) -> f64 {
    let at = (sorted.len() * share / 1_000).min(sorted.len() - 1);
    sorted[at].as_secs_f64() * 1_000.0
}

fn report(kind: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    println!(
        "{kind:12} {:8} requests  p50 {:6.2} ms  p99 {:6.2} ms  longest {:6.2} ms",
        taken.len(),
        percentile(&taken, 500),
        percentile(&taken, 990),
        percentile(&taken, 1_000),
    );
}

/// Processor time that a process has used, in milliseconds (proc(5): hundredths of a second).
fn processor_time(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
}

/// Processor time of the server's sessions on this database.
async fn sessions_time(tables: &marquis_database::tokio_postgres::Client) -> f64 {
    let sessions = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database()";
    let sessions = tables.query(sessions, &[]).await.expect("sessions");
    sessions.iter().map(|row| processor_time(row.get(0))).sum()
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let given = |name: &str| {
        let value = arguments.iter().skip_while(|argument| *argument != name).nth(1);
        value.map(|value| value.parse::<u32>().expect("a number"))
    };
    let people = u64::from(given("--people").unwrap_or(1_000_000));

    let app = App::start_sized(harness::keyring(), given("--pool")).await;
    let tables = app.tables().await;
    let began = Instant::now();
    // An index is made faster of all rows than row by row.
    let index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'people_by_part_of_name'";
    let index: String = tables.query_one(index, &[]).await.expect("an index").get(0);
    tables.batch_execute("DROP INDEX people_by_part_of_name").await.expect("dropped");
    let statements = GENERATE.replace(":people", &people.to_string());
    for (place, statement) in statements.split_inclusive(';').enumerate() {
        if place == 2 {
            tables.batch_execute(&index).await.expect("an index");
        }
        tables.batch_execute(statement).await.expect(statement);
    }
    println!("{people} people in {:.0} s", began.elapsed().as_secs_f64());

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let serving =
        tokio::spawn(serve(listener, app.router.clone(), ServerLimits::default(), stop.clone()));
    let viewer = app.known("viewer").await.authorization();
    for (name, seconds) in [("warm-up", 5), ("measured", SECONDS)] {
        let until = Instant::now() + Duration::from_secs(seconds);
        let before = (processor_time("self"), sessions_time(&tables).await);
        let clients: Vec<_> = (1..=CONNECTIONS)
            .map(|seed| tokio::spawn(client(address, viewer.clone(), seed, people, until)))
            .collect();
        let mut by_kind: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let mut all = Vec::new();
        for client in clients {
            for (kind, taken) in client.await.expect("a client") {
                by_kind.entry(kind).or_default().push(taken);
                all.push(taken);
            }
        }
        if name == "measured" {
            let count = all.len() as f64;
            println!("{CONNECTIONS} connections, {} requests/s", all.len() as u64 / seconds);
            println!(
                "processor time of a request: {:.2} ms here (clients included), {:.2} ms in PostgreSQL",
                (processor_time("self") - before.0) / count,
                (sessions_time(&tables).await - before.1) / count,
            );
            by_kind.into_iter().for_each(|(kind, taken)| report(kind, taken));
            report("all", all);
        }
    }
    stop.cancel();
    serving.await.expect("ends").expect("serves");
}
